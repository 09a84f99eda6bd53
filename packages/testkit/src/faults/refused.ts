import { createServer } from "node:net"
import { listen } from "../loopback.ts"

/** The URL of a port of this machine on which nobody listens: a connection to it is refused. */
export async function refusedUrl(): Promise<string> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
