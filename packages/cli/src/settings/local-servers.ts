import {
  baseUrlFromEnvironment,
  discoverModels,
  type EnvironmentReader,
  findProvider,
  type Provider,
} from "@sluice/catalog"

/** How long a server on this machine may take to say what it serves, in milliseconds. */
const PROBE_MS = 300

/** Servers that people run on their own machine, in the order of preference. */
const LOCAL: readonly string[] = ["llama.cpp", "ollama", "lm-studio", "vllm"]

/** A model server that answers. */
export interface LocalServer {
  provider: string
  baseUrl: string
  /** Ids of its models, at least one. */
  models: readonly string[]
}

/** Asks one server for its models. */
export type Probe = (provider: Provider, baseUrl: string, headers: Record<string, string>) => Promise<readonly string[]>

/** Asks over the network. Straight and not through a proxy, which this machine is not reached by. */
const probeHost: Probe = async (provider, baseUrl, headers) => {
  const found = await discoverModels(provider, { baseUrl, headers, timeoutMs: PROBE_MS, maxBytes: 4 * 1024 * 1024 })
  return found.map((model) => model.id)
}

/** The local servers that answer and have a model, asked all at once. */
export async function findLocalServers(env: EnvironmentReader, probe: Probe = probeHost): Promise<LocalServer[]> {
  const answers = await Promise.all(LOCAL.map((id) => ask(id, env, probe)))
  return answers.filter((server) => server !== undefined)
}

async function ask(id: string, env: EnvironmentReader, probe: Probe): Promise<LocalServer | undefined> {
  const provider = findProvider(id)
  if (!provider) return undefined
  try {
    const baseUrl = baseUrlFromEnvironment(provider, env) ?? provider.apis[0].baseUrl
    const key = provider.keyEnv.map((name) => env(name)?.trim()).find(Boolean)
    const models = await probe(provider, baseUrl, key ? { authorization: `Bearer ${key}` } : {})
    return models.length > 0 ? { provider: id, baseUrl, models } : undefined
  } catch {
    // A server that does not answer, or answers with something else, is none.
    return undefined
  }
}
