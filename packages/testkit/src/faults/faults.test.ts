import * as fc from "fast-check"
import { Agent, request as ask } from "node:http"
import { describe, expect, test } from "vitest"
import { serveLoopback, type LoopbackServer } from "../loopback.ts"
import { openaiChatEmulator } from "../emulators/index.ts"
import { faultProxy, refusedUrl, tcpFaultProxy } from "./index.ts"
import { mangle, type ByteFaults } from "./mangle.ts"

const TEXT = "data: one\n\ndata: two\r\n\r\ndata: three\n\n"

/** An upstream that echoes the request's body behind a fixed text. */
function upstream(): Promise<LoopbackServer> {
  return serveLoopback(async (request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "x-upstream": "yes" })
    for (const piece of TEXT) response.write(piece)
    response.end(request.body)
  })
}

async function read(url: string, init: RequestInit = {}): Promise<{ text: string; failed: boolean; status?: number }> {
  let text = ""
  try {
    const response = await fetch(url, init)
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>)
        text += decoder.decode(chunk, { stream: true })
      return { text, failed: false, status: response.status }
    } catch {
      return { text, failed: true, status: response.status }
    }
  } catch {
    return { text, failed: true }
  }
}

describe("mangle", () => {
  async function run(
    parts: readonly Uint8Array[],
    faults: ByteFaults,
  ): Promise<{ out: Buffer; outcome: string; bytes: number }> {
    const out: Uint8Array[] = []
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* parts
    }
    const signal = new AbortController().signal
    const { outcome, bytes } = await mangle(source(), faults, async (piece) => void out.push(piece), signal)
    return { out: Buffer.concat(out), outcome, bytes }
  }

  test("what is not broken passes whole; a cut is exact; garbage stands where it was put", async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(50), fc.integer({ min: 1, max: 4 }), async (pieces, at, bytes) => {
        const whole = Buffer.concat(pieces)
        expect((await run(pieces, { slow: { bytes, everyMs: 0 } })).out.equals(whole)).toBe(true)
        const cut = await run(pieces, { cut: { at } })
        expect(cut.outcome).toBe(at <= whole.length ? "cut" : "end")
        expect(cut.out.equals(whole.subarray(0, at))).toBe(true)
        const garbled = await run(pieces, { garbage: { at, bytes: "??" } })
        const wanted = at <= whole.length ? [whole.subarray(0, at), Buffer.from("??"), whole.subarray(at)] : [whole]
        expect(garbled.out.equals(Buffer.concat(wanted))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test("garbage at a border waits for the blank line, LF or CRLF, however the bytes are cut", async () => {
    for (const parts of [[Buffer.from(TEXT)], [...Buffer.from(TEXT)].map((byte) => Uint8Array.of(byte))]) {
      const first = await run(parts, { garbage: { at: 3, bytes: "!", border: true } })
      expect(first.out.toString()).toBe("data: one\n\n!data: two\r\n\r\ndata: three\n\n")
      const second = await run(parts, { garbage: { at: 12, bytes: "!", border: true } })
      expect(second.out.toString()).toBe("data: one\n\ndata: two\r\n\r\n!data: three\n\n")
    }
  })
})

describe("faultProxy", () => {
  test("passes requests and answers as they are", async () => {
    await using origin = await upstream()
    await using proxy = await faultProxy({ target: origin.url })
    const response = await fetch(`${proxy.url}/a?b=1`, { method: "POST", body: "hello", headers: { "x-mine": "1" } })
    expect(response.headers.get("x-upstream")).toBe("yes")
    expect(await response.text()).toBe(`${TEXT}hello`)
    expect(origin.requests[0]).toMatchObject({
      method: "POST",
      path: "/a?b=1",
      body: "hello",
      headers: { "x-mine": "1" },
    })
    expect(proxy.exchanges).toMatchObject([
      { status: 200, outcome: "passed", responseBytes: Buffer.byteLength(TEXT) + 5 },
    ])
  })

  test("cuts at a byte of the body, by an end or a reset, and lets go of the upstream", async () => {
    await using origin = await upstream()
    await using proxy = await faultProxy({
      target: origin.url,
      plan: [{ cut: { at: 5 } }, { cut: { at: 5, how: "reset" } }, { cut: { at: 0 } }],
    })
    expect(await read(proxy.url)).toMatchObject({ text: "data:", failed: true })
    expect(await read(proxy.url)).toMatchObject({ failed: true })
    expect(await read(proxy.url)).toMatchObject({ text: "", failed: true })
    expect(proxy.exchanges.map((exchange) => exchange.outcome)).toEqual(["cut", "cut", "cut"])
    await origin.sockets.assertNone()
  })

  test("answers the first requests itself", async () => {
    await using origin = await upstream()
    const status = { status: 429, headers: { "retry-after": "1" }, body: "{}" }
    await using proxy = await faultProxy({ target: origin.url, plan: [{ status }, { status }] })
    const statuses: (number | undefined)[] = []
    for (let n = 0; n < 3; n++) statuses.push((await read(proxy.url)).status)
    expect(statuses).toEqual([429, 429, 200])
    expect(origin.requests).toHaveLength(1)
  })

  test("refuses first connections, drops requests", async () => {
    await using origin = await upstream()
    await using proxy = await faultProxy({ target: origin.url, refuse: 1, plan: [{ drop: "end" }, { drop: "reset" }] })
    for (let n = 0; n < 3; n++)
      expect(await read(proxy.url, { method: "POST", body: "x" })).toEqual({ text: "", failed: true })
    expect((await read(proxy.url)).failed).toBe(false)
    expect(proxy.exchanges.map((exchange) => exchange.outcome)).toEqual(["dropped", "dropped", "passed"])
  })

  test("closes a connection that is used again before it answers", async () => {
    await using origin = await upstream()
    await using proxy = await faultProxy({ target: origin.url, plan: { closeReused: true } })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const once = (): Promise<string> =>
      new Promise((resolve) => {
        const out = ask(proxy.url, { agent, method: "POST" }, (response) => {
          response.resume()
          response.once("end", () => setImmediate(() => resolve("answered")))
        })
        out.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"))
        out.end("x")
      })
    expect(await once()).toBe("answered")
    expect(await once()).toBe("ECONNRESET")
    expect(await once()).toBe("answered")
    agent.destroy()
    expect(proxy.requests.map((request) => request.reused)).toEqual([false, true, false])
  })

  test("stalls, and sees the client leave", async () => {
    await using origin = await upstream()
    await using proxy = await faultProxy({ target: origin.url, plan: { stall: { at: 4 } } })
    const control = new AbortController()
    const response = await fetch(proxy.url, { signal: control.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let got = 0
    while (got < 4) got += (await reader.read()).value?.length ?? 0
    expect(got).toBe(4)
    control.abort()
    await expect(reader.read()).rejects.toThrow()
    await proxy.sockets.assertNone()
    await origin.sockets.assertNone()
    expect(proxy.exchanges[0]?.outcome).toBe("left")
  })

  test("puts garbage in and reads slowly in both directions", async () => {
    await using origin = await upstream()
    await using proxy = await faultProxy({
      target: origin.url,
      plan: {
        garbage: { at: 0, bytes: "data: {{{\n\n", border: true },
        slow: { bytes: 8, everyMs: 1 },
        slowRequest: { bytes: 1000, everyMs: 1 },
      },
    })
    const body = "y".repeat(5000)
    const { text, failed } = await read(proxy.url, { method: "POST", body })
    expect(failed).toBe(false)
    expect(text).toBe(`data: one\n\ndata: {{{\n\ndata: two\r\n\r\ndata: three\n\n${body}`)
  })

  test("an upstream that cannot be reached or breaks off breaks the answer off", async () => {
    await using lost = await faultProxy({ target: await refusedUrl() })
    expect(await read(lost.url)).toEqual({ text: "", failed: true })
    expect(lost.exchanges[0]?.outcome).toBe("broken")
    await using origin = await openaiChatEmulator({ apiKey: null, script: [{ text: "abcd", cut: { afterEvents: 2 } }] })
    await using proxy = await faultProxy({ target: origin.url })
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "x" }], stream: true })
    const answer = await read(`${proxy.url}/v1/chat/completions`, { method: "POST", body })
    expect(answer).toMatchObject({ failed: true, status: 200 })
    expect(proxy.exchanges[0]?.outcome).toBe("broken")
  })
})

