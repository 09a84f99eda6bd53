import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { type RawData, WebSocket } from "ws"
import type { HttpRequest, SocketTarget } from "../contract/endpoint.ts"
import type { Frame } from "../contract/frame.ts"
import type { Exchange } from "../contract/transport.ts"
import { SluiceError } from "../model/errors.ts"
import type { NetworkOptions } from "./network.ts"
import { closedByUs, connectTimeout, notUpgraded, sendFailed, socketError } from "./socket-errors.ts"
import { SocketExchange, type SocketAction, type SocketLimits } from "./socket-exchange.ts"
import { type ReadSocket, SocketReading } from "./socket-reading.ts"
import { connectTo, type Destination, destinationOf } from "./tunnel.ts"

/** How long the peer may take to agree to a closing. */
const CLOSE_GRACE_MS = 500
/** Most of a refusal's body that is kept, and how long it is waited for. */
const REFUSAL_BYTES = 1024 * 1024
const REFUSAL_MS = 2_000
/** What a closing carries as its reason may have 123 bytes (RFC 6455, section 5.5.1); ours are words. */
const REASON_CHARS = 60

/** Limits besides those of the state. */
export interface SocketSettings extends SocketLimits {
  connectTimeoutMs: number
  maxFrameBytes: number
  network: NetworkOptions
}

/** The host's answer to a handshake that it refused. */
export interface Refusal {
  status: number
  headers: Headers
  body: Uint8Array
}

/** What the owner of a socket is told. */
export interface SocketHooks {
  /** It must not be used again. */
  gone(socket: KeptSocket): void
  /** An exchange ended well: it may be used again. */
  free(socket: KeptSocket): void
}

type Connected = (error: Error | null, socket?: Socket) => void

/** Headers that say whose a socket is. */
const CREDENTIALS = ["authorization", "api-key", "x-api-key"] as const

/** A WebSocket with what was learned on it. The state machine decides; this carries out. */
export class KeptSocket implements ReadSocket {
  readonly key: string
  readonly memory: Map<string, unknown> = new Map()
  /** Ends with the handshake: `undefined` when the socket is open. Rejects with a `SluiceError` when there was no answer. */
  readonly opening: Promise<Refusal | undefined>
  /** Callers that wait for the handshake. */
  waiters = 0
  /** A channel has it. */
  claimed = false
  usedAt: number
  /** Settles when the connection is gone. */
  readonly gone: Promise<void>
  readonly #target: SocketTarget
  readonly #hooks: SocketHooks
  readonly #settings: SocketSettings
  readonly #state: SocketExchange
  readonly #connecting = new AbortController()
  readonly #ws: WebSocket
  #socket: Socket | undefined
  #head: Headers | undefined
  #reading: SocketReading | undefined
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #settled = false
  #settle!: { resolve(refusal: Refusal | undefined): void; reject(error: unknown): void; gone(): void }

