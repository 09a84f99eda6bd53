import type { Model } from "@sluice/catalog/core"
import type { HttpRequest } from "../contract/endpoint.ts"
import type { Frame } from "../contract/frame.ts"
import type { Channel, Exchange, Transport } from "../contract/transport.ts"
import type { Context } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"
import { framesOf, type Counter, type TimedFrame } from "./frames.ts"
import type { ScriptReader } from "./script.ts"
import type { MockAnswer, MockCall, MockPace, Sleep } from "./types.ts"

/** What the transport of one mock needs. */
export interface MockHost {
  model: Model
  script: ScriptReader
  pace: MockPace
  sleep: Sleep
  ids: Counter
  /** Numbers and keeps a call. */
  record(call: Omit<MockCall, "index">): MockCall
}

/** A transport that answers from a script. */
export function mockTransport(host: MockHost): Transport {
  return {
    open(_socket, signal): Promise<Channel> {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      return Promise.resolve({
        kind: "http",
        memory: new Map(),
        send: (request, sendSignal) => send(host, request, sendSignal),
        close(): void {},
      })
    },
  }
}

interface Sent {
  op?: MockCall["op"]
  context: Context
  options?: CallOptions
  stream?: boolean
}

async function send(host: MockHost, request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
  signal.throwIfAborted()
  const sent = JSON.parse(
    typeof request.body === "string" ? request.body : new TextDecoder().decode(request.body),
  ) as Sent
  const call = host.record({
    op: sent.op ?? "generate",
    model: host.model,
    context: sent.context,
    options: sent.options ?? {},
    stream: sent.stream ?? true,
    headers: request.headers,
    cancelled: false,
  })
  const own = new AbortController()
  const leave = (reason: unknown): void => {
    call.cancelled = true
    own.abort(reason)
  }
  const aborted = (): void => leave(signal.reason)
  signal.addEventListener("abort", aborted, { once: true })
  try {
    const answer = await whileWanted(answerTo(host, call), own.signal)
    if (answer.delayMs) await host.sleep(answer.delayMs, own.signal)
    return exchange(host, call, answer, own.signal, leave, () => signal.removeEventListener("abort", aborted))
  } catch (error) {
    signal.removeEventListener("abort", aborted)
    throw own.signal.aborted ? own.signal.reason : error
  }
}

async function answerTo(host: MockHost, call: MockCall): Promise<MockAnswer> {
  if (call.op === "prewarm") return {}
  const answer = await host.script.next(call)
  if (answer) return answer
  return {
    error: {
      is: "config",
      message: `The mock's script has no answer for call ${call.index + 1}: add a step, or push one before the call.`,
    },
  }
}

/** What a script's function makes, unless the caller leaves first. */
function whileWanted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error)
    if (signal.aborted) aborted()
    signal.addEventListener("abort", aborted, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted))
  })
}

function exchange(
  host: MockHost,
  call: MockCall,
  answer: MockAnswer,
  signal: AbortSignal,
  leave: (reason: unknown) => void,
  ended: () => void,
): Exchange {
  const status = answer.status ?? 200
  const headers = new Headers({ "content-type": "application/json", "x-request-id": `mock-req-${call.index + 1}` })
  for (const [name, value] of Object.entries(answer.responseHeaders ?? {})) {
    if (value === undefined) headers.delete(name)
    else headers.set(name, value)
  }
  let over = false
  const finish = (): void => {
    over = true
    ended()
  }
  const pace = answer.pace ?? host.pace
  const chunks =
    status >= 300
      ? document(answer.body ?? JSON.stringify({ error: answer.error ?? {} }), signal, finish)
      : answered(host, call, answer, pace, signal, finish)
  return {
    head: { status, headers, channel: "http" },
    chunks,
    cancel(reason): void {
      if (over) return
      finish()
      leave(reason ?? new DOMException("The answer was cancelled.", "AbortError"))
    },
  }
}

async function* document(
  text: string,
  signal: AbortSignal,
  finish: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted()
  finish()
  yield new TextEncoder().encode(text)
}

async function* answered(
  host: MockHost,
  call: MockCall,
  answer: MockAnswer,
  pace: MockPace,
  signal: AbortSignal,
  finish: () => void,
): AsyncGenerator<Frame | Uint8Array, void, undefined> {
  const frames = framesOf(answer, call, pace, host.ids)
  const held: TimedFrame["frame"][] = []
  const stallAfter = answer.stallAfter ?? 1
  let count = 0
  let stalled = answer.stallMs === undefined
  for (const { frame, piece } of frames) {
    signal.throwIfAborted()
    if (!stalled && (count >= stallAfter || frame.type === "stop")) {
      stalled = true
      await host.sleep(answer.stallMs as number, signal)
    }
    if (piece && count++ > 0 && pace.ms) await host.sleep(pace.ms, signal)
    // Nothing follows these: a reader that leaves here has had the whole answer.
    if (call.stream && (frame.type === "stop" || frame.type === "error")) finish()
    if (call.stream) yield { data: JSON.stringify(frame), json: frame }
    else held.push(frame)
  }
  if (call.stream) finish()
  else yield* document(JSON.stringify({ frames: held }), signal, finish)
}
