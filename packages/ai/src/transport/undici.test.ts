import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { undiciTransport } from "./undici.ts"

const HEAD = "HTTP/1.1 200 OK\r\nX-Thing: a\r\nx-thing: b\r\ntransfer-encoding: chunked\r\n\r\n"

/** What a reader is given, piece by piece, of an answer that a host writes at once and then closes. */
async function read(answer: string): Promise<{ texts: string[]; thing: string | null; failure?: unknown }> {
  const server = createServer((socket) => {
    socket.on("error", () => {})
    socket.once("data", () => socket.end(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const transport = undiciTransport()
  onTestFinished(async () => {
    await transport.close()
    server.close()
  })
  const { signal } = new AbortController()
  const channel = await transport.open(undefined, signal)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { head, chunks } = await channel.send({ method: "GET", url, headers: {} }, signal)
  const thing = head.headers.get("x-thing")
  const texts: string[] = []
  try {
    for await (const chunk of chunks) texts.push(new TextDecoder().decode(chunk as Uint8Array))
  } catch (failure) {
    return { texts, thing, failure }
  }
  return { texts, thing }
}

test("the pieces that one read of the socket brought come as one", async () => {
  const answer = await read(`${HEAD}1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n0\r\n\r\n`)
  expect(answer).toEqual({ texts: ["abcd"], thing: "a, b" })
})

test("what had come before a cut comes before its error", async () => {
  const answer = await read(`${HEAD}1\r\na\r\n2\r\nbc\r\n5\r\nd`)
  expect(answer.texts.join("")).toBe("abcd")
  expect(answer.failure).toMatchObject({ code: "network" })
})
