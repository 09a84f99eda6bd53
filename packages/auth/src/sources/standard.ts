import type { CredentialSource } from "@sluice/ai"
import type { Model } from "@sluice/catalog"
import { chainSource } from "./chain.ts"
import { environmentSource, type EnvironmentOptions } from "./environment.ts"
import { fixedSource } from "./fixed.ts"
import { keylessSource } from "./keyless.ts"

/** What the usual order of sources is made from. */
export interface StandardOptions extends EnvironmentOptions {
  /** A key that was given for this call; nothing else is then looked at. */
  apiKey?: string
}

/** The usual order for a model: a key that was given; else the environment; else none, where its host needs none. */
export function standardSource(model: Pick<Model, "compat">, options: StandardOptions = {}): CredentialSource {
  if (options.apiKey !== undefined) return fixedSource(options.apiKey)
  const environment = environmentSource(options)
  return model.compat.keyless
    ? chainSource(
        environment,
        keylessSource(() => true),
      )
    : environment
}
