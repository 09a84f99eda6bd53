import { homedir } from "node:os"
import type { CredentialSource, Route, Sluice, Transport } from "@sluice/ai"
import { type EnvironmentReader, type Model, resolveModel } from "@sluice/catalog"
import { createSluice } from "@sluice/ai/auto"
import type { UndiciTransport } from "@sluice/ai/transport/undici"
import type { WebSocketTransport } from "@sluice/ai/transport/websocket"
import { environmentSource, fixedSource, type SystemOptions, systemSource } from "@sluice/auth"
import type { Io } from "./io.ts"

/** A key, or several separated by commas, and where that came from, for people. */
export interface GivenKey {
  value: string
  origin: string
}

/** What a command works with. */
export interface Composition {
  /** All wires and models by name, with keys from the environment. */
  sluice: Sluice
  /** Where keys come from. */
  credentials: CredentialSource
  /** Reads the environment, or nothing with `--no-env`. */
  env: EnvironmentReader
  /** The way to a model; a key that was given is used in place of the environment's. */
  route(model: Model, key?: GivenKey): Promise<Route>
  /** A `fetch` over the connections, proxies and certificates that calls use, once their code is loaded. */
  connectedFetch(): Promise<typeof fetch>
  /** Lets go of connections. */
  close(): Promise<void>
}

/** Puts the library together for a command. Connections are only opened, and their code is only loaded, when needed. */
export function compose(io: Io, options: { env?: boolean } = {}): Composition {
  const env: EnvironmentReader = options.env === false ? () => undefined : (name) => io.env[name]
  const lazy = lazyTransport(io)
  const connectedFetch = async (): Promise<typeof fetch> => (await lazy.load()).fetch as typeof fetch
  const own: SystemOptions = {
    env,
    home: io.env["HOME"] || homedir(),
    fetch: async (input, init) => (await connectedFetch())(input, init),
  }
  const credentials = options.env === false ? environmentSource({ env }) : systemSource(own)
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
    async route(model, key) {
      const route = await sluice.route(model)
      if (model.api === "mock") return route
      return { ...route, credentials: key ? fixedSource(key.value, key.origin) : credentials }
    },
    connectedFetch,
    close: lazy.close,
  }
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
  let opening: Promise<WebSocketTransport> | undefined
  const sockets = (): Promise<WebSocketTransport> => {
    opening ??= load().then((http) => createSockets(io, http))
    return opening
  }
  return {
    load,
    transport: {
      open: async (socket, signal) => (socket ? await sockets() : await load()).open(socket, signal),
      warm: async (socket, signal) => (await sockets()).warm(socket, signal),
    },
    close: async () => {
      await (await opening)?.close()
      await (await loading)?.close()
    },
  }
}

async function createSockets(io: Io, http: Transport): Promise<WebSocketTransport> {
  const { networkFromEnvironment, socketLimitsFromEnvironment, websocketTransport } =
    await import("@sluice/ai/transport/websocket")
  const { connections: _connections, ...network } = networkFromEnvironment(io.env)
  return websocketTransport({ http, ...network, ...socketLimitsFromEnvironment(io.env) })
}

async function create(io: Io): Promise<UndiciTransport> {
  const { networkFromEnvironment, undiciTransport } = await import("@sluice/ai/transport/undici")
  return undiciTransport(networkFromEnvironment(io.env))
}
