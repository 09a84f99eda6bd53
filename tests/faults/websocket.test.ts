import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterEach, describe, expect, test } from "vitest"
import { listSource } from "@sluice/auth"
import {
  fetchTransport,
  keySource,
  Known,
  stream,
  type Adaptation,
  type Call,
  type Credential,
  type CredentialSource,
  type Endpoint,
  type Route,
  type SluiceError,
  type WireClient,
} from "@sluice/ai"
import { websocketTransport, type WebSocketOptions, type WebSocketTransport } from "@sluice/ai/transport/websocket"
import { socketHost, type SocketHost, type SocketPlan } from "../support/socket-host.ts"
import { argumentsOf, deltasOf, expectProtocol, PROMPT, read } from "./support/calls.ts"
import { countingClock, fastClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { inParallel, until } from "./support/host.ts"
import { modelAt, TEXT, toldAt, WIRES, streamOf, type WireCase } from "./support/wires.ts"

guardProcess()

/** The data of the events of a stream, as a socket would carry them. */
function framesOf(text: string): string[] {
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((event) => /^data: (.*)$/m.exec(event)?.[1] ?? "")
}

const transports: WebSocketTransport[] = []
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
})

interface RouteParts {
  credentials?: CredentialSource
  adapt?(error: SluiceError, call: Call): Adaptation | undefined
  options?: Partial<WebSocketOptions>
  transport?: WebSocketTransport
  /** What each try's `encode` saw. */
  calls?: Call[]
  /** What an answer teaches the channel. */
  learn?: Record<string, unknown>
  url?: string
}

function routeOver(at: WireCase, host: SocketHost, parts: RouteParts = {}): Route {
  const transport = parts.transport ?? websocketTransport({ http: fetchTransport(), ...parts.options })
  if (!parts.transport) transports.push(transport)
  const endpoint: Endpoint = {
    ...at.endpoint,
    connect: (call, credential) => ({
      key: call.options.sessionId ?? "session",
      url: parts.url ?? host.url,
      headers: { authorization: "secret" in credential ? `Bearer ${credential.secret}` : undefined },
    }),
  }
  const wire: WireClient = {
    ...at.wire,
    encode(call) {
      parts.calls?.push(call)
      return at.wire.encode(call)
    },
    decoder(call, head, out) {
      if (parts.learn) out.remember("channel", parts.learn)
      return at.wire.decoder(call, head, out)
    },
    ...(parts.adapt ? { adapt: parts.adapt } : {}),
  }
  return {
    model: modelAt(at, host.httpUrl),
    wire,
    endpoint,
    credentials: parts.credentials ?? keySource("k"),
    transport,
  }
}

