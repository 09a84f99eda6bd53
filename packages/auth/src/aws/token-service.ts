import { signAws } from "@sluice/ai/endpoints/bedrock"
import { ask } from "../http.ts"
import { awsError } from "./errors.ts"
import { momentOf } from "./fields.ts"
import { hostIn } from "./region.ts"
import type { AwsContext, AwsKeys } from "./types.ts"

const TIMEOUT_MS = 10_000
const VERSION = "2011-06-15"

/**
 * Refusals that the service gives with status 400 though another try can help.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
const PASSING = /^(?:Throttl|RequestLimitExceeded|TooManyRequests|IDPCommunicationError)/

/** A role to be taken on. */
export interface Role {
  arn: string
  sessionName?: string | undefined
  externalId?: string | undefined
  durationSeconds?: string | undefined
  region: string
  /** Who names it, for people: `profile dev`. */
  origin: string
}

/** Keys of a role, asked for with other keys. @throws SluiceError `auth_invalid`, `auth_expired`, `network` */
export async function assumeRole(role: Role, keys: AwsKeys, context: AwsContext): Promise<AwsKeys> {
  const form = formOf("AssumeRole", role, context)
  if (role.externalId !== undefined) form.set("ExternalId", role.externalId)
  const { accessKeyId, secretAccessKey, sessionToken } = keys
  const signed = await signAws(
    { method: "POST", url: urlOf(role, context), headers: FORM, body: form.toString() },
    { kind: "aws", id: "role", accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    { service: "sts", region: role.region, now: context.now() },
  )
  return await keysFrom(role, form, signed.headers as Record<string, string>, context)
}

/** Keys of a role, asked for with a token of another identity. @throws SluiceError `auth_invalid`, `auth_expired`, `network` */
export async function assumeRoleWithToken(role: Role, token: string, context: AwsContext): Promise<AwsKeys> {
  const form = formOf("AssumeRoleWithWebIdentity", role, context)
  form.set("WebIdentityToken", token)
  return await keysFrom(role, form, FORM, context)
}

const FORM: Readonly<Record<string, string>> = {
  "content-type": "application/x-www-form-urlencoded; charset=utf-8",
  accept: "application/xml",
}

function formOf(action: string, role: Role, { now }: AwsContext): URLSearchParams {
  const form = new URLSearchParams({
    Action: action,
    Version: VERSION,
    RoleArn: role.arn,
    RoleSessionName: role.sessionName || `sluice-${now()}`,
  })
  if (role.durationSeconds) form.set("DurationSeconds", role.durationSeconds)
  return form
}

function urlOf({ region }: Role, { env }: AwsContext): string {
  const own = env("AWS_ENDPOINT_URL_STS")?.trim()
  if (own) return `${own.replace(/\/+$/, "")}/`
  return `https://sts.${hostIn(region)}/`
}

async function keysFrom(
  role: Role,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  context: AwsContext,
): Promise<AwsKeys> {
  const { status, text } = await ask(context.fetch, {
    what: "AWS's token service",
    url: urlOf(role, context),
    init: { method: "POST", headers, body: form.toString(), signal: context.signal },
    timeoutMs: TIMEOUT_MS,
  })
  if (status !== 200) {
    const code = element(text, "Code") ?? String(status)
    const expired = /expired/i.test(code)
    throw awsError({
      code: expired ? "auth_expired" : code === "AccessDenied" ? "permission_denied" : "auth_invalid",
      status: PASSING.test(code) ? 429 : status,
      message: `The role of ${role.origin} was refused (${code}): ${element(text, "Message") ?? "no details were given"}`,
      hint: PASSING.test(code)
        ? "Try again in a moment."
        : expired
          ? "Get new keys or a new token for whoever takes on the role."
          : "Check the role's name, who it trusts, and the keys it is asked for with.",
    })
  }
  const accessKeyId = element(text, "AccessKeyId")
  const secretAccessKey = element(text, "SecretAccessKey")
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw awsError({
      message: `The answer about the role of ${role.origin} holds no keys.`,
      hint: "Check AWS_ENDPOINT_URL_STS.",
    })
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: element(text, "SessionToken"),
    expiresAt: momentOf(element(text, "Expiration")),
    origin: role.origin,
  }
}

/** The text of an element of the service's plain XML. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.trim().replace(/&(lt|gt|quot|apos|amp);/g, (_all, entity: string) => ENTITIES[entity] as string)
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" }
