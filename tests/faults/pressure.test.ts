import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { Known, stream } from "@sluice/ai"
import { faultProxy } from "@sluice/testkit/faults"
import { deltasOf, expectProtocol, PROMPT, read, routeTo, TRANSPORTS } from "./support/calls.ts"
import { countingClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, pause, plannedHost } from "./support/host.ts"
import { TEXT, ALL_WIRES, type WireCase } from "./support/wires.ts"

guardProcess()

const cells = ALL_WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))
const WORD = "abcdefgh".repeat(64)
const MIB = 1024 * 1024
/** What may lie between host and consumer: buffers of the system on both sides, of the transport, and our own. */
const BOUND = 24 * MIB

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      response.off("drain", over)
      response.off("close", over)
      resolve()
    }
    response.on("drain", over)
    response.on("close", over)
  })
}

/** Writes events for as long as somebody takes them; gives what was taken, in bytes. */
async function flood(
  at: WireCase,
  response: ServerResponse,
  total: number,
  count: (bytes: number) => void,
): Promise<void> {
  begin(response, at.opening)
  const piece = Buffer.from(at.says(WORD).repeat(32))
  for (let sent = 0; sent < total && !response.destroyed; sent += piece.length) {
    const room = response.write(piece)
    count(piece.length)
    if (!room) await drained(response)
  }
  response.end(at.ending)
}

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  test("a consumer that stops reading stops the host, and the limits stand still meanwhile", async () => {
    let taken = 0
    await using host = await answering((_asked, response) => {
      void flood(at, response, 96 * MIB, (bytes) => (taken += bytes)).catch(() => {})
    })
    const { transport, close } = make()
    const clock = countingClock()
    const timeouts = { firstEventMs: 2000, idleMs: 2000 }
    const answer = stream(routeTo(at, host.url, transport), PROMPT, { timeouts }, { known: new Known(), clock })
    const iterator = answer[Symbol.asyncIterator]()
    for (let n = 0; n < 4; n++) await iterator.next()
    // The buffers on the way fill up, and then nothing moves any more.
    let before = -1
    while (before !== taken) {
      before = taken
      await pause(150)
    }
    expect(taken).toBeLessThan(BOUND)
    for (let n = 0; n < 5000; n++) expect((await iterator.next()).done).toBeFalsy()
    await pause(100)
    expect(taken).toBeLessThan(BOUND + 5000 * Buffer.byteLength(at.says(WORD)))
    await iterator.return?.()
    expect((await answer.result()).error?.code).toBe("aborted")
    await host.sockets.assertNone(1000)
    expect(clock.pending).toBe(0)
    await close()
  })

  test("result() alone reads to the end", async () => {
    await using host = await answering((_asked, response) => {
      void flood(at, response, 8 * MIB, () => {}).catch(() => {})
    })
    const { transport, close } = make()
    const message = await stream(routeTo(at, host.url, transport), PROMPT, {}, { known: new Known() }).result()
    expect(message.error).toBeUndefined()
    const [block] = message.content
    expect(block?.type === "text" && block.text.length).toBeGreaterThan(7 * MIB * (WORD.length / at.says(WORD).length))
    await close()
  })

  test("a host behind a slow line is read to its end", async () => {
    await using host = await plannedHost(at.pieces)
    await using proxy = await faultProxy({ target: host.url, plan: { slow: { bytes: 48, everyMs: 1 } } })
    const { transport, close } = make()
    const seen = await read(routeTo(at, proxy.url, transport), { timeouts: { firstEventMs: 2000, idleMs: 2000 } })
    expectProtocol(seen)
    expect(seen.message.error).toBeUndefined()
    expect(deltasOf(seen.events, "text")).toBe(TEXT)
    await close()
    await proxy.sockets.assertNone(6000)
  })

  test("a host that reads the request slowly gets all of it", async () => {
    await using host = await plannedHost(at.pieces)
    await using proxy = await faultProxy({ target: host.url, plan: { slowRequest: { bytes: 65_536, everyMs: 2 } } })
    const { transport, close } = make()
    const long = { messages: [{ role: "user" as const, content: "x".repeat(2 * MIB) }] }
    const message = await stream(routeTo(at, proxy.url, transport), long, {}, { known: new Known() }).result()
    expect(message.error).toBeUndefined()
    expect(host.server.requests[0]?.body).toContain("x".repeat(1000))
    expect(host.server.requests[0]?.bytes.length).toBeGreaterThan(2 * MIB)
    await close()
  })
})
