import { afterEach, describe, expect, test } from "vitest"
import type { WebSocket } from "ws"
import { type Channel, type Exchange, REFUSED_WITH, type Transport } from "../contract/transport.ts"
import type { SluiceErrorData } from "../model/errors.ts"
import { guardProcess } from "../../../../tests/faults/support/guard.ts"
import { pause, until } from "../../../../tests/faults/support/host.ts"
import { socketHost, type SocketHost } from "../../../../tests/support/socket-host.ts"
import { websocketTransport, type WebSocketOptions, type WebSocketTransport } from "./websocket.ts"

guardProcess()

const noHttp: Transport = { open: () => Promise.reject(new Error("no HTTP here")) }
const never = new AbortController().signal
const transports: WebSocketTransport[] = []

afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
})

function transportWith(options: Partial<WebSocketOptions> = {}): WebSocketTransport {
  const transport = websocketTransport({ http: noHttp, ...options })
  transports.push(transport)
  return transport
}

const at = (host: SocketHost, authorization = "Bearer a", key = "session") => ({
  key,
  url: host.url,
  headers: { authorization },
})

const send = (channel: Channel, body: string | Uint8Array = "{}", signal: AbortSignal = never): Promise<Exchange> =>
  channel.send({ method: "POST", url: "", headers: {}, body }, signal)

const texts = (data: string | Uint8Array): string => (typeof data === "string" ? data : new TextDecoder().decode(data))

/** Reads until a frame says `end`, and gives the socket back. */
async function readAnswer(exchange: Exchange): Promise<string[]> {
  const seen: string[] = []
  const frames = exchange.chunks[Symbol.asyncIterator]()
  for (;;) {
    const next = await frames.next()
    if (next.done || next.value instanceof Uint8Array) return seen
    seen.push(texts(next.value.data))
    if (texts(next.value.data) !== "end") continue
    exchange.cancel()
    return seen
  }
}

/** Reads to the end of the exchange: the frames, and the error if there is one. */
async function readAll(exchange: Exchange): Promise<{ seen: string[]; error?: SluiceErrorData }> {
  const seen: string[] = []
  try {
    for await (const chunk of exchange.chunks) {
      seen.push(texts(chunk instanceof Uint8Array ? chunk : chunk.data))
    }
    return { seen }
  } catch (error) {
    return { seen, error: error as SluiceErrorData }
  }
}

/** One call: opens, sends, reads, gives back. */
async function call(transport: Transport, target: ReturnType<typeof at>, body?: string): Promise<string[]> {
  return readAnswer(await send(await transport.open(target, never), body))
}

/** Sends frames in one segment, so that they are there before the reader's socket can be paused. */
function sendAtOnce(socket: WebSocket, count: number, then: () => void = () => {}): void {
  const stream = (socket as never as { _socket: { cork(): void; uncork(): void } })._socket
  stream.cork()
  for (let n = 0; n < count; n++) socket.send("x")
  then()
  stream.uncork()
}

const echo = (): Promise<SocketHost> =>
  socketHost({
    request(text, socket) {
      socket.send(`got ${text}`)
      socket.send("end")
    },
  })

