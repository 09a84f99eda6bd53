import { type Credential, type CredentialSource, type Lease, SluiceError, Waits } from "@sluice/ai"
import { findProvider } from "@sluice/catalog"
import { authMissing } from "../auth-missing.ts"
import { hideSecrets } from "../key-credential.ts"
import { searchKeys } from "./search.ts"
import type { AwsOptions } from "./types.ts"

/** Keys are renewed so long before they end. */
const SKEW_MS = 60_000
/** Longest search. */
const SEARCH_MS = 30_000

type AwsCredential = Extract<Credential, { kind: "aws" }>

/**
 * AWS's credentials for providers whose login they are: from the environment, a web identity, a profile (keys, roles,
 * logins, programs), the container or the machine. What was found is kept until shortly before its end, or until the
 * host refuses it; calls that come together search once, and one that is given up does not end the search of the rest.
 *
 * @throws SluiceError on `acquire`: `auth_missing` for other providers, and where nothing was found
 */
export function awsSource(options: AwsOptions = {}): CredentialSource {
  const now = options.now ?? Date.now
  let kept: AwsCredential | undefined
  let searching: Promise<AwsCredential> | undefined

  function search(): Promise<AwsCredential> {
    searching ??= found()
      .then((credential) => (kept = credential))
      .finally(() => {
        searching = undefined
      })
    return searching
  }

  async function found(): Promise<AwsCredential> {
    const { region, origin, accessKeyId, secretAccessKey, sessionToken, expiresAt } = await searchKeys(
      options,
      AbortSignal.timeout(SEARCH_MS),
    )
    return hideSecrets({
      kind: "aws",
      id: accessKeyId,
      origin,
      region,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    })
  }

  async function current(signal: AbortSignal | undefined): Promise<AwsCredential> {
    if (kept && (kept.expiresAt ?? Infinity) - SKEW_MS > now()) return kept
    const searched = search()
    if (!signal) return await searched
    const waits = new Waits(signal)
    return await waits.until(searched).finally(() => waits.end())
  }

  function lease(credential: AwsCredential): Lease {
    return {
      credential,
      observe: () => {},
      replace: (error, signal) => replacement(credential, error, signal),
      release: ({ error }) => {
        if (error) forget(credential, error)
      },
    }
  }

  /** Other keys than those that failed, where the search finds any. */
  async function replacement(
    credential: AwsCredential,
    error: SluiceError,
    signal: AbortSignal | undefined,
  ): Promise<Lease | undefined> {
    forget(credential, error)
    try {
      const next = await current(signal)
      const same = next.secretAccessKey === credential.secretAccessKey && next.sessionToken === credential.sessionToken
      return same ? undefined : lease(next)
    } catch {
      // The failure of the call itself says more than that nothing else was found.
      return undefined
    }
  }

  /** Keys that the host refused are not given out again unless they are found again. */
  function forget(credential: AwsCredential, error: SluiceError): void {
    if (kept === credential && (error.status === 401 || error.status === 403)) kept = undefined
  }

  return {
    acquire: async ({ provider, signal }) => {
      if (findProvider(provider)?.login !== "aws") throw authMissing(provider)
      try {
        return lease(await current(signal))
      } catch (error) {
        throw SluiceError.is(error) ? error.with({ provider }) : error
      }
    },
  }
}
