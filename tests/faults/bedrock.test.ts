import {
  fetchTransport,
  Known,
  stream,
  type AssistantMessageEvent,
  type Route,
  type StreamOptions,
  type Transport,
} from "@sluice/ai"
import { bedrockEndpoint } from "@sluice/ai/endpoints/bedrock"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { replayServer, type Recording, type ReplayPlan } from "@sluice/testkit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { AWS_KEYS, only } from "../support/bedrock.ts"
import {
  closes,
  decode,
  delta,
  exception,
  metadata,
  modelOf,
  opens,
  start,
  stops,
} from "../support/bedrock-converse-stream.ts"
import { argumentsOf, deltasOf, expectProtocol, PROMPT, TRANSPORTS, type Seen } from "./support/calls.ts"
import { fastClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { inParallel } from "./support/host.ts"

guardProcess()

/** One message of the stream with what it says. The support of the other wires is made of text; this one is binary. */
interface Piece {
  bytes: Uint8Array
  thinking?: string
  text?: string
  args?: readonly [call: number, piece: string]
  opens?: number
  closes?: number
}

const use = (n: number) => ({ toolUse: { toolUseId: `call_${n}`, name: n === 0 ? "look" : "note" } })
const input = (index: number, n: number, text: string): Piece => ({
  bytes: delta(index, { toolUse: { input: text } }),
  args: [n, text],
})
const PIECES: readonly Piece[] = [
  { bytes: start },
  { bytes: delta(0, { reasoningContent: { text: "Hm, grüß." } }), thinking: "Hm, grüß." },
  { bytes: delta(0, { reasoningContent: { signature: "c2ln" } }) },
  { bytes: closes(0) },
  { bytes: delta(1, { text: "Two 🌦" }), text: "Two 🌦" },
  { bytes: delta(1, { text: " calls" }), text: " calls" },
  { bytes: closes(1) },
  { bytes: opens(2, use(0)), opens: 0 },
  input(2, 0, '{"city":'),
  input(2, 0, '"Köln"}'),
  { bytes: closes(2), closes: 0 },
  { bytes: opens(3, use(1)), opens: 1 },
  input(3, 1, '{"n":1}'),
  { bytes: closes(3), closes: 1 },
  { bytes: stops("tool_use") },
  { bytes: metadata({ inputTokens: 7, outputTokens: 9, totalTokens: 16 }) },
]
const BYTES = new Uint8Array(Buffer.concat(PIECES.map(({ bytes }) => bytes)))
let sum = 0
const ENDS: readonly number[] = PIECES.map(({ bytes }) => (sum += bytes.length))
/** Where the answer is whole, although its usage is still to come. */
const WHOLE_AT = ENDS.at(-2) as number

interface Told {
  thinking: string
  text: string
  args: string[]
  closed: Set<number>
}

/** What a reader may know once so many bytes have come. */
function toldAt(at: number): Told {
  const told: Told = { thinking: "", text: "", args: [], closed: new Set() }
  PIECES.forEach((piece, n) => {
    if ((ENDS[n] as number) > at) return
    told.thinking += piece.thinking ?? ""
    told.text += piece.text ?? ""
    if (piece.opens !== undefined) told.args[piece.opens] = ""
    if (piece.args) told.args[piece.args[0]] += piece.args[1]
    if (piece.closes !== undefined) told.closed.add(piece.closes)
  })
  return told
}

function expectTold({ events, message }: Seen, told: Told, exact: boolean): void {
  const [thinking, text, args] = [deltasOf(events, "thinking"), deltasOf(events, "text"), argumentsOf(events)]
  if (exact) expect([thinking, text, args]).toEqual([told.thinking, told.text, told.args])
  expect(told.thinking.startsWith(thinking)).toBe(true)
  expect(told.text.startsWith(text)).toBe(true)
  args.forEach((one, n) => expect(told.args[n]?.startsWith(one)).toBe(true))
  const calls = message.content.filter((block) => block.type === "toolCall")
  calls.forEach((call, n) => {
    if (call.incomplete !== true) expect(told.closed.has(n)).toBe(true)
  })
}

/** The stream decoded without a network, in one piece or broken off. */
function decoded(bytes: Uint8Array, cut: boolean): Seen {
  const events: AssistantMessageEvent[] = []
  const message = decode([bytes], { cut, onEvents: (batch) => void events.push(...batch) })
  return { events, message }
}

test("cut at every byte: what had come, one end, and nothing called whole that is not", () => {
  for (let at = 0; at <= BYTES.length; at++) {
    for (const cut of [true, false]) {
      const { message, events } = decoded(BYTES.subarray(0, at), cut)
      expectTold({ message, events }, toldAt(at), true)
      const whole = !cut && (at === WHOLE_AT || at === BYTES.length)
      expect(message.error?.code, `${at} ${cut}`).toBe(whole ? undefined : "stream_incomplete")
      expect(message.stopReason).toBe(whole ? "toolUse" : "error")
    }
  }
})

test("a byte that was changed, anywhere: the stream is malformed, and never waited for", () => {
  for (let at = 0; at < BYTES.length; at++) {
    for (const mask of [1, 0xff]) {
      const broken = new Uint8Array(BYTES)
      broken[at] = (broken[at] as number) ^ mask
      const { message, events } = decoded(broken, false)
      expect(message.error?.code, `${at} ${mask}`).toBe("stream_malformed")
      // What stands before the broken message was read.
      const before = ENDS.findLast((end) => end <= at) ?? 0
      expectTold({ message, events }, toldAt(before), false)
    }
  }
})

const TEXTS: [string, Uint8Array][] = [
  ["a page", Buffer.from("<html><body>502 Bad Gateway</body></html>")],
  ["text", Buffer.from("upstream connect error or disconnect/reset before headers")],
  ["server-sent events", Buffer.from('data: {"text":"a"}\n\n')],
  ["noise", Uint8Array.from({ length: 64 }, (_, n) => (n * 89 + 7) % 256)],
]
test.each(TEXTS)("%s in place of a stream, and in the middle of one", (_name, bytes) => {
  expect(decoded(bytes, false).message.error?.code).toBe("stream_malformed")
  const mixed = decoded(new Uint8Array(Buffer.concat([BYTES.subarray(0, ENDS[4]), bytes])), false)
  expect(mixed.message.error?.code).toBe("stream_malformed")
})

function routeTo(url: string, transport: Transport): Route {
  return {
    model: modelOf({ baseUrl: url }),
    wire: bedrockConverseStream,
    endpoint: bedrockEndpoint(),
    credentials: only(AWS_KEYS),
    transport,
  }
}

async function read(route: Route, options: StreamOptions, each: (n: number) => void = () => {}): Promise<Seen> {
  const events: AssistantMessageEvent[] = []
  const answer = stream(route, PROMPT, options, { known: new Known() })
  for await (const event of answer) {
    events.push(event)
    each(events.length)
  }
  return { events, message: await answer.result() }
}

/** Serves the stream; each request names the plan that it is answered with. */
async function serve(bytes: Uint8Array = BYTES) {
  const recording: Recording = {
    name: "stream",
    status: 200,
    headers: { "content-type": "application/vnd.amazon.eventstream", connection: "close" },
    chunks: [{ data: bytes }],
    end: "end",
  }
  const plans = new Map<string, ReplayPlan>()
  const server = await replayServer(recording, { plan: ({ headers }) => plans.get(headers["x-test-call"] ?? "") })
  return { server, plan: (call: string, plan: ReplayPlan) => void plans.set(call, plan) }
}

const once = { maxAttempts: 1 }

describe.each(TRANSPORTS)("over %s", (_name, make) => {
  const { transport, close } = make()
  let host: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    host = await serve()
  })
  afterAll(async () => {
    await close()
    await host.server.close()
  })
  const places = [...new Set(ENDS.flatMap((end) => [end - 5, end, end + 5]))].filter((at) => at <= BYTES.length)

  test.each(["fin", "reset", "end"] as const)("broken off by %s", async (manner) => {
    await inParallel(places, 8, async (at) => {
      const name = `${manner}-${at}`
      const fault =
        manner === "end"
          ? { kind: "end" as const, at }
          : { kind: "cut" as const, at, how: manner === "fin" ? ("end" as const) : manner }
      host.plan(name, { chunking: "whole", fault })
      const seen = await read(routeTo(host.server.url, transport), { retry: once, headers: { "x-test-call": name } })
      expectProtocol(seen)
      const told = toldAt(at)
      const shown = told.thinking !== ""
      if (shown) expectTold(seen, told, manner !== "reset")
      // Behind messageStop the answer is whole; what is cut there is its usage.
      if (at < WHOLE_AT) {
        expect(["stream_incomplete", "network"], name).toContain(seen.message.error?.code)
        expect(seen.message.error?.delivered === "nothing").toBe(deltasOf(seen.events, "thinking") === "")
      } else if (manner !== "reset") expect(seen.message.error, name).toBeUndefined()
    })
    await host.server.sockets.assertNone()
  })

  test("before any content a broken stream is asked for again", async () => {
    const broken = new Uint8Array(BYTES)
    broken[20] = (broken[20] as number) ^ 1
    const recording = (data: Uint8Array): Recording => ({
      name: "stream",
      status: 200,
      headers: { "content-type": "application/vnd.amazon.eventstream" },
      chunks: [{ data }],
      end: "end",
    })
    await using server = await replayServer([recording(broken), recording(BYTES)])
    const seen = await read(routeTo(server.url, transport), { retry: { baseDelayMs: 1 } })
    expectProtocol(seen)
    expect(seen.message).toMatchObject({ stopReason: "toolUse", attempts: [{ error: { code: "stream_malformed" } }] })
    expect(seen.message.content.filter((block) => block.type === "toolCall")).toHaveLength(2)
  })

  test("silence in the middle is a timeout, and one behind the end is none", async () => {
    const middle = { kind: "stall" as const, at: ENDS[5] as number }
    host.plan("middle", { chunking: "whole", fault: middle })
    const timeouts = { firstEventMs: 150, idleMs: 150 }
    const stalled = await read(routeTo(host.server.url, transport), { timeouts, headers: { "x-test-call": "middle" } })
    expectProtocol(stalled)
    expect(stalled.message).toMatchObject({ error: { code: "timeout", delivered: "content" } })
    host.plan("end", { chunking: "whole", fault: { kind: "stall", at: BYTES.length } })
    const done = await read(routeTo(host.server.url, transport), { headers: { "x-test-call": "end" } })
    expect(done.message.error).toBeUndefined()
    host.plan("usage", { chunking: "whole", fault: { kind: "stall", at: WHOLE_AT } })
    const late = await read(routeTo(host.server.url, transport), { headers: { "x-test-call": "usage" } })
    expect(late.message).toMatchObject({ stopReason: "toolUse", usage: { provenance: "absent" } })
    await host.server.sockets.assertNone()
  })

  test("an abort at every event ends the call, and its connection", async () => {
    host.plan("slow", { chunking: { every: 64 } })
    const whole = await read(routeTo(host.server.url, transport), {})
    await inParallel(
      whole.events.map((_, n) => n + 1),
      8,
      async (n) => {
        const leaving = new AbortController()
        const headers = { "x-test-call": "slow" }
        const options = { signal: leaving.signal, headers, retry: once }
        const seen = await read(routeTo(host.server.url, transport), options, (seen_) => seen_ === n && leaving.abort())
        expectProtocol(seen)
        if (n < whole.events.length) expect(["aborted", "toolUse"]).toContain(seen.message.stopReason)
      },
    )
    await host.server.sockets.assertNone()
  })
})