describe("a kept socket", () => {
  test("serves one exchange after the other, with what was learned on it", async () => {
    await using host = await echo()
    const transport = transportWith()
    for (const body of ["1", "2", "3"]) {
      const channel = await transport.open(at(host), never)
      expect(channel.kind).toBe("websocket")
      expect(channel.memory.get("last")).toBe(body === "1" ? undefined : String(Number(body) - 1))
      channel.memory.set("last", body)
      expect(await readAnswer(await send(channel, body))).toEqual([`got ${body}`, "end"])
    }
    expect(host.handshakes).toHaveLength(1)
  })

  test("takes a body of bytes as text, and gives binary frames like text (OF-195)", async () => {
    await using host = await socketHost({
      request(text, socket) {
        socket.send(new TextEncoder().encode(`{"got":${text}}`), { binary: true })
        socket.send("end")
      },
    })
    let binary: boolean | undefined
    host.peers.forEach((peer) => peer.on("message", (_data, is) => (binary = is)))
    const channel = await transportWith().open(at(host), never)
    host.peers.forEach((peer) => peer.on("message", (_data, is) => (binary = is)))
    expect(await readAnswer(await send(channel, new TextEncoder().encode("1")))).toEqual([`{"got":1}`, "end"])
    expect(binary).toBe(false)
  })

  test("tells what its handshake said once: it is old news afterwards", async () => {
    await using host = await socketHost({
      headers: { "x-turn": "t1" },
      request: (_text, socket) => socket.send("end"),
    })
    const transport = transportWith()
    const seen: (string | null)[] = []
    for (let n = 0; n < 2; n++) {
      const exchange = await send(await transport.open(at(host), never))
      expect(exchange.head).toMatchObject({ status: 101, channel: "websocket" })
      seen.push(exchange.head.headers.get("x-turn"))
      await readAnswer(exchange)
    }
    expect(seen).toEqual(["t1", null])
  })

  test("is replaced when the credential has changed, with an empty memory", async () => {
    await using host = await echo()
    const transport = transportWith()
    const first = await transport.open(at(host), never)
    first.memory.set("chain", 1)
    await readAnswer(await send(first))
    const second = await transport.open(at(host, "Bearer b"), never)
    expect(second.memory.size).toBe(0)
    await readAnswer(await send(second))
    await until("the old socket is closed", () => host.closings.length === 1)
    expect(host.closings).toEqual([{ code: 1000, reason: "token-refresh" }])
    expect(host.handshakes.map(({ authorization }) => authorization)).toEqual(["Bearer a", "Bearer b"])
  })

  test("OF-208: is replaced when nothing has come for too long", async () => {
    await using host = await echo()
    const transport = transportWith({ maxIdleReuseMs: 300, pingIntervalMs: 0 })
    const target = at(host)
    await call(transport, target)
    await call(transport, target)
    expect(host.handshakes).toHaveLength(1)
    await pause(350)
    await call(transport, target)
    await until("the old socket is closed", () => host.closings.length === 1)
    expect(host.closings[0]?.reason).toBe("stale-reuse")
    expect(host.handshakes).toHaveLength(2)
  })

  test("stays fresh by pongs, and is given up when nobody uses it", async () => {
    await using host = await echo()
    const transport = transportWith({ maxIdleReuseMs: 300, pingIntervalMs: 40, maxIdleMs: 1000 })
    await call(transport, at(host))
    await pause(600)
    await call(transport, at(host))
    expect(host.handshakes).toHaveLength(1)
    await until("the idle socket is closed", () => host.closings.length === 1, 4000)
    expect(host.closings[0]?.reason).toBe("idle")
  })

  test("that the host has closed meanwhile is not used", async () => {
    await using host = await echo()
    const transport = transportWith()
    await call(transport, at(host))
    for (const peer of host.peers) peer.close(1001, "restart")
    await until("the closing is agreed", () => host.closings.length === 1)
    await pause(5)
    expect(await call(transport, at(host))).toEqual(["got {}", "end"])
    expect(host.handshakes).toHaveLength(2)
  })

  test("brings nothing of an earlier answer into the next one", async () => {
    await using host = await socketHost({
      request(text, socket) {
        socket.send("end")
        socket.send(`tail of ${text}`)
      },
    })
    const transport = transportWith()
    await call(transport, at(host), "1")
    await pause(20)
    expect(await call(transport, at(host), "2")).toEqual(["end"])
  })

  test("keys are apart", async () => {
    await using host = await echo()
    const transport = transportWith()
    await call(transport, at(host, "Bearer a", "one"))
    await call(transport, at(host, "Bearer a", "two"))
    expect(host.handshakes).toHaveLength(2)
  })

  test("one key for two addresses is never sent to the wrong one", async () => {
    await using host = await echo()
    await using other = await echo()
    const transport = transportWith()
    await call(transport, at(host))
    await call(transport, at(other))
    expect([host.requests.length, other.requests.length]).toEqual([1, 1])
  })
})

