import { request } from "node:http"
import { connect, type Socket } from "node:net"
import { openaiChatEmulator, type EmulatedAnswer } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import { checkResponsesStream } from "../grammar/openai-responses-stream.ts"
import type { Fields } from "../grammar/violations.ts"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"

async function stage(
  script: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<{ gateway: TestGateway; requests(): readonly { json?: unknown; abortedAtMs?: number }[] }> {
  const host = await openaiChatEmulator({ script })
  const gateway = await startGateway({ h: { api: "openai-completions", url: `${host.url}/v1` } }, options)
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]()
    await host.close()
  })
  return { gateway, requests: () => host.requests }
}

/** A client's connection, and what came on it. */
class Client {
  readonly socket: WebSocket
  readonly events: Fields[] = []
  #waiting: (() => void) | undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on("message", (data) => {
      this.events.push(JSON.parse(String(data)) as Fields)
      this.#waiting?.()
    })
    socket.on("close", () => this.#waiting?.())
  }

  static async to({ url, headers }: TestGateway, options: { autoPong?: boolean } = {}): Promise<Client> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/responses`, { headers, ...options })
    onTestFinished(() => socket.terminate())
    const client = new Client(socket)
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject))
    return client
  }

  send(request: object): void {
    this.socket.send(JSON.stringify({ type: "response.create", model: "h/m", ...request }))
  }

  /** The events up to the one that ends an answer. */
  async answer(): Promise<Fields[]> {
    for (;;) {
      const end = this.events.findIndex(({ type }) =>
        ["response.completed", "response.incomplete", "response.failed", "error"].includes(String(type)),
      )
      if (end >= 0) return this.events.splice(0, end + 1)
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("The connection was closed.")
      await new Promise<void>((resolve) => (this.#waiting = resolve))
    }
  }
}

const framesOf = (events: readonly Fields[]) =>
  events.map((event) => ({ event: String(event["type"]), data: JSON.stringify(event) }))
const responseOf = (events: readonly Fields[]): Fields => events.at(-1)?.["response"] as Fields

/** Status and body of an upgrade that was refused. */
function refused(url: string, headers: Record<string, string>): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers })
    socket.on("open", () => reject(new Error("It was let in.")))
    socket.on("error", () => {})
    socket.on("unexpected-response", (_request, response) => {
      let text = ""
      response.on("data", (part) => (text += String(part)))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
  })
}

describe("responses over a WebSocket", () => {
  test("come as the events of the stream, one a message, and are logged", async () => {
    const { gateway } = await stage([{ text: "Hello from the host.", usage: { prompt: 7, output: 3 } }])
    const client = await Client.to(gateway)
    client.send({ input: "hi", store: false })
    const events = await client.answer()
    expect(checkResponsesStream(framesOf(events))).toEqual([])
    expect(responseOf(events)).toMatchObject({
      status: "completed",
      output: [{ content: [{ text: "Hello from the host." }] }],
    })
    await expect
      .poll(() => latest(gateway, 1))
      .toMatchObject([{ inbound: "openai-responses", status: 200, inputTokens: 7, outputTokens: 3, relayed: false }])
  })

  test("the newest answer is remembered although it is not kept, and only on its connection", async () => {
    const { gateway, requests } = await stage([{ text: "one" }, { text: "two" }, { text: "three" }])
    const client = await Client.to(gateway)
    client.send({ input: "first", store: false })
    const first = responseOf(await client.answer())
    client.send({ input: "second", store: false, previous_response_id: first["id"] })
    const second = responseOf(await client.answer())
    expect(JSON.stringify(requests()[1]?.json)).toMatch(/first.*one.*second/)
    client.send({ input: "third", store: false, previous_response_id: first["id"] })
    expect((await client.answer()).at(-1)).toMatchObject({ type: "error", status: 404 })
    const other = await Client.to(gateway)
    other.send({ input: "third", store: false, previous_response_id: second["id"] })
    expect((await other.answer()).at(-1)).toMatchObject({
      type: "error",
      status: 404,
      error: { code: "previous_response_not_found" },
    })
    client.send({ input: "third", store: false, previous_response_id: second["id"] })
    expect(responseOf(await client.answer())).toMatchObject({ output: [{ content: [{ text: "three" }] }] })
    expect(JSON.stringify(requests()[2]?.json)).toMatch(/first.*one.*second.*two.*third/)
  })

  test("a kept answer behind one that was not is kept with the whole conversation", async () => {
    const { gateway, requests } = await stage([{ text: "one" }, { text: "two" }, { text: "three" }])
    const client = await Client.to(gateway)
    client.send({ input: "first", store: false })
    const first = responseOf(await client.answer())
    client.send({ input: "second", previous_response_id: first["id"] })
    const second = responseOf(await client.answer())
    const response = await gateway.post("/v1/responses", {
      model: "h/m",
      input: "third",
      previous_response_id: second["id"],
    })
    expect(response.status).toBe(200)
    expect(JSON.stringify(requests()[2]?.json)).toMatch(/first.*one.*second.*two.*third/)
  })

  test("a request that generates nothing asks no host and can be gone on from", async () => {
    const { gateway, requests } = await stage([{ text: "one" }])
    const client = await Client.to(gateway)
    client.send({ input: [{ role: "user", content: "context" }], generate: false, store: false })
    const warmed = await client.answer()
    expect(checkResponsesStream(framesOf(warmed))).toEqual([])
    expect(responseOf(warmed)).toMatchObject({ status: "completed", output: [] })
    expect(requests()).toHaveLength(0)
    client.send({ input: "question", store: false, previous_response_id: responseOf(warmed)["id"] })
    expect(responseOf(await client.answer())).toMatchObject({ status: "completed" })
    expect(JSON.stringify(requests()[0]?.json)).toMatch(/context.*question/)
  })

  test("one request at a time; what is wrong is told, and the connection lives on", async () => {
    const { gateway } = await stage([{ text: "slow words", pace: { ms: 60 } }, { text: "next" }])
    const client = await Client.to(gateway)
    client.send({ input: "hi" })
    client.send({ input: "me too" })
    expect((await client.answer()).at(-1)).toMatchObject({ type: "error", status: 429 })
    expect(responseOf(await client.answer())).toMatchObject({ output: [{ content: [{ text: "slow words" }] }] })
    client.socket.send("no JSON")
    expect((await client.answer()).at(-1)).toMatchObject({ type: "error", status: 400 })
    client.socket.send(Buffer.from(JSON.stringify({ type: "response.create", model: "h/m", input: "x" })))
    expect((await client.answer()).at(-1)).toMatchObject({
      type: "error",
      error: { message: expect.stringContaining("text") },
    })
    client.socket.send(JSON.stringify({ type: "response.cancel" }))
    expect((await client.answer()).at(-1)).toMatchObject({ type: "error", error: { param: "type" } })
    client.send({ input: 5 })
    expect((await client.answer()).at(-1)).toMatchObject({ type: "error", status: 400, error: { param: "input" } })
    client.send({ input: "hi", model: "nobody/m" })
    expect((await client.answer()).at(-1)).toMatchObject({ type: "error", status: 404 })
    client.send({ input: "hi" })
    expect(responseOf(await client.answer())).toMatchObject({ output: [{ content: [{ text: "next" }] }] })
  })

  test("a client that leaves ends the call to the host", async () => {
    const { gateway, requests } = await stage([{ text: "never", stall: { afterEvents: 2 } }])
    const client = await Client.to(gateway)
    client.send({ input: "hi" })
    await expect.poll(() => client.events.length).toBeGreaterThan(1)
    client.socket.terminate()
    await expect.poll(() => requests()[0]?.abortedAtMs, { timeout: 2000 }).toBeTruthy()
    await expect.poll(() => latest(gateway, 1)).toMatchObject([{ status: 499 }])
  })

  test("is opened with a key, and only where one is spoken", async () => {
    const { gateway } = await stage([])
    const at = `${gateway.url}/v1/responses`
    expect(await refused(at, {})).toMatchObject({ status: 401, body: { error: { message: expect.any(String) } } })
    expect((await refused(at, { authorization: "Bearer wrong" })).status).toBe(401)
    // Clients that try a socket first go by this status to plain requests.
    expect((await refused(`${gateway.url}/v1/chat/completions`, gateway.headers)).status).toBe(426)
    expect((await refused(`${gateway.url}/nowhere`, gateway.headers)).status).toBe(404)
  })

  test("only so many are open at once with a key; the next is refused before it is opened", async () => {
    const { gateway } = await stage([], { maxSocketsPerKey: 2 })
    const at = `${gateway.url}/v1/responses`
    const [first] = [await Client.to(gateway), await Client.to(gateway)]
    const refusal = await refused(at, gateway.headers)
    expect(refusal).toMatchObject({ status: 429, body: { error: { message: expect.stringContaining("Close one") } } })
    const { secret } = await gateway.gateway.keys.create("other")
    await Client.to({ ...gateway, headers: { authorization: `Bearer ${secret}` } })
    first.socket.close()
    await expect
      .poll(() =>
        Client.to(gateway).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    expect((await refused(at, gateway.headers)).status).toBe(429)
  })

  test("a client that was refused and keeps its side open holds nothing", async () => {
    const { gateway } = await stage([])
    const { port } = new URL(gateway.url)
    const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    socket.write("GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    const text = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))))
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
    const started = performance.now()
    await gateway.gateway.close()
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test("a request that offers another protocol is answered as it is", async () => {
    const { gateway } = await stage([{ text: "Hello." }])
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const offer = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" }
      const sent = request(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { ...gateway.headers, ...offer },
      })
      sent.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject)
      sent.end(JSON.stringify({ model: "h/m", messages: [{ role: "user", content: "hi" }] }))
    })
    expect(status).toBe(200)
  })

  test("a message that takes long to arrive is a sign of life", async () => {
    const { gateway } = await stage([{ text: "Hello." }], { keepAliveMs: 60 })
    // No pong may come in the middle of a frame.
    const client = await Client.to(gateway, { autoPong: false })
    const raw = (client.socket as unknown as { _socket: Socket })._socket
    const text = Buffer.from(JSON.stringify({ type: "response.create", model: "h/m", input: "x".repeat(60_000) }))
    const head = Buffer.alloc(8)
    head.writeUInt8(0x81)
    head.writeUInt8(0x80 | 126, 1)
    head.writeUInt16BE(text.length, 2)
    const frame = Buffer.concat([head, text])
    for (let at = 0; at < frame.length; at += 3000) {
      raw.write(frame.subarray(at, at + 3000))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(responseOf(await client.answer())).toMatchObject({ output: [{ content: [{ text: "Hello." }] }] })
  })

  test("a client that asks on without reading the refusals is let go", async () => {
    const { gateway } = await stage([])
    const client = await Client.to(gateway)
    const raw = (client.socket as unknown as { _socket: Socket })._socket
    raw.pause()
    const closed = new Promise((resolve) => raw.once("close", resolve))
    for (let i = 0; i < 400 && !raw.destroyed; i++) {
      for (let n = 0; n < 100; n++) client.socket.send("x")
      await new Promise((resolve) => setImmediate(resolve))
    }
    raw.resume()
    await closed
  })

  test("a stop of the gateway closes idle connections and lets a running answer end", async () => {
    const { gateway } = await stage([{ text: "slow words that take a while", pace: { ms: 30 } }])
    const idle = await Client.to(gateway)
    const busy = await Client.to(gateway)
    busy.send({ input: "hi" })
    await expect.poll(() => busy.events.length).toBeGreaterThan(0)
    const closed = new Promise<number>((resolve) => idle.socket.once("close", resolve))
    const stopped = gateway.gateway.close()
    expect(await closed).toBe(1001)
    expect(responseOf(await busy.answer())).toMatchObject({ status: "completed" })
    await stopped
  })
})
