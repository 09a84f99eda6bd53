import { type EnvironmentReader, listModels, type Model, modelName } from "@sluice/catalog"
import type { ListedName } from "@sluice/gateway"
import { builtInProviders, DEMO, providersWithKey } from "../settings/choose-model.ts"
import { findLocalServers, type Probe } from "../settings/local-servers.ts"

/** How long a list holds, in milliseconds: clients ask for it often, and servers come and go. */
const FRESH_MS = 10_000

/**
 * The models that a gateway lists: its own names, the known models of the providers it has a key for, what servers
 * on this machine serve, and what is built in.
 */
export function listedModels(
  env: EnvironmentReader,
  aliases: Readonly<Record<string, readonly string[]>>,
  parts: { probe: Probe; now?: () => number },
): () => Promise<readonly ListedName[]> {
  const { probe, now = Date.now } = parts
  let list: Promise<readonly ListedName[]> | undefined
  let until = 0

  async function collect(): Promise<readonly ListedName[]> {
    const usable = [...providersWithKey(env), ...builtInProviders()]
    const known = await Promise.all(usable.map(({ id }) => listModels(id)))
    const served = (await findLocalServers(probe)).flatMap(({ provider, models }) =>
      models.map((id): ListedName => ({ id: `${provider}/${id}`, provider })),
    )
    const own = Object.entries(aliases).map(([id, [first = DEMO]]): ListedName => ({
      id,
      provider: first.split("/")[0] as string,
    }))
    return [...own, ...known.flat().map(listed), ...served]
  }

  return () => {
    if (!list || now() >= until) {
      list = collect()
      until = now() + FRESH_MS
    }
    return list
  }
}

function listed(model: Model): ListedName {
  return {
    id: modelName(model),
    provider: model.provider,
    ...(model.name === undefined ? {} : { name: model.name }),
    ...(model.contextWindow === undefined ? {} : { contextWindow: model.contextWindow }),
    ...(model.maxTokens === undefined ? {} : { maxTokens: model.maxTokens }),
  }
}