describe("a handshake", () => {
  test("OF-210: is joined by whoever wants the same key meanwhile", async () => {
    let agree = (): void => {}
    await using host = await socketHost({
      handshake: () => new Promise<void>((resolve) => (agree = resolve)),
      request: (_text, socket) => socket.send("end"),
    })
    const transport = transportWith()
    const warm = transport.warm(at(host), never)
    const first = transport.open(at(host), never)
    await until("the handshake has begun", () => host.handshakes.length > 0)
    agree()
    await warm
    expect(await readAnswer(await send(await first))).toEqual(["end"])
    await transport.warm(at(host), never)
    expect(await call(transport, at(host))).toEqual(["end"])
    expect(host.handshakes).toHaveLength(1)
  })

  test("OF-211: goes on when one of those who wait for it leaves", async () => {
    let agree = (): void => {}
    await using host = await socketHost({
      handshake: () => new Promise<void>((resolve) => (agree = resolve)),
      request: (_text, socket) => socket.send("end"),
    })
    const transport = transportWith()
    const leaving = new AbortController()
    const first = transport.open(at(host), leaving.signal)
    const second = transport.open(at(host), never)
    await until("the handshake has begun", () => host.handshakes.length > 0)
    leaving.abort(new Error("left"))
    await expect(first).rejects.toThrow("left")
    agree()
    expect(await readAnswer(await send(await second))).toEqual(["end"])
    expect(host.handshakes).toHaveLength(1)
  })

  test("OF-212: ends with the last one who waits, and leaves no timer and no socket", async () => {
    await using host = await socketHost({ handshake: () => new Promise<void>(() => {}) })
    const leaving = new AbortController()
    const first = transportWith().open(at(host), leaving.signal)
    await until("the handshake has begun", () => host.handshakes.length > 0)
    leaving.abort(new Error("left"))
    await expect(first).rejects.toThrow("left")
    await host.sockets.assertNone()
    expect(process.getActiveResourcesInfo()).not.toContain("TCPSocketWrap")
  })

  test("an abort that came before opens nothing", async () => {
    await using host = await echo()
    const transport = transportWith()
    await expect(transport.open(at(host), AbortSignal.abort(new Error("early")))).rejects.toThrow("early")
    await expect(transport.warm(at(host), AbortSignal.abort(new Error("early")))).rejects.toThrow("early")
    expect(host.handshakes).toHaveLength(0)
  })

  test("that takes too long is a network error", async () => {
    await using host = await socketHost({ handshake: () => new Promise<void>(() => {}) })
    await expect(transportWith({ connectTimeoutMs: 40 }).open(at(host), never)).rejects.toMatchObject({
      code: "network",
      type: "WS_CONNECT_TIMEOUT",
      retryable: true,
    })
    await host.sockets.assertNone()
  })

  test.each([401, 403, 404, 426, 429, 500, 502, 503, 302])(
    "that is refused with %i gives a channel whose exchange is the refusal",
    async (status) => {
      await using host = await socketHost({
        handshake: () => ({ status, headers: { "retry-after": "7" }, body: `{"error":"no ${status}"}` }),
      })
      const channel = await transportWith().open(at(host), never)
      expect([...channel.memory]).toEqual([[REFUSED_WITH, status]])
      const exchange = await send(channel)
      expect(exchange.head).toMatchObject({ status, channel: "websocket" })
      expect(exchange.head.headers.get("retry-after")).toBe("7")
      expect(await readAll(exchange)).toEqual({ seen: [`{"error":"no ${status}"}`] })
      channel.close("done")
      await host.sockets.assertNone()
    },
  )

  test("a refusal reaches all who wait, and the next one asks anew", async () => {
    await using host = await socketHost({
      handshake: (n) => (n === 1 ? { status: 503, body: "busy" } : undefined),
      request: (_text, socket) => socket.send("end"),
    })
    const transport = transportWith()
    const both = await Promise.all([transport.open(at(host), never), transport.open(at(host), never)])
    for (const channel of both) expect((await send(channel)).head.status).toBe(503)
    expect(await call(transport, at(host))).toEqual(["end"])
    expect(host.handshakes).toHaveLength(2)
  })

  test("a refusal whose body hangs is told with what came of it", async () => {
    await using host = await socketHost({ handshake: () => ({ status: 429, body: "slow d", hang: true }) })
    const exchange = await send(await transportWith().open(at(host), never))
    expect(exchange.head.status).toBe(429)
    expect(await readAll(exchange)).toEqual({ seen: ["slow d"] })
    await host.sockets.assertNone()
  })

  test("an answer of 200 is no agreement", async () => {
    await using host = await socketHost({ handshake: () => ({ status: 200, body: "<html>" }) })
    await expect(transportWith().open(at(host), never)).rejects.toMatchObject({
      code: "network",
      type: "WS_NOT_UPGRADED",
      retryable: false,
    })
  })

  test("to nobody, and to no address", async () => {
    const gone = { key: "k", url: "ws://127.0.0.1:1", headers: {} }
    await expect(transportWith().open(gone, never)).rejects.toMatchObject({ code: "network", type: "ECONNREFUSED" })
    for (const url of ["nonsense", "ftp://127.0.0.1"]) {
      await expect(transportWith().open({ ...gone, url }, never)).rejects.toMatchObject({ code: "config" })
    }
  })
})

