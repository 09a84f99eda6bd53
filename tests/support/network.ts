import { createServer, request as httpRequest, type Server } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

export const CERTIFICATE: string = fileURLToPath(new URL("./tls/certificate.pem", import.meta.url))
export const KEY: string = fileURLToPath(new URL("./tls/key.pem", import.meta.url))
/** A name that only the proxies of these tests know: this machine. */
export const NAME = "upstream.test"

/** Listens on loopback until the test is over. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

export interface Proxy {
  url: string
  /** `CONNECT name:port` for a tunnel, `GET http://…` for a request that is passed on. */
  seen: string[]
}

/** A proxy as companies have them: it tunnels, and passes plain requests on. It alone knows where `upstream.test` is. */
export async function proxy(): Promise<Proxy> {
  const seen: string[] = []
  const resolve = (name: string): string => (name === NAME ? "127.0.0.1" : name)
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    const { hostname, port, pathname, search } = new URL(request.url ?? "")
    const onward = httpRequest(
      { host: resolve(hostname), port, path: pathname + search, method: request.method, headers: request.headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers)
        reply.pipe(response)
      },
    )
    onward.on("error", () => response.destroy())
    request.pipe(onward)
  })
  server.on("connect", (request, client: Socket, head: Buffer) => {
    seen.push(`CONNECT ${request.url}`)
    const { hostname, port } = new URL(`http://${request.url}`)
    const onward = connect(Number(port), resolve(hostname), () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      onward.write(head)
      onward.pipe(client)
      client.pipe(onward)
    })
    onward.on("error", () => client.destroy())
    client.on("error", () => onward.destroy())
    client.on("close", () => onward.destroy())
  })
  return { url: `http://127.0.0.1:${await listen(server)}`, seen }
}
