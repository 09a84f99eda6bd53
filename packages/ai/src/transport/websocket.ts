import type { HttpRequest, SocketTarget } from "../contract/endpoint.ts"
import { type Channel, type Exchange, REFUSED_WITH, type Transport } from "../contract/transport.ts"
import { SluiceError } from "../model/errors.ts"
import { KeptSocket, type Refusal, type SocketHooks, type SocketSettings } from "./kept-socket.ts"
import type { NetworkOptions } from "./network.ts"
import { DEFAULT_LIMITS, type WebSocketLimits } from "./websocket-limits.ts"
import { inProgress } from "./socket-errors.ts"

export { type ClientCertificate, networkFromEnvironment, type NetworkOptions } from "./network.ts"

/** What `websocketTransport` takes. */
export interface WebSocketOptions extends Omit<NetworkOptions, "connections">, Partial<WebSocketLimits> {
  /** Carries what needs no socket, and what finds no room among the sockets. */
  http: Transport
}
export { socketLimitsFromEnvironment, type WebSocketLimits } from "./websocket-limits.ts"

/** Longest delay that timers take. */
const MAX_TIMER_MS = 2_147_483_647

/** A transport for Node that keeps WebSockets by key. */
export interface WebSocketTransport extends Transport {
  /** Opens the socket of a key and keeps it, so that the first request finds it open. Does nothing where there is one. */
  warm(socket: SocketTarget, signal: AbortSignal): Promise<void>
  /** Closes all sockets, those in use as well. The transport for HTTP is the caller's. */
  close(reason?: string): Promise<void>
}

/**
 * A transport over WebSockets that are kept by key, and over the given one for everything else.
 *
 * One request is under way on a socket at a time, because hosts refuse a second one. A second channel of a key that
 * is in use has a socket of its own for once, with an empty memory: it need not wait for an answer that may take
 * minutes. If there are too many sockets, a channel is plain HTTP; its `kind` says so.
 *
 * A socket is used again only if it is open, has the same credential, and has shown a sign of life lately. A refused
 * handshake gives a channel whose one exchange is the refusal, with its status, headers and body.
 *
 * @throws SluiceError `config` for options that are no numbers a limit can have
 */
export function websocketTransport(options: WebSocketOptions): WebSocketTransport {
  return new SocketPool(options)
}

class SocketPool implements WebSocketTransport, SocketHooks {
  readonly #http: Transport
  readonly #settings: SocketSettings
  readonly #maxSockets: number
  /** The socket of each key that is used again. */
  readonly #kept = new Map<string, KeptSocket>()
  readonly #all = new Set<KeptSocket>()
  readonly #leaving = new Set<Promise<void>>()
  #closed = false

  constructor(options: WebSocketOptions) {
    const { http, httpProxy, httpsProxy, noProxy, ca, clientCertificate, ...limits } = options
    const given = { ...DEFAULT_LIMITS, ...withoutUndefined(limits) }
    for (const [name, value] of Object.entries(given)) checkLimit(name, value)
    const network: NetworkOptions = withoutUndefined({ httpProxy, httpsProxy, noProxy, ca, clientCertificate })
    const { maxSockets, ...settings } = given
    this.#http = http
    this.#maxSockets = maxSockets
    this.#settings = { ...settings, network }
  }

  async open(target: SocketTarget | undefined, signal: AbortSignal): Promise<Channel> {
    if (!target) return this.#http.open(undefined, signal)
    for (;;) {
      if (signal.aborted) throw signal.reason
      const socket = this.#find(target) ?? this.#create(target)
      if (!socket) return this.#http.open(undefined, signal)
      const refusal = await opened(socket, signal)
      if (refusal) return refusedChannel(refusal)
      // A host that agrees and then hangs up would do so again: that is the caller's to count.
      if (!socket.open) throw socket.lost
      // Another one of those who waited may have it by now.
      if (socket.claimed) continue
      socket.claim()
      return new SocketChannel(socket)
    }
  }

  async warm(target: SocketTarget, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw signal.reason
    const socket = this.#kept.get(target.key)?.claimed ? undefined : (this.#find(target) ?? this.#create(target))
    if (socket) await opened(socket, signal)
  }

