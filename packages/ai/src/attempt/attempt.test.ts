import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, test } from "vitest"
import { complete } from "../stream.ts"
import { fetchTransport } from "../transport/fetch.ts"
import { undiciTransport } from "../transport/undici.ts"
import { Known } from "./known.ts"
import { ok, route, serve, toyWire, user } from "../../../../tests/support/toy-wire.ts"
import type { CredentialSource, Lease } from "../contract/credential.ts"
import type { Exchange } from "../contract/transport.ts"
import type { WireClient } from "../contract/wire-client.ts"

const SSE = { "content-type": "text/event-stream" }
const never = (): Promise<never> => new Promise(() => {})
const transport = fetchTransport()

/** A wire that learns "without" for the session alone. */
const sessionWire: WireClient = {
  ...toyWire,
  adapt: (error) =>
    error.message === "drop it"
      ? { change: "without it", learn: { where: "session", facts: { without: true } } }
      : undefined,
}

describe("what is learned", () => {
  test("in a session stays in it, and without one stays in the call", async () => {
    const bodies: string[] = []
    const url = await serve((_n, body, response) => {
      bodies.push(body)
      if (body.includes(`"without":true`)) return ok(response, "fine")
      response.writeHead(400).end(`{"error":"drop it"}`)
    })
    const known = new Known()
    const to = { ...route(url, transport), wire: sessionWire }
    expect((await complete(to, user, {}, { known })).stopReason).toBe("stop")
    expect(known.toJSON()).toEqual({})
    await complete(to, user, { sessionId: "a" }, { known })
    await complete(to, user, { sessionId: "a" }, { known })
    await complete(to, user, { sessionId: "b" }, { known })
    expect(bodies.map((body) => body.includes(`"without":true`))).toEqual([false, true, false, true, true, false, true])
  })
})

/** A response whose body never comes, whatever is asked of it. */
function hangingAnswer(status: number): Exchange {
  const head = { status, headers: new Headers(), channel: "http" as const }
  return { head, chunks: { [Symbol.asyncIterator]: () => ({ next: never }) }, cancel: () => {} }
}

