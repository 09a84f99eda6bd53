import { createHash } from "node:crypto"
import { join } from "node:path"
import { SluiceError } from "@sluice/ai"
import { ask } from "../http.ts"
import { awsError } from "./errors.ts"
import { momentOf, objectOf, textOf } from "./fields.ts"
import { hostIn } from "./region.ts"
import type { AwsContext, KeptLogin } from "./types.ts"

const TIMEOUT_MS = 10_000
/** A token is renewed so long before its end, as AWS's own tools do. */
const RENEW_MS = 300_000
/** Refusals that come with status 400 though another try can help. */
const PASSING = new Set(["slow_down", "temporarily_unavailable", "server_error"])

/** Which login is meant. */
export interface SsoLogin {
  /** The profile, for people. */
  profile: string
  /** Name of the session, else the start page: the login's file is called by it. */
  key: string
  startUrl: string
  /** Of the directory that the login is with. */
  region: string
}

/**
 * The token of a login that `aws sso login` made. One that ends soon is renewed with the registration of the client that
 * lies beside it, and written back for AWS's own tools. Where that fails for now, the token is used to its end.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
 * @throws SluiceError `auth_expired` where there is no login, or one that is over and cannot be renewed; `network`,
 * `timeout` and the like where it is over and the service that renews it does not answer
 */
export async function ssoToken(login: SsoLogin, context: AwsContext): Promise<string> {
  const kept = await keptLogin(login, context)
  const token = textOf(kept?.fields["accessToken"])
  if (!kept || token === undefined) throw loginOver(login.profile, "is not there")
  const left = timeLeft(kept, context)
  if (left > RENEW_MS) return token
  try {
    const renewed = await renew(kept, login, context)
    if (renewed !== undefined) return renewed
  } catch (thrown) {
    if (left <= 0 || context.signal.aborted || !SluiceError.is(thrown)) throw thrown
  }
  if (left > 0) return token
  throw loginOver(login.profile, "is over")
}

/** A login that does not help any more, and how to get another one. */
export function loginOver(profile: string, what: string): Error {
  return awsError({
    code: "auth_expired",
    message: `The AWS login of profile ${profile} ${what}.`,
    hint: `Run \`aws sso login --profile ${profile}\`.`,
  })
}

/** The login by the name of its file, else in whichever file is of the same start page and lasts longest. */
async function keptLogin({ key, startUrl }: SsoLogin, context: AwsContext): Promise<KeptLogin | undefined> {
  const folder = join(context.home, ".aws", "sso", "cache")
  const named = await readLogin(join(folder, `${createHash("sha1").update(key).digest("hex")}.json`), context)
  if (named) return named
  let longest: KeptLogin | undefined
  for (const file of await context.listFolder(folder)) {
    const kept = file.endsWith(".json") ? await readLogin(join(folder, file), context) : undefined
    if (kept?.fields["startUrl"] !== startUrl) continue
    if (!longest || timeLeft(kept, context) > timeLeft(longest, context)) longest = kept
  }
  return longest
}

async function readLogin(path: string, context: AwsContext): Promise<KeptLogin | undefined> {
  const fields = objectOf((await context.readFile(path)) ?? "")
  const written = fields && textOf(fields["accessToken"]) !== undefined ? { path, fields } : undefined
  const unwritten = context.logins.get(path)
  if (!unwritten || (written && timeLeft(written, context) > timeLeft(unwritten, context))) return written
  return unwritten
}

/** Milliseconds that a token is still good for. One whose end is not known is taken for good. */
function timeLeft({ fields }: KeptLogin, { now }: AwsContext): number {
  return (momentOf(fields["expiresAt"]) ?? Number.POSITIVE_INFINITY) - now()
}

/** Another token for one that ends; `undefined` where nothing to renew it with is there, or it is refused. */
async function renew(kept: KeptLogin, login: SsoLogin, context: AwsContext): Promise<string | undefined> {
  const { env, now, signal } = context
  const [clientId, clientSecret, refreshToken] = ["clientId", "clientSecret", "refreshToken"].map((name) =>
    textOf(kept.fields[name]),
  )
  const registeredUntil = momentOf(kept.fields["registrationExpiresAt"]) ?? Number.POSITIVE_INFINITY
  if (!clientId || !clientSecret || !refreshToken || registeredUntil <= now()) return undefined
  const base = env("AWS_ENDPOINT_URL_SSO_OIDC")?.trim().replace(/\/+$/, "") || `https://oidc.${hostIn(login.region)}`
  const { status, body } = await ask(context.fetch, {
    what: "AWS's service for logins",
    url: `${base}/token`,
    init: {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ clientId, clientSecret, grantType: "refresh_token", refreshToken }),
      signal,
    },
    timeoutMs: TIMEOUT_MS,
  })
  const given = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {}
  const accessToken = textOf(given["accessToken"])
  const { expiresIn } = given
  if (status === 200 && accessToken !== undefined && typeof expiresIn === "number") {
    await keep(
      {
        path: kept.path,
        fields: {
          ...kept.fields,
          accessToken,
          // To the second, as AWS's own tools write it.
          expiresAt: new Date(now() + expiresIn * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
          refreshToken: textOf(given["refreshToken"]) ?? refreshToken,
        },
      },
      context,
    )
    return accessToken
  }
  const reason = textOf(given["error"])
  if (status === 429 || status >= 500 || (reason !== undefined && PASSING.has(reason))) {
    throw awsError({
      status: status >= 500 ? status : 429,
      message: `The AWS login of profile ${login.profile} could not be renewed just now: ${reason ?? `status ${status}`}.`,
      hint: "Try again in a moment.",
    })
  }
  return await renewedByAnother(kept, context)
}

/** What renews a login may be good once only: who comes second is refused, and finds what the first one wrote. */
async function renewedByAnother(kept: KeptLogin, context: AwsContext): Promise<string | undefined> {
  const again = await readLogin(kept.path, context)
  if (!again || again.fields["accessToken"] === kept.fields["accessToken"] || timeLeft(again, context) <= 0) {
    return undefined
  }
  return textOf(again.fields["accessToken"])
}

async function keep(login: KeptLogin, { logins, writeFile }: AwsContext): Promise<void> {
  try {
    await writeFile(login.path, JSON.stringify(login.fields, null, 2))
    logins.delete(login.path)
  } catch {
    logins.set(login.path, login)
  }
}