describe.each(WIRES.map((at) => [at.name, at] as const))("%s over WebSockets", (_name, at) => {
  const all = at.pieces.flatMap(({ event }) => framesOf(event))
  const fine = framesOf(at.opening + at.says("fine") + at.ending)
  const answering = (more: SocketPlan = {}): Promise<SocketHost> =>
    socketHost({ request: (_text, socket) => fine.forEach((frame) => socket.send(frame)), ...more })

  test("calls follow each other on one socket, each with what the one before taught it", async () => {
    await using host = await socketHost({ request: (_text, socket) => all.forEach((frame) => socket.send(frame)) })
    const calls: Call[] = []
    const route = routeOver(at, host, { calls, learn: { chain: "c1" } })
    for (let n = 0; n < 3; n++) {
      const seen = await read(route)
      expectProtocol(seen)
      expect(seen.message.error).toBeUndefined()
      expect(deltasOf(seen.events, "text")).toBe(TEXT)
      expect(seen.message.usage).toMatchObject({ input: 7, output: 9 })
    }
    expect(host.handshakes.map(({ authorization }) => authorization)).toEqual(["Bearer k"])
    expect(calls[0]?.channel).toEqual({ kind: "websocket", memory: {} })
    expect(calls.map(({ channel }) => channel.memory["chain"])).toEqual([undefined, "c1", "c1"])
    const body = at.host === "google" ? { contents: [{ role: "user" }] } : { model: "m" }
    expect(JSON.parse(host.requests[0] ?? "")).toMatchObject(body)
  })

  test.each(["terminate", "eager", "proper"] as const)("a cut at every frame: %s", async (manner) => {
    await using host = await socketHost({
      request(text, socket) {
        const count = Number(/"max_?(?:completion_|output_?)?tokens":(\d+)/i.exec(text)?.[1]) - 1000
        all.slice(0, count).forEach((frame) => socket.send(frame))
        if (manner === "terminate") socket.send("", () => socket.terminate())
        else socket.close(manner === "proper" ? 1000 : 1011)
      },
    })
    const { ends } = streamOf(at.pieces)
    const cuts = Array.from({ length: all.length + 1 }, (_, n) => n)
    await inParallel(cuts, 4, async (count) => {
      const clock = countingClock()
      const options = { retry: { maxAttempts: 1 }, sessionId: `s${count}`, maxTokens: 1000 + count }
      const seen = await read(routeOver(at, host), options, { clock })
      expectProtocol(seen)
      const told = toldAt(at, count === 0 ? 0 : (ends[count - 1] as number), manner === "proper")
      expect(deltasOf(seen.events, "text")).toBe(told.text)
      expect(argumentsOf(seen.events)).toEqual(told.args)
      expect(seen.message.error === undefined).toBe(told.whole)
      if (seen.message.error) {
        expect(["network", "stream_incomplete", "empty_response"]).toContain(seen.message.error.code)
        expect(seen.message.error.delivered === "nothing").toBe(!told.content)
      }
      expect(clock.pending).toBe(0)
    })
  })

  test("one that is cut before content is asked for again, on a new socket with nothing learned", async () => {
    let cutFirst = (): void => undefined
    await using host = await socketHost({
      request(_text, socket, n) {
        if (n === 2) return socket.terminate()
        fine.forEach((frame) => socket.send(frame))
        if (n === 1) cutFirst = () => socket.terminate()
      },
    })
    const calls: Call[] = []
    const route = routeOver(at, host, { calls, learn: { chain: 1 } })
    await read(route)
    cutFirst()
    await until("the first is gone", () => host.closings.length === 1)
    const seen = await read(route, {}, { clock: fastClock() })
    expect(seen.message.error).toBeUndefined()
    expect(seen.message.attempts).toMatchObject([{ error: { code: "network" }, action: "waited" }])
    expect(calls.map(({ channel }) => channel.memory)).toEqual([{}, {}, {}])
  })

  test("OF-202: one that stalls ends by the limits, before the first frame and in the middle, and its socket is closed", async () => {
    for (const frames of [0, 3]) {
      await using host = await socketHost({
        request: (_text, socket) => all.slice(0, frames).forEach((frame) => socket.send(frame)),
      })
      const clock = countingClock()
      const options = { timeouts: { firstEventMs: 60, idleMs: 60 }, retry: { maxAttempts: 1 } }
      const seen = await read(routeOver(at, host), options, { clock })
      expectProtocol(seen)
      expect(seen.message.error?.code).toBe("timeout")
      expect(clock.pending).toBe(0)
      await host.sockets.assertNone()
      expect(host.closings).toEqual([{ code: 1000, reason: "timeout" }])
    }
  })

  test.each(at.refusals.map((refusal) => [refusal.status, refusal.code, refusal.body] as const))(
    "a handshake that is refused with %i is %s",
    async (status, code, body) => {
      await using host = await socketHost({
        handshake: () => ({
          status,
          body,
          headers: { "x-request-id": "r1", ...(status === 429 ? { "retry-after": "7" } : {}) },
        }),
      })
      const seen = await read(routeOver(at, host), { retry: { maxAttempts: 1 } })
      expectProtocol(seen)
      expect(seen.message.error).toMatchObject({ code, status, requestId: "r1", delivered: "nothing" })
      if (status === 429) expect(seen.message.error?.retryAfterMs).toBe(7000)
      await host.sockets.assertNone()
    },
  )

  test("a refused credential is replaced, and the next handshake has the other one", async () => {
    await using host = await answering({
      handshake: (_n, { headers }) =>
        headers.authorization === "Bearer one"
          ? { status: 401, body: at.errorBody("authentication_error", "no") }
          : undefined,
    })
    const keys = ["one", "two"].map((secret): Credential => ({ kind: "key", id: secret, secret }))
    const seen = await read(routeOver(at, host, { credentials: listSource(keys) }))
    expect(seen.message.error).toBeUndefined()
    expect(host.handshakes.map(({ authorization }) => authorization)).toEqual(["Bearer one", "Bearer two"])
  })

  test("an error in the stream, before content and after it, closes the socket", async () => {
    const error = framesOf(at.errorEvent("invalid_request_error", "no such field"))
    for (const before of [[], framesOf(at.opening + at.says("a"))]) {
      await using host = await socketHost({
        request: (_text, socket) => [...before, ...error].forEach((frame) => socket.send(frame)),
      })
      const seen = await read(routeOver(at, host))
      expectProtocol(seen)
      expect(seen.message.error).toMatchObject({ code: "invalid_request", message: "no such field" })
      await until("the socket is closed", () => host.closings.length === 1)
      expect(host.closings[0]?.reason).toBe("invalid_request")
    }
  })

  test("an abort at each event reaches the host within a second and leaves no timer", async () => {
    await using host = await socketHost({
      async request(_text, socket) {
        for (const frame of all) {
          socket.send(frame)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      },
    })
    const count = (await read(routeOver(at, host))).events.length
    for (let n = 1; n < count; n++) {
      const controller = new AbortController()
      const clock = countingClock()
      const before = host.closings.length
      const seen = await read(routeOver(at, host), { signal: controller.signal }, { clock }, (_event, seen) => {
        if (seen === n) controller.abort()
      })
      expectProtocol(seen)
      expect(clock.pending).toBe(0)
      if (seen.message.error === undefined) continue
      expect(seen.message.error.code).toBe("aborted")
      await until("the host knows", () => host.closings.length > before)
      expect(host.closings.at(-1)?.reason).toBe("aborted")
    }
  })

  test("an abort during the handshake, and a consumer that leaves", async () => {
    await using mute = await socketHost({ handshake: () => new Promise<void>(() => {}) })
    const controller = new AbortController()
    const reading = read(routeOver(at, mute), { signal: controller.signal })
    await until("the handshake has begun", () => mute.handshakes.length === 1)
    controller.abort()
    expect((await reading).message.error?.code).toBe("aborted")
    await mute.sockets.assertNone()
    await using host = await socketHost({
      request: (_text, socket) => all.slice(0, -4).forEach((frame) => socket.send(frame)),
    })
    for await (const _event of stream(routeOver(at, host), PROMPT, {}, { known: new Known() })) break
    await until("the host knows", () => host.closings.length === 1)
    expect(host.closings[0]?.reason).toBe("aborted")
  })

  test("calls of one session at the same time do not wait for each other", async () => {
    await using host = await answering()
    const route = routeOver(at, host)
    const seen = await Promise.all([read(route), read(route), read(route)])
    for (const one of seen) expect(deltasOf(one.events, "text")).toBe("fine")
    await until("only the kept one is left", () => host.peers.size === 1)
  })

  test("what can be adapted to goes over HTTP: a refusal, a host that is not there, a closing", async () => {
    const adapt = (_error: SluiceError, call: Call): Adaptation | undefined =>
      call.channel.kind === "websocket" ? { change: "without a socket", channel: "http" } : undefined
    const http: NonNullable<SocketPlan["http"]> = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.end(at.opening + at.says("by HTTP") + at.ending)
    }
    const plans: [SocketPlan, string | undefined][] = [
      [{ handshake: () => ({ status: 426, body: "" }) }, undefined],
      [{ handshake: () => ({ status: 200 }) }, undefined],
      [{}, "ws://127.0.0.1:1"],
      [{ request: (_text, socket) => socket.close(1009, "too big") }, undefined],
    ]
    for (const [plan, url] of plans) {
      await using host = await socketHost({ ...plan, http })
      const calls: Call[] = []
      const seen = await read(routeOver(at, host, { adapt, calls, ...(url ? { url } : {}) }))
      expect(deltasOf(seen.events, "text")).toBe("by HTTP")
      expect(seen.message.attempts).toMatchObject([{ action: "adapted", change: "without a socket" }])
      expect(calls.at(-1)?.channel).toEqual({ kind: "http", memory: {} })
    }
  })

  test("a chain that the host has lost is begun anew on a new socket", async () => {
    await using host = await socketHost({
      request(_text, socket, n) {
        const lost = host.requests.length === 2 ? framesOf(at.errorEvent("previous_response_not_found", "lost")) : fine
        lost.forEach((frame) => socket.send(frame))
        expect(n).toBeLessThan(3)
      },
    })
    const calls: Call[] = []
    const adapt = (error: SluiceError): Adaptation | undefined =>
      error.code === "state_lost" ? { change: "the whole conversation", channel: "reopen" } : undefined
    const route = routeOver(at, host, { calls, adapt, learn: { chain: 1 } })
    await read(route)
    const seen = await read(route)
    expect(seen.message.error).toBeUndefined()
    expect(seen.message.attempts).toMatchObject([{ action: "adapted" }])
    expect(calls.map(({ channel }) => channel.memory["chain"])).toEqual([undefined, 1, undefined])
    expect(host.closings.map(({ reason }) => reason)).toEqual(["state_lost"])
  })
})

test("a program ends by itself while sockets are kept", async () => {
  await using host = await socketHost({ request: (_text, socket) => socket.send("end") })
  const program = `
    import { fetchTransport } from "@sluice/ai"
    import { websocketTransport } from "@sluice/ai/transport/websocket"
    const transport = websocketTransport({ http: fetchTransport() })
    const { signal } = new AbortController()
    const channel = await transport.open({ key: "k", url: ${JSON.stringify(host.url)}, headers: {} }, signal)
    const exchange = await channel.send({ method: "POST", url: "", headers: {}, body: "{}" }, signal)
    const frame = await exchange.chunks[Symbol.asyncIterator]().next()
    exchange.cancel()
    console.log(frame.value.data)
  `
  const arguments_ = ["--conditions=sluice-source", "--input-type=module", "--eval", program]
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
    timeout: 10_000,
    cwd: import.meta.dirname,
  })
  expect(stdout).toBe("end\n")
})