describe("a key that is in use", () => {
  test("gets a socket of its own for once: nobody waits for another's answer", async () => {
    await using host = await socketHost({
      request(text, socket) {
        if (text === "slow") return
        socket.send(`got ${text}`)
        socket.send("end")
      },
    })
    const transport = transportWith()
    const kept = await transport.open(at(host), never)
    kept.memory.set("chain", 1)
    const slow = await send(kept, "slow")
    const spare = await transport.open(at(host), never)
    expect(spare.memory.size).toBe(0)
    expect(await readAnswer(await send(spare, "quick"))).toEqual(["got quick", "end"])
    slow.cancel()
    await until("the spare socket is closed", () => host.closings.length === 1)
    expect(host.closings[0]?.reason).toBe("spare")
    expect((await transport.open(at(host), never)).memory.get("chain")).toBe(1)
    expect(host.handshakes).toHaveLength(2)
  })

  test("gets each of those who waited for one handshake a socket", async () => {
    await using host = await echo()
    const transport = transportWith()
    const answers = await Promise.all(["1", "2", "3"].map((body) => call(transport, at(host), body)))
    expect(answers.map(([first]) => first)).toEqual(["got 1", "got 2", "got 3"])
    expect(host.handshakes).toHaveLength(3)
  })

  test("a channel has one request", async () => {
    await using host = await socketHost()
    const channel = await transportWith().open(at(host), never)
    await send(channel)
    await expect(send(channel)).rejects.toMatchObject({ code: "concurrency_limited", retryable: true, scope: "local" })
    expect(host.requests.length).toBeLessThanOrEqual(1)
  })
})

describe("room for sockets", () => {
  const http: Transport = {
    open: async () => ({ kind: "http", memory: new Map(), send: () => Promise.reject(new Error()), close: () => {} }),
  }

  test("without a socket wanted everything goes to the transport for HTTP", async () => {
    expect((await transportWith({ http }).open(undefined, never)).kind).toBe("http")
  })

  test("the one that was idle for longest makes room; while all are in use a channel is plain HTTP", async () => {
    await using host = await socketHost({ request: (_text, socket) => socket.send("end") })
    const transport = transportWith({ http, maxSockets: 2 })
    await call(transport, at(host, "a", "one"))
    await pause(3)
    await call(transport, at(host, "a", "two"))
    await call(transport, at(host, "a", "three"))
    await until("one is closed", () => host.closings.length === 1)
    expect(host.closings[0]?.reason).toBe("no-room")
    const two = await transport.open(at(host, "a", "two"), never)
    const three = await transport.open(at(host, "a", "three"), never)
    expect(host.handshakes).toHaveLength(3)
    expect((await transport.open(at(host, "a", "four"), never)).kind).toBe("http")
    two.close("unused")
    expect((await transport.open(at(host, "a", "four"), never)).kind).toBe("websocket")
    three.close("unused")
  })

  test.each([{ maxSockets: 0 }, { queueCapacity: 0 }, { pingIntervalMs: -1 }, { connectTimeoutMs: Number.NaN }])(
    "%o is refused",
    (options) => {
      expect(() => websocketTransport({ http, ...options })).toThrow(
        expect.objectContaining({ code: "config", param: Object.keys(options)[0] }),
      )
    },
  )

  test("an option that is undefined is the default", async () => {
    await using host = await echo()
    const options = { connectTimeoutMs: undefined, maxSockets: undefined } as unknown as Partial<WebSocketOptions>
    expect(await call(transportWith(options), at(host))).toEqual(["got {}", "end"])
  })
})

