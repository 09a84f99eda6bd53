import { describe, expect, test } from "vitest"
import type { Transport } from "./contract/transport.ts"
import { complete, stream } from "./stream.ts"
import { fetchTransport } from "./transport/fetch.ts"
import { undiciTransport } from "./transport/undici.ts"
import { ok, route, serve, servers, user } from "../../../tests/support/toy-wire.ts"

const transports: [string, () => Transport][] = [
  ["fetch", () => fetchTransport()],
  ["undici", () => undiciTransport()],
]

test("what has been delivered is not asked for again, whatever fails after it", async () => {
  let asked = 0
  const url = await serve((_n, _body, response) => {
    asked++
    ok(response, "once")
  })
  const inner = fetchTransport()
  const transport: Transport = {
    async open(socket, signal) {
      const channel = await inner.open(socket, signal)
      const send: typeof channel.send = async (request, within) => {
        const exchange = await channel.send(request, within)
        const cancel = (reason?: unknown): void => {
          if (reason === undefined) throw new Error("It does not let go.")
        }
        return asked === 1 ? { ...exchange, cancel } : exchange
      }
      return { ...channel, send }
    },
  }
  let text = ""
  for await (const event of stream(route(url, transport), user, { retry: { baseDelayMs: 1 } })) {
    if (event.type === "text_delta") text += event.delta
  }
  // Behind the stream's end the call would go on.
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect([text, asked]).toEqual(["once", 1])
})

test("what an endpoint cannot tell its host is lost like what a wire cannot, and refused where nothing may be", async () => {
  const url = await serve((_n, _body, response) => ok(response, "fine"))
  const loss = { field: "options.seed", kind: "dropped", reason: "The host has none." } as const
  const plain = route(url, fetchTransport())
  const to = { ...plain, endpoint: { ...plain.endpoint, losses: () => [loss] } }
  expect((await complete(to, user, { seed: 1 })).losses).toEqual([loss])
  expect((await complete(to, user, { seed: 1, strict: true })).error).toMatchObject({ param: "options.seed" })
})

