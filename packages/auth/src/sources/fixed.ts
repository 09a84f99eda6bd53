import type { CredentialSource } from "@sluice/ai"
import { keyCredential } from "../key-credential.ts"
import { listSource } from "./list.ts"

/**
 * One key that a caller gave. `origin` says where it came from, for people.
 *
 * @throws SluiceError `config` for a key that cannot stand in a header
 */
export function fixedSource(secret: string, origin = "option apiKey"): CredentialSource {
  return listSource([keyCredential(secret.trim(), origin)])
}
