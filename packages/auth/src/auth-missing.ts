import { authMissing as missing, type SluiceError } from "@sluice/ai"
import { findProvider } from "@sluice/catalog"

/** The error for a provider without a credential, with what the catalog knows of its keys. */
export function authMissing(provider: string): SluiceError {
  return missing(provider, findProvider(provider))
}
