import { SluiceError } from "@sluice/ai"
import { type Answer, ask } from "../http.ts"
import { signedAssertion } from "./assertion.ts"
import type { PersonFile, ServiceAccountFile } from "./credentials-file.ts"
import { begin, factsOf, isRecord, refusal, textIn, tokenRefusal } from "./failures.ts"
import type { FederationFile } from "./federation-file.ts"
import { subjectToken } from "./subject-token.ts"
import type { Surroundings } from "./surroundings.ts"

/** What a token of Google's clouds is for. Source: Google's list of OAuth scopes. */
const CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

const JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
const EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
const TOKEN_HOST = "Google's token endpoint"
const EXCHANGE_HOST = "Google's exchange of tokens"
const METADATA = "the machine's metadata"
const FORM_TYPE = "application/x-www-form-urlencoded"

/** A bearer token and its end, in milliseconds since 1970. */
export interface GoogleToken {
  secret: string
  expiresAt: number
}

/** A login's refresh token and the OAuth client that it was made with. */
export type RefreshGrant = Pick<PersonFile, "clientId" | "clientSecret" | "refreshToken">

/** What a refresh gives: a token, and another refresh token where the old one is no longer good. */
export interface Refreshed extends GoogleToken {
  refreshToken?: string
}

/** A token for a login. @throws SluiceError `auth_expired` when the login is no longer good */
export async function refreshGrant(
  { fetch, now, hosts }: Surroundings,
  grant: RefreshGrant,
  hint: string,
  signal: AbortSignal,
): Promise<Refreshed> {
  const form = {
    grant_type: "refresh_token",
    client_id: grant.clientId,
    client_secret: grant.clientSecret,
    refresh_token: grant.refreshToken,
  }
  const answer = await post(fetch, hosts.token, form, signal)
  const token = readToken(answer, { what: TOKEN_HOST, now: now(), hint })
  const refreshToken = isRecord(answer.body) ? textIn(answer.body, "refresh_token") : undefined
  return refreshToken === undefined ? token : { ...token, refreshToken }
}

/**
 * A token for a service account. Source: RFC 7523 and Google's pages on OAuth 2.0 for server-to-server applications.
 *
 * @throws SluiceError `auth_expired` when the key is no longer good
 */
export async function assertionGrant(
  { fetch, now, hosts }: Surroundings,
  account: ServiceAccountFile,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const assertion = signedAssertion(account, { scope: CLOUD_SCOPE, audience: hosts.token, now: now() })
  const answer = await post(fetch, hosts.token, { grant_type: JWT_GRANT, assertion }, signal)
  return readToken(answer, {
    what: TOKEN_HOST,
    now: now(),
    hint: `Check that ${account.email} and its key still exist and that this machine's clock is right; a new key is made in the cloud console.`,
  })
}

/**
 * A token for a workload that another identity provider vouches for; of the service account that it acts as, where
 * there is one. Source: RFC 8693 and the reference of the Security Token Service.
 *
 * @throws SluiceError `config` where the workload's own token cannot be read, `auth_expired` where it is refused
 */
export async function federationGrant(
  around: Surroundings,
  file: FederationFile,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const { client, userProject, principal, lifetimeS } = file
  const form = {
    grant_type: EXCHANGE_GRANT,
    requested_token_type: ACCESS_TOKEN,
    audience: file.audience,
    scope: CLOUD_SCOPE,
    subject_token_type: file.tokenType,
    subject_token: await subjectToken(file.source, around, signal),
    // A client says by itself whom requests are counted for.
    ...(client || userProject === undefined ? {} : { options: JSON.stringify({ userProject }) }),
  }
  const secret = client && Buffer.from(`${client.id}:${client.secret}`).toString("base64")
  const answer = await ask(around.fetch, {
    what: EXCHANGE_HOST,
    url: around.hosts.sts ?? file.exchangeUrl,
    init: {
      method: "POST",
      headers: {
        "content-type": FORM_TYPE,
        ...(secret === undefined ? {} : { authorization: `Basic ${secret}` }),
      },
      body: new URLSearchParams(form).toString(),
      signal,
    },
  })
  const token = readToken(answer, {
    what: EXCHANGE_HOST,
    now: around.now(),
    hint: "Check that the workload's token is fresh and that the pool's provider trusts who made it and for whom.",
  })
  if (principal === undefined) return token
  const role = "Workload Identity User"
  return await impersonationGrant(around, { token: token.secret, principal, delegates: [], lifetimeS, role }, signal)
}

