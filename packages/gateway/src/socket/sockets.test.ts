import { createServer } from "node:http"
import { connect, type AddressInfo } from "node:net"
import { openaiResponsesServer } from "@sluice/ai/wires/openai-responses/server"
import { expect, onTestFinished, test } from "vitest"
import type { CallHandler } from "../call/handle.ts"
import type { ApiKey } from "../gateway-keys.ts"
import type { Settings } from "../options.ts"
import type { KeyStore } from "../store/keys.ts"
import { Sockets } from "./sockets.ts"

const KEY: ApiKey = { id: "key_1", name: "one", hint: "", createdAt: 0 }

test("who is being looked at when the gateway stops is not let in after that", async () => {
  let letIn = (): void => {}
  const looked = Promise.withResolvers<void>()
  const verify = (): Promise<ApiKey> => {
    looked.resolve()
    return new Promise((resolve) => (letIn = () => resolve(KEY)))
  }
  const sockets = new Sockets({
    servers: [openaiResponsesServer],
    settings: { anonymous: false, maxSocketsPerKey: 9, maxBodyBytes: 1000, keepAliveMs: 0 } as Settings,
    keys: { verify } as unknown as KeyStore,
    handler: {} as CallHandler,
  })
  const server = createServer().on("upgrade", (request, socket, head) => void sockets.upgrade(request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1")
  onTestFinished(() => void client.destroy())
  client.write(
    "GET /v1/responses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  )
  await looked.promise
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  sockets.stop()
  let text = ""
  client.on("data", (part) => (text += String(part)))
  letIn()
  await closed
  await expect.poll(() => text).toMatch(/^HTTP\/1\.1 503 [^]*Connect again/)
})
