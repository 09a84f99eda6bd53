import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { SluiceError } from "../model/errors.ts"
import { SocketExchange, type SocketLimits, type Taken } from "./socket-exchange.ts"

const LIMITS: SocketLimits = {
  pingIntervalMs: 10_000,
  pongTimeoutMs: 60_000,
  queueCapacity: 4096,
  maxIdleReuseMs: 30_000,
  maxIdleMs: 300_000,
}

/** A socket that has been open since the moment 0. */
function open(limits: Partial<SocketLimits> = {}): SocketExchange {
  const socket = new SocketExchange({ ...LIMITS, ...limits })
  socket.opened(0)
  return socket
}

/** All that can be read now, frames by their text and the end by its error's type. */
function drain(socket: SocketExchange): string[] {
  const seen: string[] = []
  for (;;) {
    const taken = socket.take()
    if (!taken) return seen
    if (!("frame" in taken)) return [...seen, `end ${taken.failure?.type ?? "proper"}`]
    seen.push(String(taken.frame.data))
  }
}

const failure = (type: string): SluiceError => new SluiceError({ code: "network", message: type, type })

describe("the end of an exchange", () => {
  test("comes behind the frames that were there: a complete answer wins over a peer in a hurry", () => {
    const socket = open()
    socket.begin()
    socket.frame({ data: "a" }, 1)
    socket.frame({ data: "terminal" }, 2)
    socket.closed(1011, "bye")
    expect(drain(socket)).toEqual(["a", "terminal", "end WS_CLOSED_1011"])
    expect(drain(socket)).toEqual(["end WS_CLOSED_1011"])
  })

  test.each([
    [1000, "proper"],
    [1005, "proper"],
    [1001, "WS_CLOSED_1001"],
    [1006, "WS_CLOSED_1006"],
    [1009, "WS_CLOSED_1009"],
    [4000, "WS_CLOSED_4000"],
  ])("a closing with %i is %s", (code, end) => {
    const socket = open()
    socket.begin()
    socket.closed(code, "")
    expect(drain(socket)).toEqual([`end ${end}`])
  })

  test("a closing before the socket is open is no proper end, whatever its code", () => {
    const socket = new SocketExchange(LIMITS)
    socket.closed(1000, "")
    expect(socket.failure).toMatchObject({ code: "network", type: "WS_NOT_OPENED", retryable: true })
  })

  test("the first failure counts", () => {
    const socket = open()
    socket.begin()
    socket.failed(failure("first"))
    socket.closed(1006, "")
    socket.failed(failure("second"))
    expect(drain(socket)).toEqual(["end first"])
  })
})

describe("the queue", () => {
  test("that is full is emptied, and the exchange fails", () => {
    const socket = open({ queueCapacity: 3 })
    socket.begin()
    const did = ["a", "b", "c", "d"].map((data) => socket.frame({ data }, 1))
    expect(did).toEqual([undefined, undefined, undefined, { do: "close", reason: "queue-overflow" }])
    expect(drain(socket)).toEqual(["end WS_QUEUE_OVERFLOW"])
    expect(socket.failure).toMatchObject({ code: "network", retryable: true })
    expect(socket.failure?.message).toContain("3 frames")
  })

  test("pauses the socket before it grows, and lets it go on once it is empty", () => {
    const socket = open()
    socket.begin()
    for (let n = 0; n < 15; n++) socket.frame({ data: "x" }, 1)
    expect(socket.paused).toBe(false)
    socket.frame({ data: "x" }, 1)
    expect(socket.paused).toBe(true)
    for (let n = 0; n < 15; n++) socket.take()
    expect(socket.paused).toBe(true)
    socket.take()
    expect(socket.paused).toBe(false)
  })

  test("holds nothing that comes while nobody asks, nor what an earlier exchange left", () => {
    const socket = open()
    socket.frame({ data: "unasked" }, 1)
    socket.begin()
    socket.frame({ data: "answer" }, 2)
    socket.frame({ data: "tail" }, 3)
    expect(socket.take()).toEqual({ frame: { data: "answer" } })
    socket.finish(4)
    socket.frame({ data: "late tail" }, 5)
    socket.begin()
    expect(socket.take()).toBeUndefined()
    socket.frame({ data: "next" }, 6)
    expect(drain(socket)).toEqual(["next"])
  })
})

