import { type CredentialNeed, type CredentialSource, type Lease, SluiceError } from "@sluice/ai"
import { Keeper } from "../keeping/keeper.ts"
import { keptLease } from "../keeping/kept-lease.ts"
import { fingerprint, hideSecrets } from "../key-credential.ts"
import { isRecord, textIn } from "./failures.ts"
import { type GoogleToken, refreshGrant } from "./grants.ts"
import { firstOf, type GoogleOptions, surroundings } from "./surroundings.ts"

const CLIENT_ID = "SLUICE_GOOGLE_CLIENT_ID"
const CLIENT_SECRET = "SLUICE_GOOGLE_CLIENT_SECRET"
/** Below this a moment is in seconds, as some tools write it. */
const SECONDS_BELOW = 1e10

/** A person's login at Google, as it was made elsewhere. */
export interface GoogleLogin {
  accessToken?: string
  refreshToken?: string
  /** Milliseconds since 1970. Absent: not known, and the access token is used as it is. */
  expiresAt?: number
  projectId?: string
  email?: string
  /** Where it came from, for people. */
  origin: string
}

/** An OAuth client. None is shipped: it is the operator's to name the one that a login was made with. */
export interface OAuthClient {
  id: string
  secret: string
}

/** What the login of a person is used with. */
export interface LoginOptions extends GoogleOptions {
  /** Default: `SLUICE_GOOGLE_CLIENT_ID` and `SLUICE_GOOGLE_CLIENT_SECRET`. Needed only to refresh. */
  client?: OAuthClient
  /** Told of a refreshed login, so that it can be kept. What it throws is ignored. */
  onRefresh?: (login: GoogleLogin) => void
}

/**
 * Reads a login as people have it: a bare access token, or a JSON object with a token or refresh token and what is
 * known of it. What is optional and of a wrong type is passed over.
 *
 * @throws SluiceError `config` that names `origin` when there is neither token nor refresh token
 */
export function readGoogleLogin(text: string, origin: string): GoogleLogin {
  const bare = text.trim()
  const record = bare.startsWith("{") ? parse(bare) : { token: bare }
  const login: GoogleLogin = { origin }
  const put = (name: "accessToken" | "refreshToken" | "projectId" | "email", value: string | undefined): void => {
    if (value !== undefined) login[name] = value
  }
  if (record) {
    put("accessToken", textIn(record, "token", "access", "access_token"))
    put("refreshToken", textIn(record, "refreshToken", "refresh", "refresh_token"))
    put("projectId", textIn(record, "projectId", "project_id"))
    put("email", textIn(record, "email"))
    const end = ["expiresAt", "expires", "expiry_date"]
      .map((name) => record[name])
      .find((one) => typeof one === "number")
    if (typeof end === "number" && Number.isFinite(end)) login.expiresAt = end < SECONDS_BELOW ? end * 1000 : end
  }
  for (const token of [login.accessToken, login.refreshToken]) {
    if (token !== undefined && !/^[\u0021-\u007e]+$/.test(token))
      throw unreadable(origin, "holds white space in a token")
  }
  if (login.accessToken === undefined && login.refreshToken === undefined) {
    throw unreadable(origin, "holds neither `token` nor `refreshToken`")
  }
  return login
}

/**
 * The token of a login, refreshed before it ends where the login has a refresh token and its OAuth client is known.
 *
 * @throws SluiceError on `acquire`: `auth_expired` for a login that has ended and cannot be refreshed or was taken
 * back, `config` where the OAuth client is not named
 */
export function googleLoginSource(given: GoogleLogin, options: LoginOptions = {}): CredentialSource {
  const around = surroundings(options)
  let login = given
  const id = fingerprint(given.email ?? given.refreshToken ?? given.accessToken ?? "")
  const keeper = new Keeper(refresh, around)
  /** The token that came with the login, until it ends or is refused. */
  let first = given.accessToken

  async function refresh(signal: AbortSignal): Promise<GoogleToken> {
    const { refreshToken } = login
    if (refreshToken === undefined) {
      throw new SluiceError({
        code: "auth_expired",
        message: `The login in ${login.origin} has ended.`,
        hint: "Log in again with the program that it comes from, and supply the new token.",
      })
    }
    const client = options.client ?? clientOf(options)
    const grant = { clientId: client.id, clientSecret: client.secret, refreshToken }
    const got = await refreshGrant(around, grant, "Log in again: the login was taken back or has ended.", signal)
    login = {
      ...login,
      accessToken: got.secret,
      refreshToken: got.refreshToken ?? refreshToken,
      expiresAt: got.expiresAt,
    }
    try {
      options.onRefresh?.(login)
    } catch {
      // Whether it could be kept is not this call's concern.
    }
    return { secret: got.secret, expiresAt: got.expiresAt }
  }

  function clientOf({ env = surroundings().env }: LoginOptions): OAuthClient {
    const [named, secret] = [firstOf(env, [CLIENT_ID]), firstOf(env, [CLIENT_SECRET])]
    if (named && secret) return { id: named.value, secret: secret.value }
    throw new SluiceError({
      code: "config",
      message: `The login in ${login.origin} has to be refreshed, and the OAuth client that it was made with is not known.`,
      hint: `Set ${CLIENT_ID} and ${CLIENT_SECRET}.`,
    })
  }

  const holder = {
    async take(signal?: AbortSignal): Promise<GoogleToken> {
      const end = given.expiresAt ?? Number.POSITIVE_INFINITY
      if (first !== undefined && end - around.now() > around.skewMs) return { secret: first, expiresAt: end }
      return await keeper.take(signal)
    },
    drop(refused: GoogleToken): void {
      if (refused.secret === first) first = undefined
      keeper.drop(refused)
    },
  }

  async function acquire(need: CredentialNeed): Promise<Lease> {
    return await keptLease(holder, need.signal, ({ secret, expiresAt }) =>
      hideSecrets({
        kind: "oauth",
        id,
        secret,
        origin: login.origin,
        ...(login.projectId === undefined ? {} : { projectId: login.projectId }),
        ...(login.email === undefined ? {} : { accountId: login.email }),
        ...(Number.isFinite(expiresAt) ? { expiresAt } : {}),
      }),
    )
  }

  return { acquire }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function unreadable(origin: string, why: string): SluiceError {
  return new SluiceError({
    code: "config",
    message: `The login in ${origin} cannot be used: it ${why}.`,
    hint: 'Supply an access token, or JSON such as {"refreshToken": "…", "projectId": "…"}.',
  })
}
