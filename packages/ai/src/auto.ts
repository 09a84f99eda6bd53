import { type EnvironmentReader, findProvider, type Model, resolveModel } from "@sluice/catalog"
import type { MessageStream } from "./assemble/message-stream.ts"
import type { Credential, CredentialSource, Lease } from "./contract/credential.ts"
import { authMissing, parseKeys } from "./keys.ts"
import type { AssistantMessage } from "./model/message.ts"
import type { ContextInput } from "./schema/standard.ts"
import { environment } from "./platform.ts"
import {
  createSluice as assemble,
  keySource,
  type Sluice,
  type SluiceCallOptions,
  type SluiceConfig,
} from "./sluice.ts"
import { wireEntries } from "./wire-entries.ts"

export type { Sluice, SluiceCallOptions, SluiceConfig } from "./sluice.ts"

/** Every wire there is, each loaded when it is first needed, as the process's environment sets it. */
export const autoWires: SluiceConfig["wires"] = wireEntries(environment)

/** What `createSluice` takes; everything has a default. */
export interface AutoConfig extends Partial<SluiceConfig> {
  /** Read for keys and addresses of hosts. Default: the process's environment, where there is one. */
  env?: EnvironmentReader
}

/**
 * All wires and all known providers behind one interface: models are given by name, keys come from the environment.
 *
 * @example
 * const sluice = createSluice()
 * const message = await sluice.complete("openai/gpt-5.5", { messages: [{ role: "user", content: "Hello" }] })
 */
export function createSluice(config: AutoConfig = {}): Sluice {
  const { env = environment, wires, ...rest } = config
  return assemble({
    resolve: (name) => resolveModel(name, { env }),
    credentials: environmentKeys(env),
    ...rest,
    wires: { ...wireEntries(env), ...wires },
  })
}

let shared: Sluice | undefined

/** Asks a model by its name and gives the answer as it is made. Never throws. */
export function stream(model: string | Model, context: ContextInput, options?: SluiceCallOptions): MessageStream {
  shared ??= createSluice()
  return shared.stream(model, context, options)
}

/** Asks a model by its name and gives the whole answer. Never throws. */
export function complete(
  model: string | Model,
  context: ContextInput,
  options?: SluiceCallOptions,
): Promise<AssistantMessage> {
  return stream(model, context, options).result()
}

/**
 * Keys from the environment variables that the catalog names for a provider: the first variable that is set counts,
 * and the first key in it where commas separate several. `environmentSource` of `@sluice/auth` turns to the others
 * when one fails. Where the catalog names AWS's credentials, those of the environment itself count as well; `awsSource`
 * of `@sluice/auth/aws` finds the others.
 *
 * @throws SluiceError on `acquire`: `auth_missing` where no variable is set, `config` where one holds no key or
 * only half of AWS's pair is set
 */
export function environmentKeys(env: EnvironmentReader = environment): CredentialSource {
  return {
    async acquire({ provider }) {
      const known = findProvider(provider)
      for (const origin of known?.keyEnv ?? []) {
        const [secret] = parseKeys(env(origin) ?? "", origin)
        if (secret !== undefined) return await keySource(secret, origin).acquire({ provider })
      }
      if (known?.credentials === "aws") {
        const { awsEnvironmentKeys } = await import("./endpoints/bedrock/environment-keys.ts")
        const keys = awsEnvironmentKeys(env)
        if (keys) return lent(keys)
      }
      throw authMissing(provider, known)
    },
  }
}

function lent(credential: Credential): Lease {
  return { credential, observe: () => {}, replace: () => Promise.resolve(undefined), release: () => {} }
}
