import {
  type AssistantMessage,
  type AssistantMessageEvent,
  builderFor,
  type Call,
  type Endpoint,
  ExchangeReader,
  type Model,
  SluiceError,
  type WireClient,
} from "@sluice/ai"
import type { RecordingForm } from "./recording-form.ts"

/** Bytes that are decoded before their events are handed on, so that few wait for a slow reader. */
const PIECE_BYTES = 16 * 1024

/** A recorded exchange. */
export interface RecordedExchange {
  wire: WireClient
  model: Model
  status: number
  headers: Headers
  form: RecordingForm
  endpoint?: Pick<Endpoint, "framing" | "framer" | "unwrap"> | undefined
  chunks: AsyncIterable<Uint8Array>
}

/**
 * Decodes a recorded exchange as it is read, and waits for whoever takes the events. Without a clock and without
 * randomness: the same recording gives the same message.
 *
 * @throws what reading the chunks and handing on the events throw; what is wrong with the exchange is in the message
 */
export async function decodeRecording(
  exchange: RecordedExchange,
  onEvents: (events: readonly AssistantMessageEvent[]) => Promise<void> | undefined,
): Promise<AssistantMessage> {
  const { wire, model, form, endpoint } = exchange
  const streams = form !== "json"
  const mint = countingMint()
  const call: Call = {
    op: "generate",
    model,
    options: {},
    context: { messages: [] },
    auth: { kind: "none" },
    stream: streams,
    known: {},
    channel: { kind: "http", memory: {} },
    mint,
  }
  const head = { status: exchange.status, headers: exchange.headers, channel: "http" as const }
  const builder = builderFor(model, { mint, started: 0 })
  /** Whether it can still be read on. */
  function step(read: () => unknown): boolean {
    try {
      read()
      return true
    } catch (error) {
      builder.finish(asSluiceError(error))
      return false
    }
  }
  const reader = new ExchangeReader({ wire, call, head, builder, endpoint, framing: streams ? form : undefined })
  let whole = true
  for await (const piece of inPieces(exchange.chunks)) {
    whole = step(() => reader.push(piece))
    await onEvents(builder.take())
    if (!whole) break
  }
  if (whole) step(() => reader.end())
  await onEvents(builder.take())
  return builder.message
}

async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES)
  }
}

function asSluiceError(error: unknown): SluiceError {
  if (SluiceError.is(error)) return error
  return new SluiceError({ code: "stream_malformed", message: String(error) }, { cause: error })
}

/** Ids by counting and a clock that stands still. */
function countingMint(): Call["mint"] {
  let count = 0
  return { id: (prefix) => `${prefix}${String(++count).padStart(16, "0")}`, now: () => 0 }
}
