import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { openSockets, type OpenSockets } from "@sluice/testkit"
import { type WebSocket, WebSocketServer } from "ws"

/** How a handshake is answered in place of an agreement. */
export interface HandshakeAnswer {
  status: number
  headers?: Record<string, string>
  body?: string
  /** The body never ends. */
  hang?: boolean
}

/** What a host does. */
export interface SocketPlan {
  /** For the nth handshake; `undefined` agrees. A promise holds it up. */
  handshake?(
    n: number,
    request: IncomingMessage,
  ): HandshakeAnswer | undefined | void | Promise<HandshakeAnswer | undefined | void>
  opened?(socket: WebSocket): void
  /** A request came on the nth socket. */
  request?(text: string, socket: WebSocket, n: number): void
  /** Answers to pings. Default true. */
  pong?: boolean
  /** Headers of the agreement. */
  headers?: Record<string, string>
  /** Answers requests that are no handshake. */
  http?: Parameters<typeof createServer>[1]
}

/** A real WebSocket host on loopback. */
export interface SocketHost extends AsyncDisposable {
  /** With `ws:`. */
  url: string
  httpUrl: string
  handshakes: IncomingHttpHeaders[]
  requests: string[]
  /** How the peers closed, in the order of the closings. */
  closings: { code: number; reason: string }[]
  pings: number
  sockets: OpenSockets
  peers: ReadonlySet<WebSocket>
}

export async function socketHost(plan: SocketPlan = {}): Promise<SocketHost> {
  const server = createServer(plan.http as never)
  const accepting = new WebSocketServer({ noServer: true, autoPong: plan.pong ?? true })
  const host = {
    handshakes: [] as IncomingHttpHeaders[],
    requests: [] as string[],
    closings: [] as { code: number; reason: string }[],
    pings: 0,
    sockets: openSockets(server),
    peers: accepting.clients,
  }
  accepting.on("headers", (lines) => {
    for (const [name, value] of Object.entries(plan.headers ?? {})) lines.push(`${name}: ${value}`)
  })
  server.on("upgrade", (request, stream: Duplex, head) => {
    stream.on("error", () => {})
    // A peer that leaves during the handshake is only noticed by reading.
    stream.on("end", () => stream.destroy())
    stream.resume()
    const n = host.handshakes.push(request.headers)
    void Promise.resolve(plan.handshake?.(n, request)).then((answer) => {
      if (answer) return refuse(stream, answer)
      if (stream.destroyed) return
      accepting.handleUpgrade(request, stream, head, (socket) => {
        socket.on("error", () => {})
        socket.on("ping", () => host.pings++)
        socket.on("close", (code, reason) => host.closings.push({ code, reason: String(reason) }))
        socket.on("message", (data) => {
          const text = String(data)
          host.requests.push(text)
          plan.request?.(text, socket, n)
        })
        plan.opened?.(socket)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(host, {
    url: `ws://127.0.0.1:${port}`,
    httpUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      host.sockets.destroy()
      await closed
    },
  })
}

function refuse(stream: Duplex, { status, headers = {}, body = "", hang }: HandshakeAnswer): void {
  const length = hang ? {} : { "content-length": String(Buffer.byteLength(body)) }
  const lines = Object.entries({ ...headers, ...length, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  stream.write(`HTTP/1.1 ${status} Said\r\n${lines.join("\r\n")}\r\n\r\n${body}`)
  if (!hang) stream.end()
}
