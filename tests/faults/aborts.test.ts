import { afterAll, describe, expect, test } from "vitest"
import { Known, stream, type AssistantMessageEvent } from "@sluice/ai"
import { expectProtocol, PROMPT, read, routeTo, TRANSPORTS } from "./support/calls.ts"
import { countingClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, CALL, pause, plannedHost, until } from "./support/host.ts"
import { ALL_WIRES } from "./support/wires.ts"

guardProcess()

const cells = ALL_WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  const { transport, close } = make()
  afterAll(close)

  test("before it begins: nothing is sent", async () => {
    await using host = await plannedHost(at.pieces)
    const seen = await read(routeTo(at, host.url, transport), { signal: AbortSignal.abort() })
    expectProtocol(seen)
    expect(seen.message).toMatchObject({ stopReason: "aborted", error: { code: "aborted", delivered: "nothing" } })
    expect(host.server.requests).toHaveLength(0)
  })

  test("before the head, and while the body of an error is read: the socket is closed within a second", async () => {
    for (const status of [undefined, 500]) {
      await using host = await answering((_asked, response) => {
        if (status) response.writeHead(status).write("{")
      })
      const controller = new AbortController()
      const clock = countingClock()
      const reading = read(routeTo(at, host.url, transport), { signal: controller.signal }, { clock })
      await until("the request is there", () => host.asked.length === 1)
      await pause(20)
      const left = Date.now()
      controller.abort()
      const seen = await reading
      expectProtocol(seen)
      expect(seen.message.error?.code).toBe("aborted")
      await host.sockets.assertNone(1000)
      expect(Date.now() - left).toBeLessThan(1000)
      expect(clock.pending).toBe(0)
      expect(host.asked).toHaveLength(1)
    }
  })

  test("during a wait between tries: at once, and nothing is sent any more", async () => {
    await using host = await answering((_asked, response) => {
      response.writeHead(429, { "retry-after": "30" }).end(at.errorBody("rate_limit_error", "per minute"))
    })
    const controller = new AbortController()
    const clock = countingClock()
    const started = Date.now()
    setTimeout(() => controller.abort(), 60)
    const seen = await read(routeTo(at, host.url, transport), { signal: controller.signal }, { clock })
    expectProtocol(seen)
    expect(seen.message.error?.code).toBe("aborted")
    expect(Date.now() - started).toBeLessThan(1000)
    expect(clock.pending).toBe(0)
    expect(host.asked).toHaveLength(1)
  })

  test("at each event: aborted, or done if that was there; the socket is closed within a second", async () => {
    await using host = await plannedHost(at.pieces)
    const whole = await read(routeTo(at, host.url, transport))
    const count = whole.events.length
    const clock = countingClock()
    for (let n = 1; n <= count; n++) {
      const controller = new AbortController()
      host.plan(`abort-${n}`, [{ chunking: { every: 60 }, delayMs: 1 }])
      const options = { signal: controller.signal, headers: { [CALL]: `abort-${n}` } }
      const seen = await read(routeTo(at, host.url, transport), options, { clock }, (_event, seenSoFar) => {
        if (seenSoFar === n) controller.abort()
      })
      expectProtocol(seen)
      // Between reading the end of the host's stream and handing it on nothing can be called off any more.
      const { message } = seen
      if (message.error)
        expect(message, `event ${n}`).toMatchObject({ stopReason: "aborted", error: { code: "aborted" } })
      else expect(message.stopReason).toBe("toolUse")
      if (n === count) expect(message.error).toBeUndefined()
      for (const block of message.content) {
        if (block.type !== "toolCall" || block.incomplete) continue
        expect(["call_1", "call_2"]).toContain(block.id)
        expect(block.arguments).not.toEqual({})
      }
      expect(host.count(`abort-${n}`)).toBe(1)
    }
    expect(clock.pending).toBe(0)
    await host.server.sockets.assertNone(1000)
  })

  test("in the middle of silence: at once, with the answer so far", async () => {
    await using host = await answering((_asked, response) => begin(response, at.opening + at.says("one")))
    const controller = new AbortController()
    const events: AssistantMessageEvent[] = []
    const answer = stream(
      routeTo(at, host.url, transport),
      PROMPT,
      { signal: controller.signal },
      { known: new Known() },
    )
    setTimeout(() => controller.abort(), 60)
    const left = Date.now()
    for await (const event of answer) events.push(event)
    const message = await answer.result()
    expect(Date.now() - left).toBeLessThan(1000)
    expectProtocol({ events, message })
    expect(message).toMatchObject({ stopReason: "aborted", content: [{ type: "text", text: "one" }] })
    await host.sockets.assertNone(1000)
  })

  test("a source of bytes that ignores its signal does not hold the call up", async () => {
    const route = routeTo(at, "http://127.0.0.1:1", {
      open: async () => ({
        kind: "http",
        memory: new Map(),
        send: async () => ({
          head: { status: 200, headers: new Headers({ "content-type": "text/event-stream" }), channel: "http" },
          chunks: { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) },
          cancel: () => {},
        }),
        close: () => {},
      }),
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 20)
    const seen = await read(route, { signal: controller.signal })
    expect(seen.message.error?.code).toBe("aborted")
  })
})