describe("an abort wins wherever a call stands", () => {
  const source = (part: Partial<Lease> & { acquire?: () => Promise<Lease> }): CredentialSource => ({
    acquire:
      part.acquire ??
      (async () => ({
        credential: { kind: "key", id: "k", secret: "s" },
        observe: () => {},
        replace: async () => undefined,
        release: () => {},
        ...part,
      })),
  })
  const hanging: [string, () => Promise<unknown>][] = [
    ["while a credential is awaited", async () => run({ credentials: source({ acquire: never }) })],
    ["while a channel is opened", async () => run({ transport: { open: never } })],
    ["while the head is awaited", async () => run({ transport: fetchTransport({ fetch: never }) })],
    ["while onPayload hangs", async () => run({}, { onPayload: never })],
    ["while onResponse hangs", async () => run({}, { onResponse: never })],
  ]

  async function run(
    parts: { credentials?: CredentialSource; transport?: typeof transport },
    options: object = {},
  ): Promise<unknown> {
    const url = await serve((_n, _body, response) => ok(response, "fine"))
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const to = {
      ...route(url, parts.transport ?? transport, parts.credentials ? { credentials: parts.credentials } : {}),
    }
    return (await complete(to, user, { signal: controller.signal, ...options })).error?.code
  }

  test.each(hanging)("%s", async (_name, call) => {
    expect(await call()).toBe("aborted")
  })

  test("while the body of an error hangs in a source that ignores its signal", async () => {
    const deaf = {
      open: async () => ({
        kind: "http" as const,
        memory: new Map(),
        close: () => {},
        send: async () => hangingAnswer(500),
      }),
    }
    expect(await run({ transport: deaf })).toBe("aborted")
  })

  test("while late usage is awaited", async () => {
    const waiting: WireClient = {
      ...toyWire,
      decoder: (call, head, out) => ({
        ...toyWire.decoder(call, head, out),
        push: (frame) => (toyWire.decoder(call, head, out).push(frame), [{ do: "finish", withinMs: 60_000 }]),
      }),
    }
    const url = await serve((_n, _body, response) => {
      response.writeHead(200, SSE)
      response.write(`data: {"text":"all","stop":true}\n\n`)
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    const message = await complete({ ...route(url, transport), wire: waiting }, user, { signal: controller.signal })
    expect(message.stopReason).toBe("aborted")
  })

  test("a lease that comes after the abort is given back", async () => {
    let released = 0
    let give: (lease: Lease) => void = () => {}
    const late: CredentialSource = { acquire: () => new Promise((resolve) => (give = resolve)) }
    const controller = new AbortController()
    const answer = complete(route("http://127.0.0.1:9", transport, { credentials: late }), user, {
      signal: controller.signal,
    })
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await answer
    give({
      credential: { kind: "none", id: "n" },
      observe: () => {},
      replace: async () => undefined,
      release: () => void released++,
    })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(released).toBe(1)
  })
})

test("a lease is released once although its replacement cannot be had", async () => {
  let released = 0
  const url = await serve((_n, _body, response) => response.writeHead(401).end(`{"error":"no"}`))
  const broken: CredentialSource = {
    acquire: async () => ({
      credential: { kind: "key", id: "k", secret: "s" },
      observe: () => {},
      replace: () => Promise.reject(new Error("the store is gone")),
      release: () => void released++,
    }),
  }
  const message = await complete(route(url, transport, { credentials: broken }), user)
  await new Promise((resolve) => setImmediate(resolve))
  expect(message.error).toBeDefined()
  expect(released).toBe(1)
})

test("a key does not reach an error that comes inside a stream, before content or after it", async () => {
  const source: CredentialSource = {
    acquire: async () => ({
      credential: { kind: "key", id: "k", secret: "my-secret-value-1" },
      observe: () => {},
      replace: async () => undefined,
      release: () => {},
    }),
  }
  for (const first of ["", `data: {"text":"some"}\n\n`]) {
    const url = await serve((_n, _body, response) =>
      response.writeHead(200, SSE).end(`${first}data: {"error":"bad my-secret-value-1"}\n\n`),
    )
    const message = await complete(route(url, transport, { credentials: source }), user, { retry: { maxAttempts: 1 } })
    expect(message.error?.message).toContain("bad")
    expect(JSON.stringify(message)).not.toContain("my-secret-value-1")
  }
})

test.each([
  ["fetch", () => fetchTransport()],
  ["undici", () => undiciTransport()],
])("a header that cannot be sent is named, and nothing is tried: %s", async (_name, make) => {
  let asked = 0
  const url = await serve((n, _body, response) => {
    asked = n
    ok(response, "fine")
  })
  const message = await complete(route(url, make()), user, { headers: { "x-odd": "a\u200bb" } })
  expect(message.error).toMatchObject({ code: "config", message: expect.stringContaining("x-odd") })
  expect(asked).toBe(0)
})

test("a program's own failure while reading is told as one of the answer", async () => {
  const broken: WireClient = {
    ...toyWire,
    decoder: () => ({
      push() {
        throw new TypeError("undefined is no function")
      },
      whole() {},
      end() {},
    }),
  }
  const url = await serve((_n, _body, response) => ok(response, "fine"))
  const message = await complete({ ...route(url, transport), wire: broken }, user, { retry: { maxAttempts: 1 } })
  expect(message.error).toMatchObject({
    code: "stream_malformed",
    message: expect.stringContaining("could not be read"),
  })
})

test("each call has a channel of its own", async () => {
  const own = undiciTransport()
  const signal = new AbortController().signal
  const [a, b] = [await own.open(undefined, signal), await own.open(undefined, signal)]
  a.memory.set("x", 1)
  expect(b.memory.has("x")).toBe(false)
})

test("what comes before the real answer is no first event", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, SSE)
    response.write(`data: {"usage":3}\n\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const counting: WireClient = {
    ...toyWire,
    decoder: (_call, _head, out) => ({ push: () => void out.usage({ input: 3 }), whole() {}, end() {} }),
  }
  const to = { ...route(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, transport), wire: counting }
  const started = performance.now()
  const message = await complete(to, user, { timeouts: { firstEventMs: 60, idleMs: 5000 }, retry: { maxAttempts: 1 } })
  expect(message.error?.code).toBe("timeout")
  expect(performance.now() - started).toBeLessThan(3000)
  server.closeAllConnections()
  server.close()
})
