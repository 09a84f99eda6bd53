import { type Provider, PROVIDERS } from "@sluice/catalog"
import type { Composition } from "../compose.ts"
import { askHost } from "../models/ask-host.ts"

/** How long a server on this machine may take to say what it serves, in milliseconds. */
const PROBE_MS = 300
/** Most bytes of its answer. */
const MAX_BYTES = 4 * 1024 * 1024

/** A model server that answers. */
export interface LocalServer {
  provider: string
  /** Ids of its models, at least one. */
  models: readonly string[]
}

/** Asks one server for the ids of its models. */
export type Probe = (provider: Provider) => Promise<readonly string[]>

/** The servers that people run on their own machine, in the catalog's order, which is that of preference. */
export function localProviders(): Provider[] {
  return Object.values(PROVIDERS).filter((one) => one.kind === "local" && one.listing !== undefined)
}

/** Asks over the network, as a call would. */
export function probeWith(parts: Composition): Probe {
  return async (provider) => {
    const found = await askHost(parts, provider, { timeoutMs: PROBE_MS, maxBytes: MAX_BYTES })
    return found.map((model) => model.id)
  }
}

/** The local servers that answer and have a model, asked all at once. */
export async function findLocalServers(probe: Probe): Promise<LocalServer[]> {
  const answers = await Promise.all(localProviders().map((provider) => ask(provider, probe)))
  return answers.filter((server) => server !== undefined)
}

async function ask(provider: Provider, probe: Probe): Promise<LocalServer | undefined> {
  try {
    const models = await probe(provider)
    return models.length > 0 ? { provider: provider.id, models } : undefined
  } catch {
    // A server that does not answer, or answers with something else, is none.
    return undefined
  }
}
