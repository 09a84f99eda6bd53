import { afterAll, describe, expect, test } from "vitest"
import { faultProxy, refusedUrl, tcpFaultProxy } from "@sluice/testkit/faults"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { deltasOf, expectProtocol, read, routeTo, TRANSPORTS } from "./support/calls.ts"
import { fastClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, inParallel, pause } from "./support/host.ts"
import { ALL_WIRES } from "./support/wires.ts"

guardProcess()

const cells = ALL_WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  const { transport, close } = make()
  afterAll(close)
  const fine = (): ReturnType<typeof answering> =>
    answering((_asked, response) => {
      begin(response, at.opening + at.says("fine") + at.ending)
      response.end()
    })

  test("a kept connection that the host has closed is replaced at once, without a wait", async () => {
    await using host = await fine()
    await using proxy = await faultProxy({ target: host.url, plan: { closeReused: true } })
    for (let n = 0; n < 4; n++) {
      const clock = fastClock()
      const seen = await read(routeTo(at, proxy.url, transport), {}, { clock })
      expectProtocol(seen)
      expect(seen.message.error).toBeUndefined()
      expect(deltasOf(seen.events, "text")).toBe("fine")
      expect(clock.waits.filter((ms) => ms > 0)).toEqual([])
      // The rest of the answer runs out, and the connection is kept.
      await pause(30)
    }
    expect(host.asked).toHaveLength(4)
    expect(proxy.exchanges.some((exchange) => exchange.outcome === "dropped")).toBe(true)
  })

  test("connections that are reset before the answer: the first is replaced at once, then there is a wait", async () => {
    await using host = await fine()
    const plan = [{ drop: "reset" as const }, { drop: "end" as const }, undefined]
    await using proxy = await faultProxy({ target: host.url, plan })
    const clock = fastClock()
    const seen = await read(routeTo(at, proxy.url, transport), {}, { clock, random: () => 0 })
    expect(seen.message.error).toBeUndefined()
    expect(seen.message.attempts).toMatchObject([
      { error: { code: "network" }, waitedMs: 0 },
      { error: { code: "network" }, waitedMs: 500 },
    ])
    expect(host.asked).toHaveLength(1)
  })

  test("a connection that is refused is a network error, after as many tries as allowed", async () => {
    const clock = fastClock()
    const seen = await read(routeTo(at, await refusedUrl(), transport), { retry: { maxAttempts: 3 } }, { clock })
    expectProtocol(seen)
    expect(seen.message.error).toMatchObject({ code: "network", type: "ECONNREFUSED", delivered: "nothing" })
    expect(seen.message.attempts).toHaveLength(2)
  })

  test("a name that does not exist is a network error that says so", async () => {
    const seen = await read(routeTo(at, "http://host.invalid", transport), { retry: { maxAttempts: 1 } })
    expect(seen.message.error?.code).toBe("network")
    expect(seen.message.error?.type).toMatch(/^(?:ENOTFOUND|EAI_AGAIN)$/)
  })

  test("a cut at any byte of the head or of a chunk's border is a network error or a whole answer", async () => {
    await using host = await answering((_asked, response) => {
      response.setHeader("connection", "close")
      begin(response, at.opening + at.says("fine") + at.ending)
      response.end()
    })
    let places = 0
    await using whole = await tcpFaultProxy({ target: host.url })
    await read(routeTo(at, whole.url, transport))
    const length = whole.connections[0]?.received ?? 0
    expect(length).toBeGreaterThan(200)
    const cuts = Array.from({ length: Math.ceil(length / 3) }, (_, n) => n * 3)
    // Connections come in the order of the cuts, as each is used for one call.
    await using proxy = await tcpFaultProxy({
      target: host.url,
      plan: () => ({ cut: { at: cuts[places++] as number } }),
    })
    await inParallel(cuts, 6, async () => {
      const seen = await read(routeTo(at, proxy.url, transport), { retry: { maxAttempts: 1 } })
      expectProtocol(seen)
      if (seen.message.error) expect(seen.message.error.code).toBe("network")
      else expect(deltasOf(seen.events, "text")).toBe("fine")
    })
    await proxy.sockets.assertNone()
  })

  test.each([
    ["no HTTP at all", "hello there\r\n\r\n"],
    ["a head that is too large", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(200_000)}\r\n\r\n`],
    [
      "a chunk of an impossible size",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\nzz\r\nabc\r\n",
    ],
    [
      "a compressed body that is none",
      "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: text/event-stream\r\ncontent-length: 9\r\n\r\nnot gzip!",
    ],
    [
      "an unknown compression",
      "HTTP/1.1 200 OK\r\ncontent-encoding: rot13\r\ncontent-type: text/event-stream\r\ncontent-length: 9\r\n\r\nnot gzip!",
    ],
  ])("%s ends in one error", async (_name, bytes) => {
    await using host = await answering(
      () => {},
      (server) => {
        server.removeAllListeners("connection")
        server.on("connection", (socket) => {
          socket.on("error", () => {})
          socket.once("data", () => socket.end(bytes))
        })
      },
    )
    const seen = await read(routeTo(at, host.url, transport), { retry: { maxAttempts: 1 } })
    expectProtocol(seen)
    expect(["network", "stream_malformed", "stream_incomplete"]).toContain(seen.message.error?.code)
    await host.sockets.assertNone()
  })
})

test("the pool of undici's transport is gone after close", async () => {
  const [at] = ALL_WIRES
  if (!at) throw new Error("There is no wire.")
  await using host = await answering((_asked, response) => {
    begin(response, at.opening + at.says("fine") + at.ending)
    response.end()
  })
  const transport = undiciTransport()
  for (let n = 0; n < 3; n++) {
    await read(routeTo(at, host.url, transport))
    await pause(30)
  }
  expect(host.sockets.total).toBe(1)
  expect(host.sockets.count).toBe(1)
  await transport.close()
  await host.sockets.assertNone()
})
