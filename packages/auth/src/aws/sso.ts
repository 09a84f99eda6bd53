import { ask } from "../http.ts"
import type { ConfigFiles, Section } from "./config-files.ts"
import { awsError } from "./errors.ts"
import { hostIn } from "./region.ts"
import { objectOf, textOf } from "./fields.ts"
import { loginOver, ssoToken } from "./sso-login.ts"
import type { AwsContext, AwsKeys } from "./types.ts"

const TIMEOUT_MS = 10_000

/** Whether a profile's keys come from a login in the browser. */
export function isSso(profile: Section): boolean {
  return "sso_account_id" in profile || "sso_session" in profile || "sso_start_url" in profile
}

/**
 * Keys from the login of `aws sso login`, whose token lies in a file.
 * @throws SluiceError `config` for an incomplete profile, `auth_expired` where the login is over and cannot be renewed, `network` or `timeout`
 * where the portal gives no answer
 */
export async function ssoKeys(
  name: string,
  profile: Section,
  files: ConfigFiles,
  context: AwsContext,
): Promise<AwsKeys> {
  const session = profile["sso_session"]
  const settings = { ...(session === undefined ? {} : files.ssoSessions.get(session)), ...profile }
  const { sso_start_url: startUrl, sso_region: region, sso_account_id: account, sso_role_name: role } = settings
  if (!startUrl || !region || !account || !role) {
    throw awsError({
      code: "config",
      message: `The profile ${name} lacks sso_start_url, sso_region, sso_account_id or sso_role_name.`,
      hint: "Run `aws configure sso`.",
    })
  }
  const token = await ssoToken({ profile: name, key: session ?? startUrl, startUrl, region }, context)
  const base = context.env("AWS_ENDPOINT_URL_SSO")?.trim().replace(/\/+$/, "") || `https://portal.sso.${hostIn(region)}`
  const query = new URLSearchParams({ account_id: account, role_name: role })
  const { status, text } = await ask(context.fetch, {
    what: "AWS's login portal",
    url: `${base}/federation/credentials?${query}`,
    init: { headers: { "x-amz-sso_bearer_token": token, accept: "application/json" }, signal: context.signal },
    timeoutMs: TIMEOUT_MS,
  })
  const body = objectOf(text)
  if (status === 401) throw loginOver(name, "was refused")
  const given = body?.["roleCredentials"]
  const keys = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {}
  const accessKeyId = textOf(keys["accessKeyId"])
  const secretAccessKey = textOf(keys["secretAccessKey"])
  if (status !== 200 || accessKeyId === undefined || secretAccessKey === undefined) {
    throw awsError({
      code: status === 403 ? "permission_denied" : "auth_invalid",
      status,
      message: `The login of profile ${name} gives no keys for the role ${role}: ${textOf(body?.["message"]) ?? `status ${status}`}`,
      hint: "Check sso_account_id and sso_role_name.",
    })
  }
  const { expiration } = keys
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: textOf(keys["sessionToken"]),
    expiresAt: typeof expiration === "number" ? expiration : undefined,
    origin: `login of profile ${name}`,
  }
}