describe.each(transports)("a call over %s", (_name, make) => {
  test("streams text and ends in done", async () => {
    const url = await serve((_n, _body, response) => ok(response, "Hel", "lo"))
    const types: string[] = []
    const answer = stream(route(url, make()), user)
    for await (const event of answer) types.push(event.type)
    expect(types).toEqual(["start", "text_start", "text_delta", "text_delta", "text_end", "done"])
    expect(await answer.text()).toBe("Hello")
  })

  test("waits for as long as a 429 asks and then succeeds, without a trace in the events", async () => {
    const url = await serve((n, _body, response) => {
      if (n > 1) return ok(response, "fine")
      response.writeHead(429, { "retry-after-ms": "20" })
      response.end(JSON.stringify({ error: "Too many requests per minute" }))
    })
    const answer = stream(route(url, make()), user)
    const types: string[] = []
    for await (const event of answer) types.push(event.type)
    const message = await answer.result()
    expect(types.filter((type) => type === "start")).toHaveLength(1)
    expect(message.error).toBeUndefined()
    expect(message.attempts).toMatchObject([{ action: "waited", error: { code: "rate_limited" } }])
  })

  test("leaves out what the host refuses, remembers it, and says so", async () => {
    const bodies: string[] = []
    const url = await serve((_n, body, response) => {
      bodies.push(body)
      if (body.includes(`"without":true`)) return ok(response, "fine")
      response.writeHead(400)
      response.end(JSON.stringify({ error: "drop it" }))
    })
    const message = await complete(route(url, make()), user)
    expect(message.stopReason).toBe("stop")
    expect(message.attempts).toMatchObject([{ action: "adapted", change: "without it" }])
    await complete(route(url, make()), user)
    expect(bodies).toHaveLength(3)
  })

  test("turns to the next route when a host stays down", async () => {
    const down = await serve((_n, _body, response) => response.writeHead(503).end("overloaded"))
    const up = await serve((_n, _body, response) => ok(response, "second"))
    const message = await complete([route(down, make()), route(up, make(), { id: "other" })], user, {
      retry: { maxAttempts: 2, baseDelayMs: 1 },
    })
    expect(message.model).toBe("other")
    expect(message.content).toMatchObject([{ text: "second" }])
    expect(message.attempts?.map((one) => one.action)).toEqual(["waited", "rerouted"])
  })

  test("keeps the text of a stream that is cut and never calls it complete", async () => {
    const url = await serve((_n, _body, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: {"text":"half"}\n\n`, () => setTimeout(() => response.destroy(), 20))
    })
    const message = await complete(route(url, make()), user)
    expect(message.stopReason).toBe("error")
    expect(message.error).toMatchObject({ code: "network", delivered: "content" })
    expect(message.content).toMatchObject([{ text: "half" }])
  })

  test("an abort ends the call at once and reaches the socket", async () => {
    let closed: (() => void) | undefined
    const gone = new Promise<void>((resolve) => (closed = resolve))
    const url = await serve((_n, _body, response) => {
      response.on("close", () => closed?.())
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: {"text":"half"}\n\n`)
    })
    const controller = new AbortController()
    const answer = stream(route(url, make()), user, { signal: controller.signal })
    for await (const event of answer) if (event.type === "text_delta") controller.abort()
    const message = await answer.result()
    expect(message.stopReason).toBe("aborted")
    expect(message.error?.code).toBe("aborted")
    await gone
  })

  test("leaving the loop is an abort", async () => {
    const url = await serve((_n, _body, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: {"text":"half"}\n\n`)
    })
    const answer = stream(route(url, make()), user)
    for await (const event of answer) if (event.type === "text_delta") break
    expect((await answer.result()).stopReason).toBe("aborted")
  })

  test("the first-event limit ends a silent host, and signs of life are no progress", async () => {
    const url = await serve((_n, _body, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      const timer = setInterval(() => response.write(": still here\n\n"), 10)
      response.on("close", () => clearInterval(timer))
    })
    const message = await complete(route(url, make()), user, {
      timeouts: { firstEventMs: 60 },
      retry: { maxAttempts: 1 },
    })
    expect(message.error).toMatchObject({ code: "timeout", delivered: "nothing" })
  })

  test("the idle limit ends a host that stops in the middle, and the text is kept", async () => {
    const url = await serve((_n, _body, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: {"text":"half"}\n\n`)
    })
    const message = await complete(route(url, make()), user, { timeouts: { idleMs: 50 } })
    expect(message.error).toMatchObject({ code: "timeout", delivered: "content" })
    expect(message.content).toMatchObject([{ text: "half" }])
  })

  test("observers see everything and can break nothing", async () => {
    const url = await serve((_n, body, response) => ok(response, JSON.parse(body).model as string))
    const seen: string[] = []
    const message = await complete(route(url, make()), user, {
      onPayload: (payload) => {
        seen.push(JSON.stringify(payload))
        return { model: "replaced" }
      },
      onResponse: (response) => {
        seen.push(String(response.status))
        throw new Error("boom")
      },
      onEvent: (frame) => {
        seen.push(String(frame.data))
        throw new Error("boom")
      },
    })
    expect(message.content).toMatchObject([{ text: "replaced" }])
    expect(seen[0]).toContain("[redacted]")
    expect(seen[0]).not.toContain("Bearer k")
    expect(seen).toContain("200")
    expect(seen).toContain(`{"stop":true}`)
  })

  test("a JSON document that answers a request for a stream is read", async () => {
    const url = await serve((_n, _body, response) => {
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify({ text: "whole" }))
    })
    expect((await complete(route(url, make()), user)).content).toMatchObject([{ text: "whole" }])
  })

  test("a host that cannot be reached is a network error with the reason in it", async () => {
    const url = await serve(() => {})
    await new Promise((resolve) => servers.pop()?.close(resolve))
    const message = await complete(route(url, make()), user, { retry: { maxAttempts: 2 } })
    expect(message.error).toMatchObject({ code: "network", type: "ECONNREFUSED" })
  })
})
