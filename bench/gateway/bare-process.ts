/** The proxy that is measured against: node:http in front, undici behind, nothing in between. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Agent, stream } from "undici"

const upstream = process.argv[2] as string
const dispatcher = new Agent()
const server = createServer((request, response) => {
  stream(
    `${upstream}${request.url ?? "/"}`,
    { dispatcher, method: "POST", headers: { "content-type": "application/json" }, body: request },
    ({ statusCode, headers }) => {
      response.writeHead(statusCode, { "content-type": String(headers["content-type"]) })
      return response
    },
  ).catch(() => response.destroy())
})
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on("message", () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
process.on("disconnect", () => process.exit(0))
