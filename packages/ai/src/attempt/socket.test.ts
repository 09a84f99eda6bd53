import { describe, expect, test } from "vitest"
import { stream, type Routes, type StreamOptions } from "../stream.ts"
import { attempt } from "./attempt.ts"
import { Known } from "./known.ts"
import { fetchTransport } from "../transport/fetch.ts"
import { undiciTransport } from "../transport/undici.ts"
import { ok, route, serve, toyWire, user } from "../../../../tests/support/toy-wire.ts"
import type { Endpoint } from "../contract/endpoint.ts"
import type { ChannelKind, Frame } from "../contract/frame.ts"
import type { Route } from "../contract/route.ts"
import type { Transport } from "../contract/transport.ts"
import type { Call, WireClient } from "../contract/wire-client.ts"
import { SluiceError } from "../model/errors.ts"
import type { AssistantMessage, Context } from "../model/message.ts"
import { systemClock, systemMint } from "../platform.ts"

/** A transport of which every step is noted; each exchange gives the next list of frames. */
function noted(answers: (readonly object[] | Error)[]): { transport: Transport; log: string[] } {
  const log: string[] = []
  const transport: Transport = {
    async open(socket) {
      const kind: ChannelKind = socket ? "websocket" : "http"
      log.push(`open ${socket ? `${socket.key} ${socket.headers["authorization"]}` : "http"}`)
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return {
        kind,
        memory: new Map([["from", kind]]),
        close: (reason) => log.push(`close ${reason}`),
        async send() {
          log.push("send")
          return {
            head: { status: 200, headers: new Headers(), channel: kind },
            chunks: (async function* (): AsyncGenerator<Frame> {
              for (const data of answer ?? []) yield { data: JSON.stringify(data) }
            })(),
            cancel: (reason) => log.push(`cancel ${SluiceError.is(reason) ? reason.code : String(reason)}`),
          }
        },
      }
    },
  }
  return { transport, log }
}

/** The message, once the try behind it has let go of its exchange as well. */
async function complete(to: Routes, context: Context, options: StreamOptions = {}): Promise<AssistantMessage> {
  const message = await stream(to, context, options).result()
  await new Promise((resolve) => setImmediate(resolve))
  return message
}

const FINE = [{ text: "fine" }, { stop: true }]

function routeTo(
  transport: Transport,
  wire: Partial<WireClient> = {},
  connect: NonNullable<Endpoint["connect"]> = () => ({ key: "k", url: "wss://x", headers: { authorization: "a" } }),
): Route {
  const plain = route("http://x", transport)
  return { ...plain, wire: { ...toyWire, ...wire }, endpoint: { ...plain.endpoint, connect } }
}

