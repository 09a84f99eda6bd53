import type { CredentialSource, Route, Sluice, Transport } from "@sluice/ai"
import {
  baseUrlFromEnvironment,
  type EnvironmentReader,
  findProvider,
  isPrivateUrl,
  type Model,
  resolveModel,
} from "@sluice/catalog"
import { createSluice } from "@sluice/ai/auto"
import type { UndiciTransport } from "@sluice/ai/transport/undici"
import { chainSource, environmentSource, keylessSource, standardSource } from "@sluice/auth"
import type { Io } from "./io.ts"

/** Addresses of this machine, which no proxy leads to. */
const THIS_MACHINE = "localhost,127.0.0.1,::1"

/** What a command works with. */
export interface Composition {
  /** All wires and models by name, with keys from the environment. */
  sluice: Sluice
  /** Where keys come from. */
  credentials: CredentialSource
  /** Reads the environment, or nothing with `--no-env`. */
  env: EnvironmentReader
  /** The way to a model, with a key of its own if one is given. */
  route(model: Model, apiKey?: string): Promise<Route>
  /** A `fetch` over the connections, proxies and certificates that calls use. */
  fetch: typeof fetch
  /** Lets go of connections. */
  close(): Promise<void>
}

/** Puts the library together for a command. Connections are only opened, and their code is only loaded, when needed. */
export function compose(io: Io, options: { env?: boolean } = {}): Composition {
  const env: EnvironmentReader = options.env === false ? () => undefined : (name) => io.env[name]
  const lazy = lazyTransport(io)
  const credentials = sharedCredentials(env)
  const sluice = createSluice({
    env,
    resolve: (name) => resolveModel(name, { env }),
    credentials,
    transport: lazy.transport,
  })
  return {
    sluice,
    credentials,
    env,
    async route(model, apiKey) {
      const route = await sluice.route(model)
      if (model.api === "mock") return route
      return { ...route, credentials: standardSource(model, apiKey === undefined ? { env } : { env, apiKey }) }
    },
    fetch: (async (url: string, init: RequestInit) => (await lazy.load()).fetch(url, init)) as typeof fetch,
    close: lazy.close,
  }
}

/** Keys from the environment, and none for hosts that need none or are on this machine or in its network. */
function sharedCredentials(env: EnvironmentReader): CredentialSource {
  return chainSource(
    environmentSource({ env }),
    keylessSource(({ provider: id }) => {
      const provider = findProvider(id)
      if (!provider || provider.compat?.keyless) return true
      const moved = baseUrlFromEnvironment(provider, env)
      return moved !== undefined && isPrivateUrl(moved)
    }),
  )
}

function lazyTransport(io: Io): {
  transport: Transport
  load(): Promise<UndiciTransport>
  close(): Promise<void>
} {
  let loading: Promise<UndiciTransport> | undefined
  const load = (): Promise<UndiciTransport> => {
    loading ??= create(io)
    return loading
  }
  return {
    load,
    transport: { open: async (socket, signal) => (await load()).open(socket, signal) },
    close: async () => (await loading)?.close(),
  }
}

async function create(io: Io): Promise<UndiciTransport> {
  const { networkFromEnvironment, undiciTransport } = await import("@sluice/ai/transport/undici")
  const network = networkFromEnvironment(io.env)
  return undiciTransport({ ...network, noProxy: [network.noProxy, THIS_MACHINE].filter(Boolean).join(",") })
}
