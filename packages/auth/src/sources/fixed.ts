import { parseKeys, SluiceError, type CredentialSource } from "@sluice/ai"
import { keyCredential } from "../key-credential.ts"
import { listSource } from "./list.ts"

/**
 * A key that a caller gave, or several separated by commas: a list of them. `origin` says where they came from, for
 * people. Unlike `keySource` of `@sluice/ai` it reads the value as it was pasted, and neither a log nor JSON shows it.
 *
 * @throws SluiceError `config` where there is no key, or one that cannot stand in a header
 */
export function fixedSource(value: string, origin = "option apiKey"): CredentialSource {
  const keys = parseKeys(value, origin)
  if (keys.length === 0) throw new SluiceError({ code: "config", message: `There is no key in ${origin}.` })
  return listSource(keys.map((key) => keyCredential(key, origin)))
}
