import type { Credential, CredentialNeed, CredentialSource, ErrorCode, Lease, SluiceError } from "@sluice/ai"
import { authMissing } from "../auth-missing.ts"

/** What a list of credentials is given from outside. */
export interface ListOptions {
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
  /** How long a credential rests after a limit that says nothing of its end. Default 60000. */
  limitMs?: number
  /** How long one rests that was refused or has no money left. Default 300000. */
  refusedMs?: number
}

/** Errors after which another account helps for as long as the host says. */
const LIMITS: ReadonlySet<ErrorCode> = new Set(["quota_exhausted", "rate_limited", "concurrency_limited"])
/** Errors that say something of the account itself. What is doubtful rests for a while and is never given up. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["auth_invalid", "auth_expired", "billing"])

/**
 * Several credentials of one provider. The first that does not rest is given out; where all rest, the one whose rest
 * ends first, because the host knows better than we do. `replace` gives a sibling that was not tried in this call.
 *
 * @throws SluiceError `auth_missing` on `acquire` when the list is empty
 */
export function listSource(credentials: readonly Credential[], options: ListOptions = {}): CredentialSource {
  const now = options.now ?? Date.now
  const limitMs = options.limitMs ?? 60_000
  const refusedMs = options.refusedMs ?? 300_000
  /** From when until when a credential rests, in milliseconds since 1970, by its id. */
  const rests = new Map<string, { since: number; until: number }>()

  function restUntil(credential: Credential): number {
    return rests.get(credential.id)?.until ?? 0
  }

  function learn(credential: Credential, error: SluiceError): void {
    const at = now()
    let until: number | undefined
    if (LIMITS.has(error.code)) {
      const reset = error.quota?.resetAt
      until = error.retryAfterMs === undefined ? (reset ?? at + limitMs) : at + error.retryAfterMs
    } else if (REFUSALS.has(error.code)) until = at + refusedMs
    if (until !== undefined && until > at) {
      rests.set(credential.id, { since: at, until: Math.max(until, restUntil(credential)) })
    }
  }

  function lease(credential: Credential, tried: ReadonlySet<string>): Lease {
    const begun = now()
    return {
      credential,
      observe: () => {},
      replace: (error, signal) => {
        learn(credential, error)
        if (signal?.aborted) return Promise.resolve(undefined)
        const at = now()
        const sibling = credentials.find((one) => !tried.has(one.id) && restUntil(one) <= at)
        return Promise.resolve(sibling && lease(sibling, new Set([...tried, sibling.id])))
      },
      release: ({ error }) => {
        if (error) learn(credential, error)
        // What another call learned meanwhile is newer than this success.
        else if ((rests.get(credential.id)?.since ?? Infinity) <= begun) rests.delete(credential.id)
      },
    }
  }

  function acquire(need: CredentialNeed): Promise<Lease> {
    const at = now()
    const [first, ...others] = credentials
    if (!first) return Promise.reject(authMissing(need.provider))
    const ready = credentials.find((one) => restUntil(one) <= at)
    const soonest = others.reduce((best, one) => (restUntil(one) < restUntil(best) ? one : best), first)
    const chosen = ready ?? soonest
    return Promise.resolve(lease(chosen, new Set([chosen.id])))
  }

  return { acquire }
}
