import type { Credential, Lease, SluiceError } from "@sluice/ai"
import type { GoogleToken } from "./token-keeper.ts"

/** Gives tokens out and takes back what a host has refused. */
export interface TokenHolder {
  take(signal?: AbortSignal): Promise<GoogleToken>
  drop(secret: string): void
}

const REFUSED: ReadonlySet<SluiceError["code"]> = new Set(["auth_invalid", "auth_expired"])

/**
 * A lease of an account's token. A token that is refused is replaced by a new one of the same account, once: what is
 * refused as well then is the account.
 */
export async function tokenLease(
  holder: TokenHolder,
  signal: AbortSignal | undefined,
  credentialOf: (token: GoogleToken) => Credential,
): Promise<Lease> {
  const lease = (token: GoogleToken, first: boolean): Lease => ({
    credential: credentialOf(token),
    observe: () => {},
    release: ({ error }) => {
      if (error && REFUSED.has(error.code)) holder.drop(token.secret)
    },
    replace: async (error, until) => {
      if (!REFUSED.has(error.code)) return undefined
      holder.drop(token.secret)
      if (!first) return undefined
      const next = await holder.take(until)
      return next.secret === token.secret ? undefined : lease(next, false)
    },
  })
  return lease(await holder.take(signal), true)
}
