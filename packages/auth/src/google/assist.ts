import type { CredentialNeed, CredentialSource, Lease } from "@sluice/ai"
import { baseUrlFromEnvironment, findProvider } from "@sluice/catalog"
import { authMissing } from "../auth-missing.ts"
import { googleLoginSource, type LoginOptions, readGoogleLogin } from "./login.ts"
import { codeAssistProjectSource, type ProjectOptions } from "./project.ts"
import { firstOf, surroundings } from "./surroundings.ts"

/**
 * Logins for Code Assist from the variables that the catalog names for a provider, each with its project. A variable
 * holds an access token, or JSON with a refresh token.
 *
 * @throws SluiceError on `acquire`: `auth_missing` where no variable is set, `config` where one cannot be read
 */
export function codeAssistSource(options: LoginOptions & ProjectOptions = {}): CredentialSource {
  const { env } = surroundings(options)
  const sources = new Map<string, { value: string; source: CredentialSource }>()

  function sourceFor(provider: string): CredentialSource {
    const known = findProvider(provider)
    const set = firstOf(env, known?.keyEnv ?? [])
    if (!set) throw authMissing(provider)
    const before = sources.get(provider)
    if (before?.value === set.value) return before.source
    const login = googleLoginSource(readGoogleLogin(set.value, set.name), options)
    // Who sends the service's calls elsewhere sends the question for the project there as well.
    const baseUrl = known && baseUrlFromEnvironment(known, env)
    const rules = { ...options.rules, ...(baseUrl === undefined ? {} : { baseUrl }) }
    const source = codeAssistProjectSource(login, { ...options, rules })
    sources.set(provider, { value: set.value, source })
    return source
  }

  async function acquire(need: CredentialNeed): Promise<Lease> {
    return await sourceFor(need.provider).acquire(need)
  }

  return { acquire }
}
