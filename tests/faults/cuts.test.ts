import { afterAll, describe, expect, test } from "vitest"
import type { ReplayPlan } from "@sluice/testkit"
import { argumentsOf, deltasOf, expectProtocol, read, routeTo, TRANSPORTS, type Seen } from "./support/calls.ts"
import { countingClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { CALL, inParallel, plannedHost } from "./support/host.ts"
import { CALLS, streamOf, TEXT, THINKING, toldAt, ALL_WIRES, type Told, type WireCase } from "./support/wires.ts"

guardProcess()

/** How an answer is broken off: by an end of the connection, by a reset, or by a body that ends as if it were whole. */
const MANNERS = ["fin", "reset", "end"] as const
type Manner = (typeof MANNERS)[number]

function faultAt(manner: Manner, at: number): ReplayPlan {
  if (manner === "end") return { chunking: "whole", fault: { kind: "end", at } }
  return { chunking: "whole", fault: { kind: "cut", at, how: manner === "fin" ? "end" : "reset" } }
}

/** A whole answer, each part once. */
function expectWhole({ events, message }: Seen, usage = true): void {
  expect(message.error).toBeUndefined()
  expect(message.stopReason).toBe("toolUse")
  expect(deltasOf(events, "thinking")).toBe(THINKING)
  expect(deltasOf(events, "text")).toBe(TEXT)
  expect(message.content.map((block) => block.type)).toEqual(["thinking", "text", "toolCall", "toolCall"])
  CALLS.forEach((call, n) => {
    const block = message.content[n + 2]
    expect(block).toMatchObject({ type: "toolCall", ...call })
    expect(block).not.toHaveProperty("incomplete")
  })
  if (usage) expect(message.usage).toMatchObject({ input: 7, output: 9, provenance: "reported" })
}

/**
 * What the consumer was told. What stands behind the last blank line is read only when all is over: if it is the first
 * content, the try fails without a trace.
 */
function shownAt(at: WireCase, bytes: number, proper: boolean): Told {
  const told = toldAt(at, bytes, proper)
  return told.whole || toldAt(at, bytes, false).content ? told : toldAt(at, 0, false)
}

/** What was given out is what had come: no less, no more, nothing called complete that was not. */
function expectTold({ events, message }: Seen, told: Told, exact: boolean): void {
  const thinking = deltasOf(events, "thinking")
  const text = deltasOf(events, "text")
  const args = argumentsOf(events)
  if (exact) {
    expect(thinking).toBe(told.thinking)
    expect(text).toBe(told.text)
    expect(args).toEqual(told.args)
  } else {
    // A reset may take with it what had come and was not read yet.
    expect(told.thinking.startsWith(thinking)).toBe(true)
    expect(told.text.startsWith(text)).toBe(true)
    args.forEach((one, n) => expect(told.args[n]?.startsWith(one)).toBe(true))
  }
  const calls = message.content.filter((block) => block.type === "toolCall")
  calls.forEach((call, n) => {
    const complete = call.incomplete !== true
    if (exact) expect(complete).toBe(told.closed.has(n))
    if (!complete) return
    expect(told.closed.has(n)).toBe(true)
    expect(call).toMatchObject(CALLS[n] as object)
  })
  if (!message.error) return
  expect(message.error.delivered === "nothing").toBe(!thinking && !text && calls.length === 0)
  expect(message.stopReason).toBe("error")
}

const cells = ALL_WIRES.flatMap((at) =>
  TRANSPORTS.flatMap(([name, make]) => MANNERS.map((manner) => [at.name, name, manner, at, make] as const)),
)

describe.each(cells)("%s over %s, broken off by %s", (_wire, _transport, manner, at, make) => {
  const { transport, close } = make()
  const { bytes } = streamOf(at.pieces)
  const every = Array.from({ length: bytes.length + 1 }, (_, n) => n)
  const proper = manner === "end"
  const shownFrom = every.find((n) => toldAt(at, n, false).content) as number
  afterAll(close)

  test("at every byte: one terminal event of the right code, the answer so far kept, no call complete that is not", async () => {
    await using host = await plannedHost(at.pieces)
    const clock = countingClock()
    await inParallel(every, 12, async (n) => {
      const call = `once-${n}`
      host.plan(call, [faultAt(manner, n)])
      const seen = await read(
        routeTo(at, host.url, transport),
        { headers: { [CALL]: call }, retry: { maxAttempts: 1 } },
        { clock },
      )
      const told = shownAt(at, n, proper)
      try {
        expectProtocol(seen)
        expectTold(seen, told, manner !== "reset")
        if (seen.message.error) {
          expect(seen.message.error.code).toBe(proper ? "stream_incomplete" : "network")
          expect(told.whole && manner !== "reset").toBe(false)
          expect(seen.message.error.retryable).toBe(true)
        } else {
          expect(told.whole).toBe(true)
          expectWhole(seen, false)
        }
        expect(host.count(call)).toBe(1)
      } catch (cause) {
        throw new Error(`Cut at byte ${n} of ${bytes.length}: ${String(cause)}`, { cause })
      }
    })
    expect(clock.pending).toBe(0)
    await host.server.sockets.assertNone()
  })

  // Behind the first content nothing is tried again, wherever the cut is: a sample of places is enough there.
  const again = every.filter((n) => n <= shownFrom + 2 || n % 11 === 0)

  test("up to the first content, and the next try succeeds: one answer, asked for again only before content", async () => {
    await using host = await plannedHost(at.pieces)
    const clock = countingClock()
    await inParallel(again, 12, async (n) => {
      const call = `again-${n}`
      host.plan(call, [faultAt(manner, n), { chunking: "whole" }])
      const seen = await read(
        routeTo(at, host.url, transport),
        { headers: { [CALL]: call }, retry: { maxAttempts: 3, baseDelayMs: 1 } },
        { clock },
      )
      const told = shownAt(at, n, proper)
      try {
        expectProtocol(seen)
        const tries = host.count(call)
        if (manner !== "reset") expect(tries).toBe(told.content ? 1 : 2)
        if (tries === 2) {
          expectWhole(seen)
          expect(seen.message.attempts).toMatchObject([{ action: "waited", error: { delivered: "nothing" } }])
        } else {
          expect(tries).toBe(1)
          expectTold(seen, told, manner !== "reset")
          if (!seen.message.error) expectWhole(seen, false)
        }
      } catch (cause) {
        throw new Error(`Cut at byte ${n} of ${bytes.length}: ${String(cause)}`, { cause })
      }
    })
    expect(clock.pending).toBe(0)
    await host.server.sockets.assertNone()
  })
})

test.each(ALL_WIRES.map((at): [string, WireCase] => [at.name, at]))(
  "%s: the stream of these tests is whole when nothing happens to it",
  async (_name, at) => {
    await using host = await plannedHost(at.pieces)
    for (const [, make] of TRANSPORTS) {
      const { transport, close } = make()
      const seen = await read(routeTo(at, host.url, transport))
      expectProtocol(seen)
      expectWhole(seen)
      await close()
    }
  },
)