test("an exception after every message ends the answer as its own error", () => {
  const frames = PIECES.map(({ bytes }) => bytes)
  for (let n = 0; n < frames.length - 1; n++) {
    const bytes = new Uint8Array(
      Buffer.concat([...frames.slice(0, n), exception("throttlingException", "slow"), ...frames.slice(n)]),
    )
    const { message } = decoded(bytes, false)
    expect(message.error, String(n)).toMatchObject({ code: "rate_limited", status: 429, message: "slow" })
  }
})

test("a throttled stream is tried again by the one loop of tries, within its limits", async () => {
  const head = {
    name: "s",
    status: 200,
    headers: { "content-type": "application/vnd.amazon.eventstream" },
    end: "end" as const,
  }
  const throttled: Recording = { ...head, chunks: [{ data: exception("throttlingException", "slow") }] }
  await using server = await replayServer([throttled, throttled, { ...head, chunks: [{ data: BYTES }] }])
  const clock = fastClock()
  const answer = stream(routeTo(server.url, fetchTransport()), PROMPT, {}, { known: new Known(), clock })
  expect((await answer.result()).stopReason).toBe("toolUse")
  expect(server.requests).toHaveLength(3)
  const transport = undiciTransport()
  const few = await read(routeTo(server.url, transport), { retry: once })
  expect(few.message.stopReason).toBe("toolUse")
  await transport.close()
})
