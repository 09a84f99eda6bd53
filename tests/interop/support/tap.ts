import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { zstdDecompressSync } from "node:zlib"
import { WebSocket, WebSocketServer, type RawData } from "ws"

type Fields = Record<string, unknown>

/** A request over HTTP as the client sent it. */
export interface TappedRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  /** The body, taken out of its encoding and read as JSON. */
  json?: Fields
}

/** A connection that the client changed to a WebSocket. */
export interface TappedSocket {
  path: string
  headers: IncomingHttpHeaders
  /** Messages of the client. */
  sent: Fields[]
  /** Messages of the gateway. */
  received: Fields[]
}

/** A listener between a client and the gateway that keeps what the client sends, and changes nothing. */
export interface Tap extends AsyncDisposable {
  url: string
  requests: TappedRequest[]
  sockets: TappedSocket[]
}

/**
 * @param target Base URL of the gateway.
 * @param sockets Off: it refuses WebSockets, as a proxy does that speaks HTTP alone.
 */
export async function tap(target: string, { sockets: lets = true }: { sockets?: boolean } = {}): Promise<Tap> {
  const requests: TappedRequest[] = []
  const sockets: TappedSocket[] = []
  const server = createServer((request, response) => {
    const seen: TappedRequest = seenOf(request)
    requests.push(seen)
    const parts: Buffer[] = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      const json = jsonOf(Buffer.concat(parts), request.headers["content-encoding"])
      if (json) seen.json = json
    })
    const { method, headers } = request
    const onward = httpRequest(target + seen.path, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      answer.on("error", () => response.destroy())
    })
    onward.on("error", () => response.destroy())
    response.on("close", () => onward.destroy())
    request.pipe(onward)
  })
  const accepting = new WebSocketServer({ noServer: true })
  server.on("upgrade", (request, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy())
    if (!lets) {
      socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
      return
    }
    const seen: TappedSocket = { ...seenOf(request), sent: [], received: [] }
    sockets.push(seen)
    const onward = new WebSocket(target.replace(/^http/, "ws") + seen.path, { headers: ownHeaders(request) })
    onward.on("error", () => socket.destroy())
    onward.once("open", () =>
      accepting.handleUpgrade(request, socket, head, (client) => {
        client.on("message", (data) => pass(data, seen.sent, onward))
        onward.on("message", (data) => pass(data, seen.received, client))
        client.on("error", () => {}).on("close", () => onward.terminate())
        onward.on("close", () => client.terminate())
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    sockets,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function seenOf(request: IncomingMessage): { method: string; path: string; headers: IncomingHttpHeaders } {
  return { method: request.method ?? "", path: request.url ?? "", headers: request.headers }
}

function jsonOf(body: Buffer, encoding: string | undefined): Fields | undefined {
  if (body.length === 0) return undefined
  return JSON.parse((encoding === "zstd" ? zstdDecompressSync(body) : body).toString()) as Fields
}

/** Without those of the one connection, which the next one has of its own. */
function ownHeaders({ headers }: IncomingMessage): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !/^(?:host|connection|upgrade|sec-websocket-.+)$/.test(name))
  return Object.fromEntries(own) as Record<string, string>
}

function pass(data: RawData, into: Fields[], to: WebSocket): void {
  const text = String(data)
  into.push(JSON.parse(text) as Fields)
  to.send(text)
}
