import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Server as NetServer, Socket } from "node:net"
import type { Duplex } from "node:stream"
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib"
import { openSockets, type OpenSockets } from "./sockets.ts"
import { wait } from "./wait.ts"

/** A request as a server of this package saw it. */
export interface SeenRequest {
  /** Counted from 0 per server. */
  index: number
  method: string
  /** With the query. */
  path: string
  /** Names in lower case; values of repeated headers joined by a comma. */
  headers: Record<string, string>
  /** Names and values in turns, as they came. */
  rawHeaders: readonly string[]
  /** As text, decompressed. */
  body: string
  /** The body as it came. */
  bytes: Uint8Array
  /** The body as JSON; `undefined` where it is none. */
  json: unknown
  /** Milliseconds since the server began to listen. */
  atMs: number
  /** When the client left before the answer's end; `undefined` while it has not. */
  abortedAtMs?: number
  /** When the socket of the request was closed. */
  closedAtMs?: number
  /** An earlier request came over the same connection. */
  reused: boolean
  /** The answer was written to its end. */
  answered: boolean
}

/** A server on 127.0.0.1 with a port of its own. */
export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  url: string
  port: number
  /** Oldest first. */
  requests: readonly SeenRequest[]
  sockets: OpenSockets
  /** Ends everything that is under way; resolves when no handle is left. */
  close(): Promise<void>
}

/** Answers one request. `signal` is aborted when the client leaves and when the server is closed. */
export type Handler = (request: SeenRequest, response: ServerResponse, signal: AbortSignal) => Promise<void>

/** Listens on a free port of 127.0.0.1. */
export async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      server.off("error", reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}

/** So many bytes, then a wait. */
export interface Rate {
  bytes: number
  everyMs: number
}

/** What a server does besides answering. */
export interface LoopbackOptions {
  /** Sees every connection first, counted from 0, and may destroy it. */
  onConnection?: (socket: Socket, index: number) => void
  /** Takes connections that ask for another protocol. Default: such a request is answered like any other. */
  onUpgrade?: (message: IncomingMessage, socket: Duplex, head: Buffer, elapsedMs: number) => void
  /** How fast the body of a request is read. Default: as fast as it comes. */
  requestRate?: (request: SeenRequest) => Rate | undefined
}

/** Starts an HTTP server that keeps what it saw. A handler that throws answers 500, or cuts what it had begun. */
export async function serveLoopback(handler: Handler, options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const requests: SeenRequest[] = []
  const running = new Set<Promise<void>>()
  const closing = new AbortController()
  const started = performance.now()
  const elapsed = (): number => performance.now() - started
  const known = new WeakSet<Socket>()
  const closings = new WeakMap<Socket, (() => void)[]>()
  const server: Server = createServer((message, response) => {
    const work = answer(message, response).finally(() => running.delete(work))
    running.add(work)
  })
  // A recording or a scripted silence may last as long as it likes.
  server.requestTimeout = 0
  server.headersTimeout = 0
  const sockets = openSockets(server)
  const { onConnection, onUpgrade } = options
  if (onUpgrade) server.on("upgrade", (message, socket, head) => onUpgrade(message, socket, head, elapsed()))
  if (onConnection) server.prependListener("connection", (socket: Socket) => onConnection(socket, sockets.total))
  const port = await listen(server)

  /** What is to be done when a socket is closed: one listener for all requests that come over it. */
  function whenClosed(socket: Socket): (() => void)[] {
    const before = closings.get(socket)
    if (before) return before
    const list: (() => void)[] = []
    closings.set(socket, list)
    socket.once("close", () => list.forEach((run) => run()))
    return list
  }

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController()
    const leave = (): void => left.abort(new Error("The server was closed."))
    closing.signal.addEventListener("abort", leave, { once: true })
    const request: SeenRequest = {
      index: requests.length,
      method: message.method ?? "GET",
      path: message.url ?? "/",
      headers: headersOf(message),
      rawHeaders: message.rawHeaders,
      body: "",
      bytes: new Uint8Array(0),
      json: undefined,
      atMs: elapsed(),
      reused: known.has(message.socket),
      answered: false,
    }
    requests.push(request)
    known.add(message.socket)
    whenClosed(message.socket).push(() => {
      request.closedAtMs = elapsed()
    })
    response.once("close", () => {
      request.answered = response.writableFinished
      if (!response.writableFinished && !closing.signal.aborted) request.abortedAtMs ??= elapsed()
      left.abort(new Error("The client left."))
    })
    try {
      request.bytes = await readBody(message, options.requestRate?.(request), left.signal)
      request.body = decompress(request.bytes, message.headers["content-encoding"]).toString("utf8")
      request.json = parse(request.body)
      await handler(request, response, left.signal)
    } catch (error) {
      if (!left.signal.aborted && !response.headersSent) {
        response.writeHead(500, { "content-type": "text/plain" }).end(String(error))
      } else if (!response.writableEnded) response.destroy()
    } finally {
      closing.signal.removeEventListener("abort", leave)
    }
  }

  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= (async () => {
      closing.abort()
      const done = new Promise<void>((resolve) => server.close(() => resolve()))
      sockets.destroy()
      await done
      await Promise.allSettled(running)
    })()
    return closed
  }
  return { url: `http://127.0.0.1:${port}`, port, requests, sockets, close, [Symbol.asyncDispose]: close }
}

/** Headers of a message with lower-case names. */
export function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headersDistinct)) if (value) headers[name] = value.join(", ")
  return headers
}

async function readBody(message: IncomingMessage, rate: Rate | undefined, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message as AsyncIterable<Buffer>) {
    parts.push(part)
    if (rate) await wait((part.length / rate.bytes) * rate.everyMs, signal)
  }
  return Buffer.concat(parts)
}

function decompress(bytes: Uint8Array, encoding: string | undefined): Buffer {
  const body = Buffer.from(bytes)
  switch (encoding?.toLowerCase()) {
    case "gzip":
      return gunzipSync(body)
    case "deflate":
      return inflateSync(body)
    case "br":
      return brotliDecompressSync(body)
    case "zstd":
      return zstdDecompressSync(body)
    default:
      return body
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Writes and waits until the bytes are with the system, so that the next write is a piece of its own. */
export function writeOut(response: ServerResponse, bytes: Uint8Array | string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const aborted = (): void => reject(signal.reason as Error)
    signal.addEventListener("abort", aborted, { once: true })
    response.write(bytes, (error) => {
      signal.removeEventListener("abort", aborted)
      if (error) reject(error)
      else resolve()
    })
  })
}
