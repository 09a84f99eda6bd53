import { describe, expect, test } from "vitest"
import {
  classify,
  complete,
  DEFAULT_TIMEOUTS,
  fetchTransport,
  handoff,
  isTerminal,
  mergeHeaders,
  MessageBuilder,
  stream,
  type AssistantMessageEvent,
  type Clock,
  type CredentialSource,
  type FrameView,
  type Lease,
} from "@sluice/ai"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { createMock } from "@sluice/ai/mock"
import { resolveTimeouts, Watchdog } from "../../packages/ai/src/attempt/watchdog.ts"
import { model, ok, route, serve, toyWire, user } from "../support/toy-wire.ts"

const SSE = { "content-type": "text/event-stream" }

async function collect(events: AsyncIterable<AssistantMessageEvent>): Promise<AssistantMessageEvent[]> {
  const all: AssistantMessageEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

/** A clock that moves when it is told to, and knows its timers. */
function handClock(): Clock & { advance(ms: number): void; pending(): number } {
  let now = 0
  let next = 1
  const timers = new Map<number, { at: number; run: () => void }>()
  return {
    now: () => now,
    setTimeout(run, ms) {
      timers.set(next, { at: now + ms, run })
      return next++
    },
    clearTimeout: (id) => void timers.delete(id as number),
    pending: () => timers.size,
    advance(ms) {
      const until = now + ms
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= until).toSorted((a, b) => a[1].at - b[1].at)[0]
        if (!due) break
        timers.delete(due[0])
        now = due[1].at
        due[1].run()
      }
      now = until
    },
  }
}

function watched(limits: { firstEventMs: number; idleMs: number }) {
  const clock = handClock()
  const fired: string[] = []
  const dog = new Watchdog(clock, limits, (which) => fired.push(which))
  return { clock, dog, fired }
}

/** Keys in a row; each is replaced by the next. */
function keys(...secrets: string[]): CredentialSource & { used: string[]; released: number } {
  const used: string[] = []
  const source = {
    used,
    released: 0,
    async acquire(): Promise<Lease> {
      return lease(0)
    },
  }
  const lease = (i: number): Lease => {
    used.push(secrets[i] as string)
    return {
      credential: { kind: "key", id: String(i), secret: secrets[i] as string },
      observe: () => {},
      replace: async () => (i + 1 < secrets.length ? lease(i + 1) : undefined),
      release: () => void source.released++,
    }
  }
  return source
}

function builder(): MessageBuilder {
  return new MessageBuilder({
    api: "toy",
    provider: "toy",
    model: "m",
    timestamp: 0,
    now: () => 0,
    mintId: (prefix) => `${prefix}1`,
    toError: (facts) => classify(facts),
  })
}

