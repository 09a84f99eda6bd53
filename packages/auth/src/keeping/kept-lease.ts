import { type Credential, type Lease, SluiceError } from "@sluice/ai"

/** Gives out what an account is called with, and takes back what a host has refused. */
export interface Holder<T> {
  take(signal?: AbortSignal): Promise<T>
  drop(refused: T): void
}

const REFUSED: ReadonlySet<SluiceError["code"]> = new Set(["auth_invalid", "auth_expired"])

/**
 * A lease of what is kept. What is refused is replaced by a new one of the same account, once: what is refused as well
 * then is the account.
 *
 * @throws SluiceError what `take` throws; on `replace` as well, unless there is nothing to be found any more
 */
export async function keptLease<T>(
  holder: Holder<T>,
  signal: AbortSignal | undefined,
  credentialOf: (held: T) => Credential,
): Promise<Lease> {
  const lease = (held: T, first: boolean): Lease => {
    const credential = credentialOf(held)
    return {
      credential,
      observe: () => {},
      release: ({ error }) => {
        if (error && REFUSED.has(error.code)) holder.drop(held)
      },
      replace: async (error, until) => {
        if (!REFUSED.has(error.code)) return undefined
        holder.drop(held)
        if (!first) return undefined
        const next = await another(until)
        return next && !sameSecret(credential, next.credential) ? next : undefined
      },
    }
  }

  async function another(until: AbortSignal | undefined): Promise<Lease | undefined> {
    try {
      return lease(await holder.take(until), false)
    } catch (error) {
      // The failure of the call itself says more than that nothing else was found.
      if (SluiceError.is(error) && error.code === "auth_missing") return undefined
      throw error
    }
  }

  return lease(await holder.take(signal), true)
}

/** Whether a host that refused the one would refuse the other. */
function sameSecret(one: Credential, other: Credential): boolean {
  if (one.kind === "aws" && other.kind === "aws") {
    return one.secretAccessKey === other.secretAccessKey && one.sessionToken === other.sessionToken
  }
  if ("secret" in one && "secret" in other) return one.secret === other.secret
  return one.kind === other.kind
}
