import { SluiceError, type CredentialNeed, type CredentialSource, type Lease } from "@sluice/ai"
import { authMissing } from "../auth-missing.ts"

/**
 * The first of several sources that has a credential. Once one was given out, a replacement comes from the same
 * source: whose account pays is not changed behind the caller's back.
 *
 * @throws SluiceError on `acquire`: what a source threw, or the last `auth_missing` where none has one
 */
export function chainSource(...sources: readonly CredentialSource[]): CredentialSource {
  async function acquire(need: CredentialNeed): Promise<Lease> {
    let missing: SluiceError | undefined
    for (const source of sources) {
      try {
        return await source.acquire(need)
      } catch (error) {
        if (!SluiceError.is(error) || error.code !== "auth_missing") throw error
        missing = error
      }
    }
    throw missing ?? authMissing(need.provider)
  }
  return { acquire }
}
