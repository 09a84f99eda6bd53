import type { CredentialSource } from "@sluice/ai"
import { findProvider, type Provider } from "@sluice/catalog"
import type { GoogleOptions } from "../google/surroundings.ts"
import { chainSource } from "./chain.ts"
import { environmentSource, type EnvironmentOptions } from "./environment.ts"

/** What the credentials of this machine are found with. */
export interface SystemOptions
  extends EnvironmentOptions, Pick<GoogleOptions, "fetch" | "localFetch" | "readFile" | "hosts"> {
  /** The user's folder. Default: as the system has it. */
  home?: string
}

type Kind = NonNullable<Provider["credentials"]>

/** The sources that are more than a variable with a key, each loaded when a provider first asks for it. */
const SPECIAL: Readonly<Record<Kind, (options: SystemOptions) => Promise<CredentialSource>>> = {
  aws: async (options) => chainSource(environmentSource(options), (await import("../aws/index.ts")).awsSource(options)),
  "google-cloud": async (options) => (await import("../google/index.ts")).vertexSource(options),
  "google-code-assist": async (options) => (await import("../google/index.ts")).codeAssistSource(options),
  "google-antigravity": async (options) => {
    const { ANTIGRAVITY_PROJECT, codeAssistSource } = await import("../google/index.ts")
    return codeAssistSource({ ...options, rules: ANTIGRAVITY_PROJECT })
  },
}

/**
 * The credentials that this machine has for a provider: keys of the environment (`environmentSource`), and where the
 * catalog says so a cloud's own credentials or a login.
 *
 * @throws SluiceError on `acquire`: `auth_missing` where there are none, and what the provider's own source throws
 */
export function systemSource(options: SystemOptions = {}): CredentialSource {
  const keys = environmentSource(options)
  const special = new Map<Kind, Promise<CredentialSource>>()

  function specialFor(kind: Kind): Promise<CredentialSource> {
    const known = special.get(kind)
    if (known) return known
    const loading = SPECIAL[kind](options)
    special.set(kind, loading)
    return loading
  }

  return {
    async acquire(need) {
      const kind = findProvider(need.provider)?.credentials
      return await (kind === undefined ? keys : await specialFor(kind)).acquire(need)
    },
  }
}