describe("a request", () => {
  test("is refused while another one is in progress, in a way that says: later", () => {
    const socket = open()
    socket.begin()
    expect(() => socket.begin()).toThrow(expect.objectContaining({ code: "concurrency_limited", retryable: true }))
    expect(socket.active).toBe(true)
  })

  test("fails with what the socket failed with before it", () => {
    const socket = open()
    socket.failed(failure("gone"))
    expect(() => socket.begin()).toThrow(expect.objectContaining({ type: "gone" }))
    expect(() => new SocketExchange(LIMITS).begin()).toThrow(expect.objectContaining({ code: "network" }))
  })
})

describe("use once more", () => {
  const signs: [string, (socket: SocketExchange, now: number) => unknown][] = [
    ["a frame", (socket, now) => socket.frame({ data: "" }, now)],
    ["a pong", (socket, now) => socket.alive(now)],
  ]

  test.each(signs)("is possible for as long as %s is not older than the limit", (_name, sign) => {
    const socket = open()
    expect([socket.unfit(30_000), socket.unfit(30_001)]).toEqual([undefined, "stale-reuse"])
    sign(socket, 20_000)
    expect([socket.unfit(50_000), socket.unfit(50_001)]).toEqual([undefined, "stale-reuse"])
  })

  test("is not possible for one that is not open; without a limit age is no matter", () => {
    expect(new SocketExchange(LIMITS).unfit(0)).toBe("closed")
    const socket = open({ maxIdleReuseMs: 0 })
    expect(socket.unfit(1e9)).toBeUndefined()
    socket.closed(1000, "")
    expect(socket.unfit(1e9)).toBe("closed")
  })

  test("one that nobody uses is given up after a time; one in use is not", () => {
    const socket = open({ pingIntervalMs: 0 })
    socket.taken()
    expect(socket.tick(300_000)).toBeUndefined()
    socket.begin()
    socket.finish(300_000)
    expect([socket.tick(599_999), socket.tick(600_000)]).toEqual([undefined, { do: "close", reason: "idle" }])
  })
})

describe("the heartbeat", () => {
  const PING = { do: "ping" }

  test("pings at each interval that something came in", () => {
    const socket = open()
    socket.taken()
    expect([socket.tick(9_999), socket.tick(10_000), socket.tick(20_000)]).toEqual([undefined, PING, undefined])
    socket.alive(20_001)
    expect([socket.tick(20_002), socket.tick(20_003)]).toEqual([PING, undefined])
  })

  test("ends a socket whose ping stays unanswered for longer than the limit", () => {
    const socket = open()
    socket.taken()
    socket.begin()
    expect(socket.tick(10_000)).toEqual(PING)
    expect(socket.tick(70_000)).toBeUndefined()
    expect(socket.tick(70_001)).toEqual({ do: "close", reason: "pong-timeout" })
    expect(drain(socket)).toEqual(["end WS_PONG_TIMEOUT"])
    expect(socket.failure?.message).toContain("pong timeout")
  })

  test.each<[string, (socket: SocketExchange) => unknown]>([
    ["a pong", (socket) => socket.alive(10_000)],
    ["any frame, since some hosts send no pong", (socket) => socket.frame({ data: "x" }, 10_000)],
  ])("%s answers it, in the same millisecond too", (_name, answer) => {
    const socket = open()
    socket.taken()
    socket.tick(10_000)
    answer(socket)
    expect(socket.tick(70_001)).toEqual(PING)
  })

  test("says nothing about a peer that we do not read from", () => {
    const socket = open()
    socket.taken()
    socket.begin()
    socket.tick(10_000)
    for (let n = 0; n < 16; n++) socket.frame({ data: "x" }, 9_000)
    socket.tick(10_000)
    expect(socket.tick(90_000)).toBeUndefined()
    drain(socket)
    expect(socket.tick(90_000)).toEqual(PING)
    expect(socket.tick(150_000)).toBeUndefined()
    expect(socket.tick(150_001)).toEqual({ do: "close", reason: "pong-timeout" })
  })

  test("is off with 0", () => {
    const socket = open({ pingIntervalMs: 0, maxIdleMs: 0 })
    expect(socket.tick(1e9)).toBeUndefined()
    const patient = open({ pongTimeoutMs: 0, maxIdleMs: 0 })
    expect([patient.tick(10_000), patient.tick(1e9)]).toEqual([PING, undefined])
  })
})

