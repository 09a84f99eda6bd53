import { errorInfo, GoogleRefused } from "./refused.ts"
import type { GoogleOptions } from "./types.ts"

/** Refuses a bearer that is not good. @throws GoogleRefused */
export function checkToken(token: string, good: GoogleOptions["accessToken"]): void {
  if (typeof good === "function" ? good(token) : token === good) return
  throw new GoogleRefused(
    401,
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    { details: [errorInfo("ACCESS_TOKEN_EXPIRED", "googleapis.com")] },
  )
}
