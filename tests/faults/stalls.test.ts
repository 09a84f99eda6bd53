import { afterAll, describe, expect, test } from "vitest"
import { deltasOf, expectProtocol, read, routeTo, TRANSPORTS } from "./support/calls.ts"
import { countingClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, CALL, plannedHost } from "./support/host.ts"
import { streamOf, TEXT, THINKING, toldAt, ALL_WIRES } from "./support/wires.ts"

guardProcess()

const cells = ALL_WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  const { transport, close } = make()
  const { bytes, ends } = streamOf(at.pieces)
  const once = { maxAttempts: 1 }
  afterAll(close)

  test("silence before the head is a timeout, and the socket is closed", async () => {
    await using host = await answering(() => {})
    const clock = countingClock()
    const seen = await read(
      routeTo(at, host.url, transport),
      { timeouts: { firstEventMs: 40 }, retry: once },
      { clock },
    )
    expectProtocol(seen)
    expect(seen.message.error).toMatchObject({ code: "timeout", delivered: "nothing", retryable: true })
    expect(seen.message.error?.message).toContain("40 ms")
    await host.sockets.assertNone()
    expect(clock.pending).toBe(0)
  })

  test("silence before the first event is a timeout; the next try has its own time and succeeds", async () => {
    await using host = await plannedHost(at.pieces)
    host.plan("a", [{ fault: { kind: "stall", at: 0 } }])
    const timeouts = { firstEventMs: 60, idleMs: 2000 }
    const seen = await read(routeTo(at, host.url, transport), {
      headers: { [CALL]: "a" },
      timeouts,
      retry: { baseDelayMs: 1 },
    })
    expectProtocol(seen)
    expect(seen.message.stopReason).toBe("toolUse")
    expect(seen.message.attempts).toMatchObject([{ action: "waited", error: { code: "timeout" } }])
    expect(host.count("a")).toBe(2)
    await host.server.sockets.assertNone()
  })

  const places = at.pieces
    .map((piece, n) => [piece, n] as const)
    .filter(([{ text, args, thinking }]) => thinking || text || args)
    .flatMap(([piece, n]) => {
      const what = piece.args ? "arguments" : piece.text ? "text" : "thinking"
      return [
        [`behind ${what} (event ${n})`, ends[n] as number],
        [`within the event of ${what} (event ${n})`, (ends[n] as number) - 9],
      ] as const
    })
  test("silence in the middle is a timeout with the answer so far, and is not tried again", async () => {
    await using host = await plannedHost(at.pieces)
    const clock = countingClock()
    await Promise.all(
      places.map(async ([name, place]) => {
        host.plan(name.replaceAll(" ", "-"), [{ chunking: "whole", fault: { kind: "stall", at: place } }])
        const headers = { [CALL]: name.replaceAll(" ", "-") }
        const timeouts = { firstEventMs: 150, idleMs: 150 }
        const told = toldAt(at, place, false)
        const seen = await read(
          routeTo(at, host.url, transport),
          { headers, timeouts, retry: told.content ? {} : once },
          { clock },
        )
        expectProtocol(seen)
        expect(seen.message.error, name).toMatchObject({ code: "timeout" })
        expect(deltasOf(seen.events, "thinking"), name).toBe(told.thinking)
        expect(deltasOf(seen.events, "text"), name).toBe(told.text)
        expect(host.count(headers[CALL] as string), name).toBe(1)
        const calls = seen.message.content.filter((block) => block.type === "toolCall")
        expect(
          calls.map((one) => one.incomplete !== true),
          name,
        ).toEqual(told.args.map((_, n) => told.closed.has(n)))
      }),
    )
    await host.server.sockets.assertNone()
    expect(clock.pending).toBe(0)
  })

  test("silence behind the end of the answer is no failure", async () => {
    await using host = await plannedHost(at.pieces)
    host.plan("a", [{ chunking: "whole", fault: { kind: "stall", at: bytes.length } }])
    const started = Date.now()
    const seen = await read(routeTo(at, host.url, transport), { headers: { [CALL]: "a" }, timeouts: { idleMs: 5000 } })
    expectProtocol(seen)
    expect(seen.message.error).toBeUndefined()
    expect(deltasOf(seen.events, "thinking") + deltasOf(seen.events, "text")).toBe(THINKING + TEXT)
    expect(Date.now() - started).toBeLessThan(2000)
    await host.server.sockets.assertNone()
  })

  test("signs of life alone do not keep a call alive for ever", async () => {
    await using host = await answering((_asked, response) => {
      begin(response, at.opening + at.says("one"))
      const timer = setInterval(() => response.write(":\n\n"), 10)
      response.on("close", () => clearInterval(timer))
    })
    const seen = await read(routeTo(at, host.url, transport), { timeouts: { idleMs: 60 } })
    expectProtocol(seen)
    expect(seen.message.error).toMatchObject({ code: "timeout", delivered: "content" })
    await host.sockets.assertNone()
  })

  test("a head with an error and a body that never ends is an error all the same", async () => {
    await using host = await answering((_asked, response) => {
      response.writeHead(400, { "content-type": "application/json" })
      response.write(at.errorBody("invalid_request_error", "no"))
      response.socket?.destroySoon()
    })
    const seen = await read(routeTo(at, host.url, transport), { retry: once })
    expect(seen.message.error).toMatchObject({ code: "invalid_request", status: 400 })
    await host.sockets.assertNone()
  })
})