describe("the end", () => {
  test("OF-209: an eager closing behind the terminal frame takes nothing away", async () => {
    await using host = await socketHost({
      request(_text, socket) {
        socket.send("a")
        socket.send("end")
        socket.close(1011, "eager")
      },
    })
    const exchange = await send(await transportWith().open(at(host), never))
    await until("the closing has come", () => host.closings.length === 1)
    await pause(10)
    expect(await readAnswer(exchange)).toEqual(["a", "end"])
  })

  test("that is under way when an answer ends leaves no socket for the next one", async () => {
    await using host = await socketHost({
      request(_text, socket) {
        const stream = (socket as never as { _socket: { cork(): void; uncork(): void } })._socket
        stream.cork()
        socket.send("end")
        socket.close(1000)
        stream.uncork()
      },
    })
    const transport = transportWith()
    for (let n = 0; n < 5; n++) expect(await call(transport, at(host))).toEqual(["end"])
    expect(host.handshakes).toHaveLength(5)
    await host.sockets.assertNone()
  })

  test("comes behind many frames that are there already, the socket being paused by then", async () => {
    await using host = await socketHost({
      request(_text, socket) {
        sendAtOnce(socket, 40, () => socket.close(1011, "eager"))
      },
    })
    const exchange = await send(await transportWith().open(at(host), never))
    await pause(50)
    const { seen, error } = await readAll(exchange)
    expect(seen).toHaveLength(40)
    expect(error?.type).toBe("WS_CLOSED_1011")
    await host.sockets.assertNone()
  })

  test.each([
    [1000, undefined],
    [1001, "WS_CLOSED_1001"],
    [1011, "WS_CLOSED_1011"],
    [4001, "WS_CLOSED_4001"],
  ])("a closing with %i in the middle", async (code, type) => {
    await using host = await socketHost({
      request(_text, socket) {
        socket.send("a")
        socket.close(code, "said so")
      },
    })
    const { seen, error } = await readAll(await send(await transportWith().open(at(host), never)))
    expect(seen).toEqual(["a"])
    expect(error?.type).toBe(type)
    if (error) expect(error).toMatchObject({ code: "network", retryable: true })
    if (error) expect(error.message).toContain("said so")
  })

  test("a connection that is cut is a network error behind what came", async () => {
    await using host = await socketHost({
      request: (_text, socket) => socket.send("a", () => socket.terminate()),
    })
    const { seen, error } = await readAll(await send(await transportWith().open(at(host), never)))
    expect(seen).toEqual(["a"])
    expect(error).toMatchObject({ code: "network", retryable: true })
  })

  test("bytes that are no frames, and a frame that is too large", async () => {
    const raw = (bytes: Uint8Array) =>
      socketHost({
        request: (_text, socket) =>
          void (socket as never as { _socket: { write(b: Uint8Array): void } })._socket.write(bytes),
      })
    await using broken = await raw(new Uint8Array([0xff, 0xff, 0xff, 0xff]))
    const transport = transportWith({ maxFrameBytes: 10 })
    const first = await readAll(await send(await transport.open(at(broken), never)))
    expect(first.error).toMatchObject({ code: "stream_malformed", type: expect.stringMatching(/^WS_ERR_/) as string })
    await using large = await socketHost({ request: (_text, socket) => socket.send("x".repeat(11)) })
    const second = await readAll(await send(await transport.open(at(large), never)))
    expect(second.error).toMatchObject({ code: "stream_malformed", type: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" })
    await broken.sockets.assertNone()
    await large.sockets.assertNone()
  })

  test("OF-204: a socket that is lost between opening and sending is a network error", async () => {
    await using host = await socketHost()
    const channel = await transportWith().open(at(host), never)
    for (const peer of host.peers) peer.terminate()
    await until("the loss is noticed", () => host.closings.length === 1)
    await pause(10)
    await expect(send(channel)).rejects.toMatchObject({ code: "network", retryable: true })
  })

  test("OF-206: pings that nobody answers end the exchange", async () => {
    await using host = await socketHost({ pong: false })
    const transport = transportWith({ pingIntervalMs: 20, pongTimeoutMs: 60 })
    const { error } = await readAll(await send(await transport.open(at(host), never)))
    expect(error).toMatchObject({ code: "network", type: "WS_PONG_TIMEOUT", retryable: true })
    expect(host.pings).toBe(1)
    await host.sockets.assertNone()
  })

  test("OF-207: a host that answers no ping but sends frames is alive", async () => {
    await using host = await socketHost({
      pong: false,
      request(_text, socket) {
        let n = 0
        const timer = setInterval(() => {
          socket.send(++n < 40 ? "x" : "end")
          if (n === 40) clearInterval(timer)
        }, 20)
      },
    })
    const transport = transportWith({ pingIntervalMs: 20, pongTimeoutMs: 400 })
    expect((await readAnswer(await send(await transport.open(at(host), never)))).at(-1)).toBe("end")
    expect(host.pings).toBeGreaterThan(3)
  })
})

describe("a slow reader", () => {
  test("holds the host back and loses nothing, and is no dead peer", async () => {
    const COUNT = 3000
    const SIZE = 8192
    let sent: WebSocket | undefined
    await using host = await socketHost({
      pong: true,
      request(_text, socket) {
        sent = socket
        for (let n = 0; n < COUNT; n++) socket.send(`${n}`.padEnd(SIZE, "."))
        socket.send("end")
      },
    })
    const transport = transportWith({ queueCapacity: 200, pingIntervalMs: 50, pongTimeoutMs: 150 })
    const exchange = await send(await transport.open(at(host), never))
    await until("the host sends", () => sent !== undefined)
    await pause(500)
    expect(sent?.bufferedAmount).toBeGreaterThan((COUNT * SIZE) / 2)
    const seen = await readAnswer(exchange)
    expect(seen).toHaveLength(COUNT + 1)
    seen.slice(0, -1).forEach((text, n) => expect(Number.parseInt(text)).toBe(n))
  })

  test("OF-205: frames beyond the capacity end the exchange in a way that says: again", async () => {
    await using host = await socketHost({
      request(_text, socket) {
        sendAtOnce(socket, 40)
      },
    })
    const transport = transportWith({ queueCapacity: 20 })
    const exchange = await send(await transport.open(at(host), never))
    await until("the socket is closed", () => host.closings.length === 1)
    const { seen, error } = await readAll(exchange)
    expect(seen).toEqual([])
    expect(error).toMatchObject({ code: "network", type: "WS_QUEUE_OVERFLOW", retryable: true })
    expect(host.closings[0]?.reason).toBe("queue-overflow")
  })
})

describe("letting go", () => {
  test("an abort reaches the host with its reason at once, at whatever the reader does", async () => {
    await using host = await socketHost({ request: (_text, socket) => socket.send("a") })
    const transport = transportWith()
    for (const reading of [true, false]) {
      const leaving = new AbortController()
      const exchange = await send(await transport.open(at(host), never), "{}", leaving.signal)
      const frames = exchange.chunks[Symbol.asyncIterator]()
      await frames.next()
      const waiting = reading ? frames.next() : undefined
      const started = Date.now()
      host.closings.length = 0
      leaving.abort(new Error("left"))
      await expect(waiting ?? frames.next()).rejects.toThrow("left")
      await until("the host knows", () => host.closings.length === 1)
      expect(host.closings).toEqual([{ code: 1000, reason: "aborted" }])
      expect(Date.now() - started).toBeLessThan(500)
    }
    await expect(
      send(await transport.open(at(host), never), "{}", AbortSignal.abort(new Error("early"))),
    ).rejects.toThrow("early")
    await host.sockets.assertNone()
  })

  test("an abort while the host is held back reaches it within a second", async () => {
    await using host = await socketHost({
      request(_text, socket) {
        for (let n = 0; n < 2000; n++) socket.send("x".repeat(8192))
      },
    })
    const leaving = new AbortController()
    await send(await transportWith().open(at(host), never), "{}", leaving.signal)
    await pause(100)
    leaving.abort()
    await until("the connection is gone", () => host.sockets.count === 0)
  })

  test("an agreement that stands behind unread frames is read all the same", async () => {
    await using host = await socketHost({ request: (_text, socket) => sendAtOnce(socket, 40) })
    const transport = transportWith()
    const exchange = await send(await transport.open(at(host), never))
    await pause(50)
    const started = Date.now()
    exchange.cancel(new Error("enough"))
    await transport.close()
    expect(Date.now() - started).toBeLessThan(400)
  })

  test("a host that does not agree to a closing is left", async () => {
    await using host = await socketHost({ opened: (socket) => socket.pause() })
    const transport = transportWith()
    const channel = await transport.open(at(host), never)
    const started = Date.now()
    channel.close("unused")
    await transport.close()
    expect(Date.now() - started).toBeLessThan(1000)
  })

  test("a reason closes the socket by its code, and a reader that leaves is an abort", async () => {
    await using host = await socketHost({ request: (_text, socket) => socket.send("a") })
    const transport = transportWith()
    for await (const _frame of (await send(await transport.open(at(host), never))).chunks) break
    const failed = await send(await transport.open(at(host), never))
    failed.cancel(Object.assign(new Error("x")))
    failed.cancel()
    await until("both are closed", () => host.closings.length === 2)
    expect(host.closings.map(({ reason }) => reason)).toEqual(["aborted", "aborted"])
    await host.sockets.assertNone()
  })

  test("close ends what is under way and what is kept, and nothing can be opened after it", async () => {
    await using host = await socketHost({
      request: (text, socket) => {
        if (text === "quick") socket.send("end")
      },
    })
    const transport = transportWith()
    await call(transport, at(host, "a", "kept"), "quick")
    const waiting = readAll(await send(await transport.open(at(host, "a", "used"), never)))
    await transport.close()
    expect((await waiting).error).toMatchObject({ code: "network", type: "WS_LET_GO" })
    await host.sockets.assertNone()
    expect(host.closings.map(({ reason }) => reason)).toEqual(["session_disposed", "session_disposed"])
    await expect(transport.open(at(host), never)).rejects.toMatchObject({ code: "config" })
    await transport.close()
  })

  test("close ends a handshake", async () => {
    await using host = await socketHost({ handshake: () => new Promise<void>(() => {}) })
    const transport = transportWith()
    const opening = transport.open(at(host), never)
    opening.catch(() => {})
    await until("the handshake has begun", () => host.handshakes.length > 0)
    await transport.close()
    await expect(opening).rejects.toMatchObject({ code: "network" })
    await host.sockets.assertNone()
  })

  test("signals keep no listener of an exchange that is over", async () => {
    await using host = await echo()
    const transport = transportWith()
    const { signal } = new AbortController()
    let listening = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = ((...args: Parameters<typeof add>) => (listening++, add(...args))) as typeof add
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => (
      listening--,
      remove(...args)
    )) as typeof remove
    for (let n = 0; n < 3; n++) await readAnswer(await send(await transport.open(at(host), signal), "{}", signal))
    expect(listening).toBe(0)
  })
})