describe("tcpFaultProxy", () => {
  test("passes every byte in both directions", async () => {
    await using origin = await upstream()
    await using proxy = await tcpFaultProxy({ target: origin.url })
    expect(await read(proxy.url, { method: "POST", body: "hello", headers: { connection: "close" } })).toMatchObject({
      text: `${TEXT}hello`,
      failed: false,
    })
    await proxy.sockets.assertNone()
    expect(proxy.connections[0]?.outcome).toBe("passed")
  })

  test("cuts anywhere, also within the head, and refuses", async () => {
    await using origin = await upstream()
    await using proxy = await tcpFaultProxy({
      target: origin.url,
      plan: (n) => (n === 0 ? { refuse: true } : { cut: { at: (n - 1) * 7, how: n % 2 ? "end" : "reset" } }),
    })
    for (let n = 0; n < 12; n++) expect((await read(proxy.url)).failed).toBe(true)
    expect(proxy.connections.map((connection) => connection.outcome)).toEqual([
      "refused",
      ...Array<string>(11).fill("cut"),
    ])
    expect(proxy.connections.slice(1).map((connection) => connection.received)).toEqual(
      Array.from({ length: 11 }, (_, n) => n * 7),
    )
    await proxy.sockets.assertNone()
    await origin.sockets.assertNone()
  })
})

test("openSockets names what is left open", async () => {
  await using origin = await serveLoopback(async (_request, _response, signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))
  })
  const out = ask(origin.url, { agent: false })
  const left = new Promise((resolve) => out.once("error", () => resolve("left")))
  out.end()
  while (origin.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  await expect(origin.sockets.assertNone(20)).rejects.toThrow(/1 socket\(s\) still open after 20 ms: 127\.0\.0\.1:/)
  out.destroy()
  expect(await left).toBe("left")
  await origin.sockets.assertNone()
  expect(origin.sockets.total).toBe(1)
})

test("a refused address refuses", async () => {
  expect(await read(await refusedUrl())).toEqual({ text: "", failed: true })
})