describe("OF section A: core, event stream, watchdogs, dispatch", () => {
  test("OF-1 a host that ends without a word leaves no result pending: it is an error", async () => {
    const url = await serve((_n, _body, response) => response.writeHead(200, SSE).end(`data: {"text":"x"}\n\n`))
    const message = await complete(route(url, fetchTransport()), user)
    expect(message.error).toMatchObject({ code: "stream_incomplete", delivered: "content" })
  })

  test("OF-2 a caller's abort is an abort although a watchdog has fired as well", async () => {
    const url = await serve(() => {})
    const controller = new AbortController()
    const answer = complete(route(url, fetchTransport()), user, {
      signal: controller.signal,
      timeouts: { firstEventMs: 30 },
      retry: { maxAttempts: 5, baseDelayMs: 10_000 },
    })
    setTimeout(() => controller.abort(), 80)
    const message = await answer
    expect(message.stopReason).toBe("aborted")
    expect(message.error).toMatchObject({ code: "aborted", retryable: false })
  })

  test("OF-3 open blocks are ended before the error", () => {
    const out = builder()
    out.thinking("a", "hm")
    out.text("b", "half")
    out.toolCall("c", { id: "1", name: "run" })
    out.args("c", `{"x":`)
    out.finish(classify({ is: "timeout" }))
    const events = out.take().map((event) => event.type)
    expect(events.slice(-4)).toEqual(["thinking_end", "text_end", "toolcall_end", "error"])
    expect(out.message.content[2]).toMatchObject({ incomplete: true, arguments: {}, rawArguments: `{"x":` })
  })

  test("OF-4 after a try that failed and one that succeeded the message has no error", async () => {
    const url = await serve((n, _body, response) =>
      n > 1 ? ok(response, "fine") : response.writeHead(500).end("oops"),
    )
    const message = await complete(route(url, fetchTransport()), user, { retry: { baseDelayMs: 1 } })
    expect(message.error).toBeUndefined()
    expect(JSON.stringify(message.content)).not.toContain("oops")
  })

  test("OF-5 after a downgrade the message has no error", async () => {
    const url = await serve((_n, body, response) =>
      body.includes(`"without":true`) ? ok(response, "fine") : response.writeHead(400).end(`{"error":"drop it"}`),
    )
    const message = await complete(route(url, fetchTransport()), user)
    expect(message).not.toHaveProperty("error")
    expect(message.stopReason).toBe("stop")
  })

  test("OF-6 a start is not the first event: the longer first limit holds", () => {
    const { clock, dog, fired } = watched({ firstEventMs: 100, idleMs: 10 })
    dog.waiting()
    clock.advance(50)
    expect(fired).toEqual([])
    clock.advance(51)
    expect(fired).toEqual(["first-event"])
  })

  test("OF-7 nothing is left running when the consumer leaves before the first event", async () => {
    const url = await serve(() => {})
    const clock = handClock()
    const answer = stream(route(url, fetchTransport()), user, {}, { clock })
    const iterator = answer[Symbol.asyncIterator]()
    void iterator.next()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(clock.pending()).toBe(1)
    await iterator.return?.()
    await answer.result()
    expect(clock.pending()).toBe(0)
  })

  test("OF-8 signs of life do not hold off the idle limit for ever", () => {
    const { clock, dog, fired } = watched({ firstEventMs: 100, idleMs: 100 })
    dog.waiting()
    dog.progress()
    for (let i = 0; i < 40 && fired.length === 0; i++) {
      clock.advance(10)
      dog.alive()
    }
    expect(fired).toEqual(["idle"])
    expect(clock.now()).toBeLessThanOrEqual(300)
  })

  test("OF-9 the watchdogs are on unless they are switched off", () => {
    expect(DEFAULT_TIMEOUTS.firstEventMs).toBeGreaterThan(0)
    expect(DEFAULT_TIMEOUTS.idleMs).toBeGreaterThan(0)
  })

  test("OF-10 WO-92 no transport has a limit of its own", async () => {
    let seen: Record<string, unknown> = {}
    const dispatcher = {
      dispatch(
        options: Record<string, unknown>,
        handler: { onResponseError(controller: unknown, error: Error): void },
      ) {
        seen = options
        handler.onResponseError({}, new Error("enough seen"))
        return true
      },
    }
    await complete(route("http://127.0.0.1:9", undiciTransport({ dispatcher: dispatcher as never })), user, {
      retry: { maxAttempts: 1 },
    })
    expect(seen).toMatchObject({ headersTimeout: 0, bodyTimeout: 0 })
    let init: Record<string, unknown> = {}
    const fetchLike = async (_url: string, given: RequestInit): Promise<Response> => {
      init = given as unknown as Record<string, unknown>
      return new Response(`data: {"stop":true,"text":"x"}\n\n`, { headers: SSE })
    }
    await complete(route("http://127.0.0.1:9", fetchTransport({ fetch: fetchLike })), user)
    expect(init["timeout"]).toBe(false)
  })

  test("OF-11 the first limit is never below the idle one unless the caller says so", () => {
    expect(resolveTimeouts({ idleMs: 900_000 }, undefined).firstEventMs).toBe(900_000)
    expect(resolveTimeouts({ idleMs: 900_000, firstEventMs: 5 }, undefined).firstEventMs).toBe(5)
  })

  test("OF-12 the caller's first limit governs the wait for headers too", async () => {
    const url = await serve(() => {})
    const message = await complete(route(url, fetchTransport()), user, {
      timeouts: { firstEventMs: 40 },
      retry: { maxAttempts: 1 },
    })
    expect(message.error?.code).toBe("timeout")
  })

  test("OF-13 a slow observer of the head does not count against the host", async () => {
    const url = await serve((_n, _body, response) => ok(response, "fine"))
    const message = await complete(route(url, fetchTransport()), user, {
      timeouts: { firstEventMs: 60 },
      onResponse: () => new Promise((resolve) => setTimeout(resolve, 120)),
    })
    expect(message.stopReason).toBe("stop")
  })

  test("OF-14 the try after a timeout has limits of its own and really runs", async () => {
    const url = await serve((n, _body, response) => {
      if (n > 1) setTimeout(() => ok(response, "fine"), 30)
    })
    const message = await complete(route(url, fetchTransport()), user, {
      timeouts: { firstEventMs: 60 },
      retry: { baseDelayMs: 1 },
    })
    expect(message.stopReason).toBe("stop")
    expect(message.attempts).toMatchObject([{ error: { code: "timeout" } }])
  })

  test("OF-15 an abort while a wait is on means no further try", async () => {
    let tries = 0
    const url = await serve((n, _body, response) => {
      tries = n
      response.writeHead(503).end("overloaded")
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 60)
    const message = await complete(route(url, fetchTransport()), user, {
      signal: controller.signal,
      retry: { baseDelayMs: 5000 },
    })
    expect(message.stopReason).toBe("aborted")
    expect(tries).toBe(1)
  })

  test("OF-16 while a slow consumer is waited for the limits stand still", () => {
    const { clock, dog, fired } = watched({ firstEventMs: 100, idleMs: 100 })
    dog.waiting()
    dog.progress()
    clock.advance(60)
    dog.paused()
    clock.advance(10_000)
    expect(fired).toEqual([])
    dog.waiting()
    clock.advance(39)
    expect(fired).toEqual([])
    clock.advance(2)
    expect(fired).toEqual(["idle"])
  })

  test("OF-18 a model's own limits hold where the call sets none", async () => {
    expect(resolveTimeouts(undefined, { idleMs: 600_000 })).toEqual({ idleMs: 600_000, firstEventMs: 600_000 })
    expect(resolveTimeouts(undefined, { firstEventMs: 60_000 })).toEqual({ idleMs: 300_000, firstEventMs: 60_000 })
    expect(resolveTimeouts({ firstEventMs: 5 }, { firstEventMs: 60_000 }).firstEventMs).toBe(5)
    const url = await serve(() => {})
    const message = await complete(route(url, fetchTransport(), { timeouts: { firstEventMs: 40, idleMs: 20 } }), user, {
      retry: { maxAttempts: 1 },
    })
    expect(message.error?.code).toBe("timeout")
  })

  test("OF-20 a refused key inside a stream, before any content, is replaced", async () => {
    const url = await serve((n, _body, response) =>
      n > 1 ? ok(response, "fine") : response.writeHead(200, SSE).end(`data: {"error":"authentication_error"}\n\n`),
    )
    const source = keys("old", "new")
    const message = await complete(route(url, fetchTransport(), { credentials: source }), user)
    expect(message.stopReason).toBe("stop")
    expect(source.used).toEqual(["old", "new"])
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.released).toBe(1)
  })

  test("OF-21 the consumer sees one start, that of the try that worked", async () => {
    const url = await serve((n, _body, response) => (n > 1 ? ok(response, "fine") : response.writeHead(401).end("no")))
    const events = await collect(stream(route(url, fetchTransport(), { credentials: keys("a", "b") }), user))
    expect(events.filter((event) => event.type === "start")).toHaveLength(1)
  })

  test("OF-22 a bare status is enough to replace a key", async () => {
    for (const status of [401, 429]) {
      const url = await serve((n, _body, response) => (n > 1 ? ok(response, "fine") : response.writeHead(status).end()))
      const message = await complete(route(url, fetchTransport(), { credentials: keys("a", "b") }), user)
      expect(message.attempts).toMatchObject([{ action: "credential", error: { status } }])
    }
  })

  test("OF-23 what onPayload resolves to is sent instead", async () => {
    const url = await serve((_n, body, response) => ok(response, body))
    const message = await complete(route(url, fetchTransport()), user, { onPayload: async () => ({ other: 1 }) })
    expect(message.content).toMatchObject([{ text: `{"other":1}` }])
  })

  test("OF-24 observers that throw or reject change nothing", async () => {
    const url = await serve((_n, _body, response) => ok(response, "fine"))
    const message = await complete(route(url, fetchTransport()), user, {
      onPayload: () => Promise.reject(new Error("a")),
      onResponse: () => Promise.reject(new Error("b")),
      onEvent: () => {
        throw new Error("c")
      },
    })
    expect(message.content).toMatchObject([{ text: "fine" }])
  })

  test("OF-25 raw frames can be watched without changing what is read", async () => {
    const url = await serve((_n, _body, response) => ok(response, "a", "b"))
    const frames: FrameView[] = []
    const message = await complete(route(url, fetchTransport()), user, {
      onEvent: (frame) => frames.push({ ...frame }),
    })
    expect(frames.map((frame) => frame.data)).toEqual([`{"text":"a"}`, `{"text":"b"}`, `{"stop":true}`])
    expect(message.content).toMatchObject([{ text: "ab" }])
  })

  test("OF-30 a limit of 0 is switched off", () => {
    const { clock, dog, fired } = watched({ firstEventMs: 0, idleMs: 0 })
    dog.waiting()
    clock.advance(1e9)
    dog.progress()
    clock.advance(1e9)
    expect(fired).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  test("OF-31 any function with the call signature of fetch will do", async () => {
    const fetchLike = async (): Promise<Response> =>
      new Response(`data: {"text":"x","stop":true}\n\n`, { headers: SSE })
    const message = await complete(route("http://localhost:9", fetchTransport({ fetch: fetchLike })), user)
    expect(message.content).toMatchObject([{ text: "x" }])
  })

  test("OF-32 header names are compared without case, so that none is sent twice", () => {
    expect(mergeHeaders({ Authorization: "a", "X-One": "1" }, { authorization: "b" }, { "x-one": undefined })).toEqual({
      authorization: "b",
    })
  })

  test("OF-33 an image for a model without vision becomes a note, in tool results too", () => {
    const image = { type: "image" as const, source: { data: "aaaa", mimeType: "image/png" } }
    const { context, losses } = handoff(
      {
        messages: [
          { role: "user", content: [image] },
          {
            role: "assistant",
            content: [{ type: "toolCall", id: "c", name: "look", arguments: {} }],
            api: "toy",
            provider: "toy",
            model: "m",
            usage: { provenance: "absent" },
            stopReason: "toolUse",
            timestamp: 0,
          },
          { role: "toolResult", toolCallId: "c", content: [image] },
        ],
      },
      model("http://x"),
      toyWire.traits,
    )
    const text = { type: "text", text: "[image omitted: model does not support vision]" }
    expect(context.messages[0]).toMatchObject({ content: [text] })
    expect(context.messages[2]).toMatchObject({ content: [text] })
    expect(losses).toHaveLength(2)
  })

  test("OF-34 the scripted model completes partial usage and counts its call ids anew after a reset", async () => {
    const mock = createMock([
      { toolCalls: [{ name: "a", arguments: {} }], usage: { input: 3, output: 4 } },
      { toolCalls: [{ name: "a", arguments: {} }] },
    ])
    const first = await complete(mock.route, user)
    expect(first.usage).toMatchObject({ input: 3, output: 4, totalTokens: 7 })
    const id = first.content.find((block) => block.type === "toolCall")?.id
    mock.reset()
    const again = await complete(mock.route, user)
    expect(again.content.find((block) => block.type === "toolCall")?.id).toBe(id)
  })

  test("exactly one terminal event, whatever is reported", () => {
    const out = builder()
    out.text("a", "x")
    out.stop("stop")
    out.finish()
    out.finish(classify({ is: "timeout" }))
    out.text("b", "late")
    out.fail({ message: "late" })
    expect(out.take().filter(isTerminal)).toHaveLength(1)
    expect(out.message.stopReason).toBe("stop")
  })
})