  /** @throws SluiceError `config` for an address that is none */
  constructor(target: SocketTarget, settings: SocketSettings, hooks: SocketHooks) {
    this.key = target.key
    this.#target = target
    this.#settings = settings
    this.#hooks = hooks
    this.#state = new SocketExchange(settings)
    this.usedAt = Date.now()
    this.#ws = this.#create()
    let gone!: () => void
    this.gone = new Promise((resolve) => (gone = resolve))
    this.opening = new Promise((resolve, reject) => (this.#settle = { resolve, reject, gone }))
    // Nobody may be waiting any more when it fails.
    this.opening.catch(() => {})
    this.#listen()
  }

  /** Whether a request can be sent. The peer's closing may have come while what was before it is not yet read. */
  get open(): boolean {
    return this.#state.state === "open" && this.#ws.readyState === WebSocket.OPEN
  }

  get connecting(): boolean {
    return this.#state.state === "connecting"
  }

  /** Why this socket cannot serve a target: it may have another credential by now, or have been silent for too long. */
  unfit({ url, headers }: SocketTarget): string | undefined {
    const own = this.#target
    if (url !== own.url) return "address-changed"
    if (CREDENTIALS.some((name) => headers[name] !== own.headers[name])) return "token-refresh"
    if (this.connecting) return undefined
    return this.open ? this.#state.unfit(Date.now()) : "closed"
  }

  claim(): void {
    this.claimed = true
    this.#state.taken()
    this.#socket?.ref()
  }

  /** Nobody has it any more. A program may end while it is kept. */
  release(): void {
    this.claimed = false
    this.usedAt = Date.now()
    this.#state.finish(this.usedAt)
    this.flow()
    this.#socket?.unref()
    this.#hooks.free(this)
  }

  /** Sends a request. @throws SluiceError `network` when the socket is not open any more, `config` without a body */
  send(request: HttpRequest, signal: AbortSignal): Exchange {
    if (signal.aborted) throw signal.reason
    const { body } = request
    if (body === undefined) {
      throw new SluiceError({
        code: "config",
        message: "A request over a WebSocket is its body, and this one has none.",
        hint: "Let `connect` of the endpoint give nothing for requests without a body.",
      })
    }
    this.#state.begin()
    const reading = new SocketReading(this, this.#state, signal)
    this.#reading = reading
    this.#write(body)
    // What a handshake said is old by the second exchange.
    const headers = this.#head ?? new Headers()
    this.#head = undefined
    return {
      head: { status: 101, headers, channel: "websocket" },
      chunks: { [Symbol.asyncIterator]: () => reading },
      send: (frame) => this.#write(frame.data),
      cancel: (reason) => reading.cancel(reason),
    }
  }

  /** Closes it, wherever it stands; what is under way on it fails. May be called more than once. */
  close(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#state.failed(closedByUs(reason))
    this.#hooks.gone(this)
    this.#connecting.abort()
    clearTimeout(this.#timer)
    this.#reading?.wake()
    const ws = this.#ws
    if (ws.readyState === WebSocket.CONNECTING) return ws.terminate()
    if (ws.readyState === WebSocket.CLOSED) return
    this.#socket?.ref()
    if (ws.readyState === WebSocket.OPEN) {
      ws.close(1000, reason.slice(0, REASON_CHARS))
      // The peer's own closing is behind what it has sent.
      ws.resume()
    }
    this.#timer = setTimeout(() => ws.terminate(), CLOSE_GRACE_MS)
    this.#timer.unref()
  }

  /** Reads on once the reader has caught up, and no further while it has not. */
  flow(): void {
    const { paused } = this.#state
    if (paused === this.#ws.isPaused || this.#ws.readyState === WebSocket.CONNECTING) return
    if (paused) this.#ws.pause()
    else this.#ws.resume()
  }

  #create(): WebSocket {
    const { url, headers } = this.#target
    const { maxFrameBytes } = this.#settings
    const given: Record<string, string> = {}
    for (const name of Object.keys(headers)) if (headers[name] !== undefined) given[name] = headers[name]
    try {
      const to = destinationOf(new URL(url))
      return new WebSocket(url, [], {
        headers: given,
        maxPayload: maxFrameBytes,
        // Frames are small and many; to inflate each costs more than it saves.
        perMessageDeflate: false,
        followRedirects: false,
        createConnection: ((_options: unknown, done: Connected) => {
          void this.#connect(to, done)
          return undefined
        }) as never,
      })
    } catch (error) {
      throw new SluiceError(
        {
          code: "config",
          message: "The address of the WebSocket cannot be used.",
          hint: "It must begin with ws:// or wss://; check the base URL of the provider.",
        },
        { cause: error },
      )
    }
  }

  async #connect(to: Destination, done: Connected): Promise<void> {
    let socket: Socket
    try {
      socket = await connectTo(to, this.#settings.network, this.#connecting.signal)
    } catch (error) {
      return done(error as Error)
    }
    if (this.#ended) socket.destroy()
    else done(null, socket)
  }

  #listen(): void {
    const ws = this.#ws
    const { connectTimeoutMs } = this.#settings
    if (connectTimeoutMs > 0) {
      this.#timer = setTimeout(() => {
        this.#fail(connectTimeout(connectTimeoutMs), "connect-timeout")
      }, connectTimeoutMs)
      this.#timer.unref()
    }
    ws.on("upgrade", (response) => {
      this.#socket = response.socket
      this.#head = headersOf(response)
    })
    ws.on("open", () => this.#opened())
    ws.on("unexpected-response", (_request, response) => void this.#refused(response))
    ws.on("message", (data, binary) => {
      this.#do(this.#state.frame(frameOf(data, binary), Date.now()))
      this.flow()
      this.#reading?.wake()
    })
    const alive = (): void => this.#state.alive(Date.now())
    ws.on("ping", alive)
    ws.on("pong", alive)
    ws.on("error", (error) => this.#fail(socketError(error), "failed"))
    ws.on("close", (code, reason) => {
      this.#state.closed(code, String(reason))
      this.#over()
    })
  }

  #opened(): void {
    clearTimeout(this.#timer)
    if (this.#ended) return
    this.#state.opened(Date.now())
    this.#socket?.unref()
    const { pingIntervalMs, pongTimeoutMs, maxIdleMs } = this.#settings
    const every = Math.min(...[pingIntervalMs, pongTimeoutMs, maxIdleMs].filter((ms) => ms > 0))
    if (Number.isFinite(every)) {
      this.#timer = setInterval(() => this.#do(this.#state.tick(Date.now())), every)
      this.#timer.unref()
    }
    this.#settled = true
    this.#settle.resolve(undefined)
  }

  /** The status is known: what its body does changes nothing about that, and is waited for a moment only. */
  async #refused(response: IncomingMessage): Promise<void> {
    const parts: Buffer[] = []
    const told = (): void => {
      const status = response.statusCode ?? 0
      if (!this.#settled) {
        this.#settled = true
        if (status >= 300) this.#settle.resolve({ status, headers: headersOf(response), body: Buffer.concat(parts) })
        else this.#settle.reject(notUpgraded(status))
      }
      this.close("refused")
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(told, REFUSAL_MS)
    this.#timer.unref()
    let size = 0
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        parts.push(part)
        size += part.length
        if (size > REFUSAL_BYTES) break
      }
    } catch {
      // What came before the cut is all there is to report.
    }
    told()
  }

  #do(action: SocketAction | undefined): void {
    if (!action) return
    if (action.do === "ping")
      this.#ws.ping(undefined, undefined, (error) => error && this.#fail(sendFailed(error), "failed"))
    else this.close(action.reason)
  }

  #write(data: string | Uint8Array): void {
    // Always as text: a body is JSON, in bytes or not.
    this.#ws.send(data, { binary: false }, (error) => error && this.#fail(sendFailed(error), "failed"))
  }

  #fail(error: SluiceError, reason: string): void {
    this.#state.failed(error)
    if (!this.#settled) {
      this.#settled = true
      this.#settle.reject(this.#state.failure)
    }
    this.close(reason)
  }

  /** The connection is gone: nothing of it stays behind. */
  #over(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#connecting.abort()
    if (!this.#settled) {
      this.#settled = true
      this.#settle.reject(this.#state.failure)
    }
    this.#hooks.gone(this)
    this.#reading?.wake()
    this.#settle.gone()
    this.#ws.removeAllListeners()
    this.#ws.on("error", () => {})
  }
}

function frameOf(data: RawData, binary: boolean): Frame {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data
  return { data: binary ? bytes : bytes.toString() }
}

function headersOf(response: IncomingMessage): Headers {
  const headers = new Headers()
  for (let n = 0; n + 1 < response.rawHeaders.length; n += 2) {
    headers.append(response.rawHeaders[n] as string, response.rawHeaders[n + 1] as string)
  }
  return headers
}