/** A token of a service account that another account may act as. Source: the reference of the IAM credentials API. */
export async function impersonationGrant(
  { fetch, hosts }: Surroundings,
  given: {
    token: string
    principal: string
    delegates: readonly string[]
    lifetimeS?: number | undefined
    /** What the account that asks must be granted. */
    role?: string
  },
  signal: AbortSignal,
): Promise<GoogleToken> {
  const what = "the service that lends accounts"
  const answer = await ask(fetch, {
    what,
    url: `${hosts.iam}/v1/projects/-/serviceAccounts/${encodeURIComponent(given.principal)}:generateAccessToken`,
    init: {
      method: "POST",
      headers: { authorization: `Bearer ${given.token}`, "content-type": "application/json" },
      body: JSON.stringify({
        delegates: given.delegates,
        scope: [CLOUD_SCOPE],
        lifetime: `${given.lifetimeS ?? 3600}s`,
      }),
      signal,
    },
  })
  const body = isRecord(answer.body) ? answer.body : {}
  const secret = textIn(body, "accessToken")
  const expiresAt = Date.parse(textIn(body, "expireTime") ?? "")
  if (answer.status < 300 && secret !== undefined && Number.isFinite(expiresAt)) return { secret, expiresAt }
  const { role = "Service Account Token Creator", principal } = given
  const hint = `Grant the role ${role} on ${principal} to the account that asks.`
  throw answer.status < 300 ? unreadable(what) : refusal(what, factsOf(answer)).with({ hint })
}

/** The token of the machine's own account. @throws SluiceError when the machine has none */
export async function metadataGrant(
  { localFetch, now, hosts }: Surroundings,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const url = `${hosts.metadata}/computeMetadata/v1/instance/service-accounts/default/token`
  const init = { headers: { "metadata-flavor": "Google" }, signal }
  const answer = await ask(localFetch, { what: METADATA, url, init })
  return readToken(answer, { what: METADATA, now: now(), hint: "Check the account that this machine runs as." })
}

function post(fetcher: typeof fetch, url: string, form: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  const headers = { "content-type": FORM_TYPE }
  const init = { method: "POST", headers, body: new URLSearchParams(form).toString(), signal }
  return ask(fetcher, { what: TOKEN_HOST, url, init })
}

/** `what`: who answered. `hint`: what helps a person whose grant is no longer good. */
function readToken(answer: Answer, { what, now, hint }: { what: string; now: number; hint: string }): GoogleToken {
  const body = isRecord(answer.body) ? answer.body : {}
  if (answer.status < 300) {
    const secret = textIn(body, "access_token")
    const seconds = Number(body["expires_in"] ?? 3600)
    if (secret === undefined || !Number.isFinite(seconds)) throw unreadable(what)
    return { secret, expiresAt: now + seconds * 1000 }
  }
  const error = tokenRefusal(what, answer)
  if (body["error"] === "invalid_grant") {
    throw error.with({ code: "auth_expired", scope: "credential", retryable: false, hint })
  }
  if (body["error"] === "invalid_client" || body["error"] === "unauthorized_client") {
    throw error.with({
      code: "auth_invalid",
      scope: "credential",
      retryable: false,
      hint: "Check client id and secret: they must be those of the OAuth client that the login was made with.",
    })
  }
  throw error
}

function unreadable(what: string): SluiceError {
  return new SluiceError({
    code: "server_error",
    message: `${begin(what)} answered without a token.`,
    hint: "Try again; if it stays so, something between here and Google changes answers.",
  })
}
