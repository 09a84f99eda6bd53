import type { CredentialNeed, CredentialSource, Lease } from "@sluice/ai"
import { findProvider } from "@sluice/catalog"
import { authMissing } from "../auth-missing.ts"

/**
 * "No key needed", for hosts that take none.
 *
 * @param takesNone which needs are met; default: those of providers that the catalog says need no key
 * @throws SluiceError `auth_missing` on `acquire` for any other
 */
export function keylessSource(takesNone: (need: CredentialNeed) => boolean = needsNoKey): CredentialSource {
  return {
    acquire: (need) => (takesNone(need) ? Promise.resolve(LEASE) : Promise.reject(authMissing(need.provider))),
  }
}

const LEASE: Lease = {
  credential: Object.freeze({ kind: "none", id: "none", origin: "no key needed" }),
  observe: () => {},
  replace: () => Promise.resolve(undefined),
  release: () => {},
}

function needsNoKey(need: CredentialNeed): boolean {
  return findProvider(need.provider)?.compat?.keyless === true
}
