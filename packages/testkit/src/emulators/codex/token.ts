import type { Fields } from "../check.ts"

/** What a made-up token says. */
export interface EmulatedTokenClaims {
  /** The account; `null` leaves the claim out. Default `acct-emulated`. */
  accountId?: string | null
  /** Default `pro`. */
  planType?: string
  /** Default `user-emulated`. */
  userId?: string
  /** Seconds since 1970. Default: in an hour. */
  expiresAt?: number
  /** Tells two tokens of one account apart. */
  serial?: string
  /** Further claims. */
  more?: Fields
}

/** The claim that holds the account. Source: the vendor's own open client. */
const AUTH_CLAIM = "https://api.openai.com/auth"

/** An access token in the form of the vendor's: a JWT whose signature nobody made. For tests alone. */
export function emulatedCodexToken(claims: EmulatedTokenClaims = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const accountId = claims.accountId === undefined ? "acct-emulated" : claims.accountId
  const userId = claims.userId ?? "user-emulated"
  const payload = {
    aud: ["https://api.openai.com/v1"],
    iss: "https://auth.openai.com",
    iat: now,
    exp: claims.expiresAt ?? now + 3600,
    sub: userId,
    jti: claims.serial ?? "emulated",
    [AUTH_CLAIM]: {
      ...(accountId === null ? {} : { chatgpt_account_id: accountId }),
      chatgpt_plan_type: claims.planType ?? "pro",
      chatgpt_user_id: userId,
    },
    ...claims.more,
  }
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part({ alg: "RS256", typ: "JWT", kid: "emulated" })}.${part(payload)}.${Buffer.from("no signature").toString("base64url")}`
}

/** What the backend reads of a token; `undefined` where it is none. */
export interface ReadToken {
  accountId: string | undefined
  /** Seconds since 1970. */
  expiresAt: number | undefined
}

/** Reads a token without looking at its signature. */
export function readToken(token: string): ReadToken | undefined {
  const parts = token.split(".")
  if (parts.length !== 3) return undefined
  try {
    const payload = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8")) as Fields
    const auth = payload[AUTH_CLAIM] as Fields | undefined
    const account = auth?.["chatgpt_account_id"]
    const expires = payload["exp"]
    return {
      accountId: typeof account === "string" ? account : undefined,
      expiresAt: typeof expires === "number" ? expires : undefined,
    }
  } catch {
    return undefined
  }
}