type Input =
  | { is: "opened" | "alive" | "tick" | "begin" | "take" | "finish" | "taken" }
  | { is: "frame" }
  | { is: "closed"; code: number }
  | { is: "failed" }

const input: fc.Arbitrary<Input> = fc.oneof(
  fc.constantFrom<Input>(
    { is: "opened" },
    { is: "alive" },
    { is: "tick" },
    { is: "begin" },
    { is: "finish" },
    { is: "taken" },
    { is: "failed" },
  ),
  { arbitrary: fc.constant<Input>({ is: "frame" }), weight: 6 },
  { arbitrary: fc.constant<Input>({ is: "take" }), weight: 6 },
  fc.constantFrom(1000, 1005, 1006, 1011).map((code): Input => ({ is: "closed", code })),
)

test("in whatever order things happen, an exchange has frames in their order, one end, and nothing after it", () => {
  const steps = fc.array(fc.tuple(input, fc.nat({ max: 40_000 })), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), (all, queueCapacity) => {
      const socket = new SocketExchange({ ...LIMITS, queueCapacity })
      let now = 0
      let sent = 0
      /** Of the exchange under way: the last frame before it, the last one read, and its end. */
      let exchange: { after: number; read: number; end?: Taken } | undefined
      for (const [step, ms] of all) {
        now += ms
        const before = socket.state
        switch (step.is) {
          case "frame":
            socket.frame({ data: `${++sent}` }, now)
            expect(socket.waiting).toBeLessThanOrEqual(queueCapacity)
            break
          case "closed":
            socket.closed(step.code, "")
            expect(socket.state).toBe("over")
            break
          case "failed":
            socket.failed(failure("any"))
            break
          case "begin": {
            const active = socket.active
            let begun = true
            try {
              socket.begin()
            } catch {
              begun = false
            }
            expect(begun).toBe(before === "open" && !active)
            if (begun) exchange = { after: sent, read: sent }
            break
          }
          case "take": {
            const taken = socket.take()
            if (exchange && taken && "frame" in taken) {
              expect(exchange.end).toBeUndefined()
              const n = Number(taken.frame.data)
              expect(n).toBe(exchange.read + 1)
              exchange.read = n
            } else if (exchange && taken) {
              if (exchange.end) expect(taken).toEqual(exchange.end)
              exchange.end = taken
            } else if (!exchange && taken) expect("frame" in taken).toBe(false)
            break
          }
          case "finish":
            socket.finish(now)
            exchange = undefined
            break
          case "opened":
            socket.opened(now)
            break
          case "alive":
            socket.alive(now)
            break
          case "taken":
            socket.taken()
            break
          default:
            socket.tick(now)
        }
        if (before === "over") expect(socket.state).toBe("over")
        if (socket.state === "over") expect(socket.paused).toBe(false)
      }
      // Whoever goes on reading after the socket is gone comes to the end.
      socket.failed(failure("last"))
      if (exchange && !exchange.end) expect(drain(socket).at(-1)).toMatch(/^end /)
    }),
    { numRuns: 500 },
  )
})
