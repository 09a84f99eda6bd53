import { SluiceError, type HeadersView, type WireServer } from "@sluice/ai"
import type { RawData, WebSocket } from "ws"
import type { CallHandler } from "../call/handle.ts"
import type { Caller } from "../http/caller.ts"
import { parseJson } from "../inbound/body.ts"
import { LastResponse } from "./last-response.ts"
import { SocketReply } from "./reply.ts"

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001
/** Bytes of refusals that may wait for a client. */
const MAX_UNREAD_BYTES = 256 * 1024

/** What one connection is served with. */
export interface ConnectionParts {
  handler: CallHandler
  server: WireServer
  /** What a message must be of, and the wire's route that it stands for. */
  socket: NonNullable<WireServer["socket"]>
  /** Of the request that opened the connection: they hold for all requests on it. */
  headers: HeadersView
  keepAliveMs: number
  /** Bytes that have come so far: a message that takes long is a sign of life too. */
  bytesRead(): number
}

/**
 * One client's connection: each message is a request, each frame of the answer a message. One request at a time; the
 * newest answer is remembered for the next.
 */
export class Connection {
  readonly #socket: WebSocket
  readonly #parts: ConnectionParts
  readonly #last = new LastResponse()
  #busy = false
  #stopping = false
  #heard = true
  #bytesRead = 0
  readonly #heartbeat: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    socket.on("message", (data, isBinary) => this.#message(data, isBinary))
    socket.on("pong", () => (this.#heard = true))
    socket.on("close", () => clearInterval(this.#heartbeat))
    // The close that follows says all there is to say.
    socket.on("error", () => {})
    if (parts.keepAliveMs > 0) this.#heartbeat = setInterval(() => this.#beat(), parts.keepAliveMs).unref()
  }

  /** Lets a running answer end, and closes. */
  stop(): void {
    this.#stopping = true
    if (!this.#busy) this.#socket.close(GOING_AWAY, "the gateway is stopping")
  }

  /** A client that does not answer a ping until the next one is due is gone. */
  #beat(): void {
    const bytesRead = this.#parts.bytesRead()
    if (!this.#heard && bytesRead === this.#bytesRead) return this.#socket.terminate()
    this.#heard = false
    this.#bytesRead = bytesRead
    this.#socket.ping()
  }

  #message(data: RawData, isBinary: boolean): void {
    this.#heard = true
    const { server, socket, handler } = this.#parts
    let request: Record<string, unknown>
    let raw: Uint8Array
    try {
      raw = bytesOf(data)
      request = parseJson(raw) as Record<string, unknown>
      if (isBinary) throw badMessage("Messages must be text.")
      const { type } = request
      if (type !== socket.request) {
        throw badMessage(
          `Messages must be of the type ${socket.request}${typeof type === "string" ? `, not ${type.slice(0, 60)}` : ""}.`,
          "type",
        )
      }
      if (this.#busy) throw busy()
    } catch (error) {
      this.#refuse(SluiceError.is(error) ? error : badMessage("The message could not be read."))
      return
    }
    const { type: _type, ...body } = request
    this.#busy = true
    const reply = new SocketReply(this.#socket, () => this.#free())
    const door = { server, path: socket.path, op: socket.op, params: {} }
    void handler.handle(this.#caller(raw, { ...body, stream: true }), reply, door)
  }

  #caller(raw: Uint8Array, json: Record<string, unknown>): Caller {
    const { headers } = this.#parts
    const socket = this.#socket
    return {
      headers,
      query: new URLSearchParams(),
      json,
      last: this.#last,
      body: async () => raw,
      onLeave(run) {
        if (socket.readyState !== socket.OPEN) run()
        socket.once("close", run)
        return () => socket.off("close", run)
      },
    }
  }

  #free(): void {
    this.#busy = false
    if (this.#stopping) this.stop()
  }

  #refuse(error: SluiceError): void {
    // Who asks on without reading what is answered would be answered without bound.
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) return this.#socket.terminate()
    const { status, body } = this.#parts.server.failure(error)
    this.#socket.send(JSON.stringify({ type: "error", status, ...(body as object) }))
  }
}

function bytesOf(data: RawData): Uint8Array {
  return Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

function badMessage(message: string, param?: string): SluiceError {
  return new SluiceError({ code: "invalid_request", status: 400, message, ...(param === undefined ? {} : { param }) })
}

function busy(): SluiceError {
  return new SluiceError({
    code: "concurrency_limited",
    status: 429,
    message: "An answer is being made on this connection; it takes one request at a time.",
    hint: "Wait for its end, or open another connection.",
  })
}
