import { SluiceError, type HeadersView, type WireServer, type WireSocket } from "@sluice/ai"
import type { RawData, WebSocket } from "ws"
import type { CallHandler } from "../call/handle.ts"
import { told } from "../call/told.ts"
import type { Caller } from "../http/caller.ts"
import { parseBody, type ReadBody } from "../inbound/body.ts"
import { LastResponse } from "../kept/last-response.ts"
import { SocketReply } from "./reply.ts"

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001
/** Bytes of refusals that may wait for a client. */
const MAX_UNREAD_BYTES = 256 * 1024

/** What one connection is served with. */
export interface ConnectionParts {
  handler: CallHandler
  server: WireServer
  /** How the wire is spoken over a connection. */
  socket: WireSocket
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
    let read: ReadBody
    try {
      const { body, raw } = parseBody(bytesOf(data))
      if (isBinary) throw badMessage("Messages must be text.", "Send the JSON as a text message.")
      read = { body: socket.body(body as Record<string, unknown>), raw }
      if (this.#busy) throw busy()
    } catch (error) {
      this.#refuse(
        SluiceError.is(error) ? error : badMessage("The message could not be read.", "Send one JSON object."),
      )
      return
    }
    this.#busy = true
    const reply = new SocketReply(this.#socket, { refusal: socket.refusal, ended: () => this.#free() })
    const door = { server, path: socket.path, op: socket.op, params: {} }
    void handler.handle(this.#caller(read), reply, door)
  }

  #caller(read: ReadBody): Caller {
    const { headers } = this.#parts
    const socket = this.#socket
    return {
      headers,
      query: new URLSearchParams(),
      read,
      last: this.#last,
      body: async () => read.raw,
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
    const { server, socket } = this.#parts
    this.#socket.send(JSON.stringify(socket.refusal(server.failure(told(error)))))
  }
}

function bytesOf(data: RawData): Uint8Array {
  return Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

function badMessage(message: string, hint: string): SluiceError {
  return new SluiceError({ code: "invalid_request", status: 400, message, hint })
}

function busy(): SluiceError {
  return new SluiceError({
    code: "concurrency_limited",
    status: 429,
    message: "An answer is being made on this connection; it takes one request at a time.",
    hint: "Wait for its end, or open another connection.",
  })
}
