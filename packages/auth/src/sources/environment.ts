import { parseKeys, type CredentialNeed, type CredentialSource, type Lease } from "@sluice/ai"
import { findProvider, type EnvironmentReader } from "@sluice/catalog"
import { authMissing } from "../auth-missing.ts"
import { keyCredential } from "../key-credential.ts"
import { listSource, type ListOptions } from "./list.ts"

/** What the environment is read with. */
export interface EnvironmentOptions extends ListOptions {
  /** Default: the variables of this process. */
  env?: EnvironmentReader
}

/**
 * Keys from the environment variables that the catalog names for a provider; the first variable that is set counts.
 * Several keys in one, separated by commas, are several accounts, the next of which is taken when one fails. A
 * variable is read again at each call, so that a changed key is seen.
 *
 * @throws SluiceError on `acquire`: `auth_missing` where no variable is set, `config` where one holds no key
 */
export function environmentSource(options: EnvironmentOptions = {}): CredentialSource {
  const env = options.env ?? ((name: string): string | undefined => process.env[name])
  const lists = new Map<string, { value: string; source: CredentialSource }>()

  function sourceOf(variable: string, value: string): CredentialSource | undefined {
    const known = lists.get(variable)
    if (known?.value === value) return known.source
    const keys = parseKeys(value, variable)
    if (keys.length === 0) return undefined
    const source = listSource(
      keys.map((key) => keyCredential(key, variable)),
      options,
    )
    lists.set(variable, { value, source })
    return source
  }

  async function acquire(need: CredentialNeed): Promise<Lease> {
    for (const variable of findProvider(need.provider)?.keyEnv ?? []) {
      const source = sourceOf(variable, env(variable) ?? "")
      if (source) return await source.acquire(need)
    }
    throw authMissing(need.provider)
  }

  return { acquire }
}
