import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { SluiceError, type WireServer } from "@sluice/ai"
import { WebSocketServer } from "ws"
import type { CallHandler } from "../call/handle.ts"
import { told } from "../call/told.ts"
import { unexpected } from "../call/unexpected.ts"
import { headersOf } from "../http/node.ts"
import { authorise } from "../inbound/access.ts"
import { serverFor } from "../inbound/servers.ts"
import type { Settings } from "../options.ts"
import { requestId } from "../request-id.ts"
import type { KeyStore } from "../store/keys.ts"
import { Connection } from "./connection.ts"

/** What connections are served with. */
export interface SocketsParts {
  servers: readonly WireServer[]
  settings: Settings
  keys: KeyStore
  handler: CallHandler
}

/** The WebSocket connections of a gateway. A client is let in by its key before the connection is opened. */
export class Sockets {
  readonly #parts: SocketsParts
  readonly #server: WebSocketServer
  readonly #open = new Set<Connection>()
  /** How many connections are open, by the id of their key; without one, by the empty text. */
  readonly #counts = new Map<string, number>()
  /** All sockets that asked for a WebSocket, let in or not: the server itself does not know them any more. */
  readonly #raw = new Set<Duplex>()
  #stopping = false

  constructor(parts: SocketsParts) {
    this.#parts = parts
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: parts.settings.maxBodyBytes,
    })
  }

  /** Answers a request to change the protocol. Never throws. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { servers, settings, keys, handler } = this.#parts
    const headers = headersOf(request)
    const url = new URL(request.url ?? "/", "http://gateway")
    const path = url.pathname
    const server = servers.find((one) => one.socket?.path === path)
    const ignore = (): void => {}
    socket.on("error", ignore)
    this.#raw.add(socket)
    socket.once("close", () => this.#raw.delete(socket))
    let owner: string
    try {
      owner = (await authorise({ headers, query: url.searchParams }, keys, settings.anonymous)).owner
      if (!server?.socket) throw noSocket(path, servers)
      if (this.#stopping) throw stopping()
      if (this.#countOf(owner) >= settings.maxSocketsPerKey) throw tooMany(settings.maxSocketsPerKey)
    } catch (thrown) {
      const speaker = server ?? serverFor({ headers, path, query: url.searchParams })
      refuse(socket, speaker, SluiceError.is(thrown) ? thrown : unexpected(thrown))
      return
    }
    const spoken = {
      handler,
      server,
      socket: server.socket,
      headers,
      keepAliveMs: settings.keepAliveMs,
      bytesRead: () => (socket as Socket).bytesRead,
    }
    this.#server.handleUpgrade(request, socket, head, (open) => {
      socket.off("error", ignore)
      const connection = new Connection(open, spoken)
      this.#open.add(connection)
      this.#counts.set(owner, this.#countOf(owner) + 1)
      open.once("close", () => {
        this.#open.delete(connection)
        this.#left(owner)
      })
    })
  }

  /** Lets running answers end; idle connections close at once, and no new one is opened. */
  stop(): void {
    this.#stopping = true
    for (const connection of this.#open) connection.stop()
  }

  terminate(): void {
    for (const socket of this.#raw) socket.destroy()
  }

  #countOf(owner: string): number {
    return this.#counts.get(owner) ?? 0
  }

  #left(owner: string): void {
    const count = this.#countOf(owner) - 1
    if (count > 0) this.#counts.set(owner, count)
    else this.#counts.delete(owner)
  }
}

/** By 426, and no other status, clients that try a socket first know that they are to send a plain request. */
function noSocket(path: string, servers: readonly WireServer[]): SluiceError {
  const plain = servers.some(({ routes }) => routes.some((route) => route.path === path))
  return new SluiceError({
    code: plain ? "unsupported" : "invalid_request",
    status: plain ? 426 : 404,
    message: `No WebSocket is spoken at ${path.slice(0, 200)}.`,
    hint: plain ? "POST the request; the answer can be streamed." : `One is spoken at ${socketPaths(servers)}.`,
  })
}

function socketPaths(servers: readonly WireServer[]): string {
  return servers.flatMap(({ socket }) => (socket ? [socket.path] : [])).join(" and ")
}

function stopping(): SluiceError {
  return new SluiceError({
    code: "overloaded",
    status: 503,
    message: "The gateway is stopping.",
    hint: "Connect again when it is back.",
  })
}

function tooMany(limit: number): SluiceError {
  return new SluiceError({
    code: "concurrency_limited",
    status: 429,
    message: `${limit} connections are open with this key; there may not be more.`,
    hint: "Close one that is not needed, or send the request over HTTP.",
  })
}

/** Refuses before the protocol is changed, as an ordinary response. */
function refuse(socket: Duplex, server: WireServer, error: SluiceError): void {
  const id = requestId()
  const { status, headers, body } = server.failure(told(error).with({ requestId: id }))
  const text = JSON.stringify(body)
  const lines = Object.entries({
    ...headers,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    "x-request-id": id,
    connection: "close",
  }).map(([name, value]) => (value === undefined ? "" : `${name}: ${value}\r\n`))
  socket.write(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}\r\n${text}`)
  // Not only ended: a client that keeps its side open would hold the socket for ever.
  ;(socket as Socket).destroySoon()
}