describe("an endpoint that has a socket", () => {
  test("is asked for it before the channel is opened, and the request is encoded for the channel that came of it", async () => {
    const { transport, log } = noted([FINE])
    const seen: unknown[] = []
    const to = routeTo(
      transport,
      { encode: (call) => (seen.push(call.channel), toyWire.encode(call)) },
      (call, credential) => {
        seen.push(call.channel, "secret" in credential && credential.secret, Object.isFrozen(call))
        return { key: call.options.sessionId ?? "none", url: "wss://x", headers: { authorization: "a" } }
      },
    )
    expect((await complete(to, user, { sessionId: "s" })).error).toBeUndefined()
    expect(log).toEqual(["open s a", "send", "cancel undefined"])
    expect(seen).toEqual([
      { kind: "websocket", memory: {} },
      "k",
      true,
      { kind: "websocket", memory: { from: "websocket" } },
    ])
  })

  test("may say that a call goes over HTTP", async () => {
    const { transport, log } = noted([FINE])
    await complete(
      routeTo(transport, {}, () => undefined),
      user,
    )
    expect(log[0]).toBe("open http")
  })

  test.each<[string, () => Transport]>([
    ["fetch", () => fetchTransport()],
    ["undici", () => undiciTransport()],
  ])("goes over HTTP where the transport has no sockets: %s", async (_name, make) => {
    const url = await serve((_n, _body, response) => ok(response, "fine"))
    const to = routeTo(make())
    const kinds: ChannelKind[] = []
    const wire: WireClient = { ...toyWire, encode: (call) => (kinds.push(call.channel.kind), toyWire.encode(call)) }
    const message = await complete({ ...to, wire, model: { ...to.model, baseUrl: url } }, user)
    expect(message.content).toMatchObject([{ text: "fine" }])
    expect(kinds).toEqual(["http"])
  })

  test("is not asked for a request of fixed bytes", async () => {
    const { transport, log } = noted([FINE])
    const input = {
      context: user,
      options: {},
      stream: true,
      observers: {},
      clock: systemClock,
      random: Math.random,
      mint: systemMint,
      known: new Known(),
      handoff: (context: typeof user) => ({ context, losses: [] }),
    }
    const work = { fixed: true, request: toyWire.encode, read: async () => "read" }
    expect(await attempt([routeTo(transport)], input as never, work)).toMatchObject({ ok: true, value: "read" })
    expect(log[0]).toBe("open http")
  })

  test("cannot put into a handshake what no header can hold", async () => {
    const { transport, log } = noted([FINE])
    const to = routeTo(transport, {}, () => ({ key: "k", url: "wss://x", headers: { authorization: "a\n" } }))
    const { error } = await complete(to, user)
    expect(error).toMatchObject({ code: "config" })
    expect(error?.message).toContain(`"authorization"`)
    expect(log).toEqual([])
  })
})

describe("a channel", () => {
  test("that had no request is let go when encoding fails", async () => {
    const { transport, log } = noted([FINE])
    const encode = (): never => {
      throw new SluiceError({ code: "unsupported", message: "no" })
    }
    expect((await complete(routeTo(transport, { encode }), user)).error?.code).toBe("unsupported")
    expect(log).toEqual(["open k a", "close unsupported"])
  })

  test("whose answer failed after content is not given back", async () => {
    const { transport, log } = noted([[{ text: "a" }, { error: "invalid_request_error" }]])
    const { error } = await complete(routeTo(transport), user)
    expect(error).toMatchObject({ code: "invalid_request", delivered: "content" })
    expect(log).toEqual(["open k a", "send", "cancel invalid_request"])
  })
})

describe("an adaptation", () => {
  const lost = new SluiceError({ code: "network", message: "no socket", retryable: true })
  const toHttp = (error: SluiceError, call: Call): { change: string; channel: "http" } | undefined =>
    error.message === "no socket" && call.channel.kind === "websocket" ? { change: "http", channel: "http" } : undefined

  test("to HTTP covers a socket that cannot be opened, and holds for the tries that follow", async () => {
    const { transport, log } = noted([lost, new SluiceError({ code: "network", message: "once more" }), FINE])
    const past: unknown[] = []
    const adapt: WireClient["adapt"] = (error, call, before) => (past.push(before.length), toHttp(error, call))
    const message = await complete(routeTo(transport, { adapt }), user)
    expect(message.error).toBeUndefined()
    expect(message.attempts).toMatchObject([{ action: "adapted", change: "http" }, { action: "waited" }])
    expect(log).toEqual(["open k a", "open http", "open http", "send", "cancel undefined"])
  })

  test("sees over what the tries before it went", async () => {
    const { transport } = noted([lost, lost, FINE])
    const kinds: ChannelKind[][] = []
    const adapt: WireClient["adapt"] = (_error, _call, past) => {
      kinds.push(past.map(({ channel }) => channel))
      return { change: "again" }
    }
    await complete(routeTo(transport, { adapt }), user)
    expect(kinds).toEqual([[], ["websocket"]])
  })

  test("to HTTP is this route's alone", async () => {
    const first = noted([lost, new SluiceError({ code: "network", message: "gone", retryable: false })])
    const second = noted([FINE])
    const message = await complete([routeTo(first.transport, { adapt: toHttp }), routeTo(second.transport)], user)
    expect(message.error).toBeUndefined()
    expect(first.log).toEqual(["open k a", "open http"])
    expect(second.log[0]).toBe("open k a")
  })
})