  async close(reason: string = "session_disposed"): Promise<void> {
    this.#closed = true
    for (const socket of this.#all) socket.close(reason)
    await Promise.all(this.#leaving)
  }

  gone(socket: KeptSocket): void {
    this.#all.delete(socket)
    if (this.#kept.get(socket.key) === socket) this.#kept.delete(socket.key)
  }

  free(socket: KeptSocket): void {
    const kept = this.#kept.get(socket.key)
    if (kept === undefined) this.#kept.set(socket.key, socket)
    else if (kept !== socket) socket.close("spare")
  }

  /** The kept socket of a key, if it can be used or waited for. */
  #find(target: SocketTarget): KeptSocket | undefined {
    const kept = this.#kept.get(target.key)
    if (!kept || kept.claimed) return undefined
    const reason = kept.unfit(target)
    if (reason === undefined) return kept
    // One that is still connecting belongs to those who wait for it.
    if (!kept.connecting) kept.close(reason)
    return undefined
  }

  /** A new socket; the one of its key, if there is none. `undefined` when there is no room. */
  #create(target: SocketTarget): KeptSocket | undefined {
    if (this.#closed) throw new SluiceError({ code: "config", message: "The WebSocket transport is closed." })
    if (this.#all.size >= this.#maxSockets && !this.#evict()) return undefined
    const socket = new KeptSocket(target, this.#settings, this)
    this.#all.add(socket)
    this.#leaving.add(socket.gone)
    void socket.gone.then(() => this.#leaving.delete(socket.gone))
    if (!this.#kept.has(target.key)) this.#kept.set(target.key, socket)
    return socket
  }

  #evict(): boolean {
    let oldest: KeptSocket | undefined
    for (const socket of this.#all) {
      if (socket.claimed || socket.connecting) continue
      if (!oldest || socket.usedAt < oldest.usedAt) oldest = socket
    }
    oldest?.close("no-room")
    return oldest !== undefined
  }
}

/** Waits for a handshake with others. The last one who leaves ends it, since nobody else would. */
async function opened(socket: KeptSocket, signal: AbortSignal): Promise<Refusal | undefined> {
  if (socket.open) return undefined
  socket.waiters++
  let abort: (() => void) | undefined
  try {
    return await new Promise((resolve, reject) => {
      abort = () => reject(signal.reason as Error)
      signal.addEventListener("abort", abort, { once: true })
      socket.opening.then(resolve, reject)
    })
  } finally {
    if (abort) signal.removeEventListener("abort", abort)
    socket.waiters--
    if (socket.waiters === 0 && socket.connecting) socket.close("aborted")
  }
}

class SocketChannel implements Channel {
  readonly kind = "websocket"
  readonly memory: Map<string, unknown>
  readonly #socket: KeptSocket
  #used = false

  constructor(socket: KeptSocket) {
    this.#socket = socket
    this.memory = socket.memory
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
    if (this.#used) throw inProgress()
    this.#used = true
    try {
      return this.#socket.send(request, signal)
    } catch (error) {
      this.#socket.close("failed")
      throw error
    }
  }

  close(reason: string): void {
    if (this.#used) return
    this.#used = true
    this.#socket.close(reason)
  }
}

/** A channel whose exchange is the host's refusal of the handshake, so that the wire reads it like any error. */
function refusedChannel({ status, headers, body }: Refusal): Channel {
  return {
    kind: "websocket",
    memory: new Map([[REFUSED_WITH, status]]),
    send: async (_request, signal) => {
      if (signal.aborted) throw signal.reason
      return { head: { status, headers, channel: "websocket" }, chunks: once(body), cancel: () => {} }
    },
    close: () => {},
  }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  if (body.length > 0) yield body
}

function checkLimit(name: string, value: unknown): void {
  const zero = name.endsWith("Ms")
  const most = zero ? MAX_TIMER_MS : Number.MAX_SAFE_INTEGER
  if (typeof value === "number" && value >= (zero ? 0 : 1) && value <= most) return
  throw new SluiceError({
    code: "config",
    message: `${name} of the WebSocket transport must be a number from ${zero ? 0 : 1} to ${most}.`,
    param: name,
  })
}

/** The given fields without those that are `undefined`, which would hide a default. */
function withoutUndefined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never
}
