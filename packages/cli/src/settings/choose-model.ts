import { type EnvironmentReader, type Provider, PROVIDERS } from "@sluice/catalog"
import type { Config } from "./config.ts"
import type { LocalServer } from "./local-servers.ts"

/** Name of the model that is built in. */
export const DEMO = "mock/demo"

/** A model and why it was chosen. */
export interface Choice {
  name: string
  /** In words, where the command line did not name it. */
  why?: string
}

/** What the choice depends on. */
export interface ChoiceInput {
  /** `--model`. */
  named?: string | undefined
  /** `false`: the environment and this machine are not looked at. */
  search: boolean
  env: EnvironmentReader
  config(): Promise<Config | undefined>
  localServers(): Promise<readonly LocalServer[]>
}

/**
 * The model to talk to: the one that was named; the configured one; the default model of the first provider whose key
 * is in the environment; the first model of a server on this machine; the demo model.
 */
export async function chooseModel(input: ChoiceInput): Promise<Choice> {
  if (input.named !== undefined) return { name: input.named }
  const variable = input.search ? input.env("SLUICE_MODEL")?.trim() : undefined
  if (variable) return { name: variable, why: "named by SLUICE_MODEL" }
  const config = await input.config()
  if (config?.model !== undefined) return { name: config.model, why: `named in ${config.file}` }
  if (!input.search) return { name: DEMO, why: "nothing else is named" }
  const provider = providersWithKey(input.env)[0]
  if (provider) return { name: `${provider.id}/${provider.defaultModel}`, why: "first key in the environment" }
  const server = (await input.localServers())[0]
  if (server) return { name: `${server.provider}/${server.models[0]}`, why: "first server on this machine" }
  return { name: DEMO, why: "no key in the environment and no server on this machine" }
}

/** The providers beyond this machine that have a key in the environment, in the catalog's order. */
export function providersWithKey(env: EnvironmentReader): Provider[] {
  return Object.values(PROVIDERS).filter(
    (provider) => provider.kind !== "local" && provider.keyEnv.some((name) => env(name)?.trim()),
  )
}

/** The providers that are nowhere but in this program: they need neither a key nor a server. */
export function builtInProviders(): Provider[] {
  return Object.values(PROVIDERS).filter((one) => one.kind === "local" && one.listing === undefined)
}
