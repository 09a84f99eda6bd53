import type { Model } from "@sluice/catalog/core"
import { classify } from "../errors/classify.ts"
import type { Frame, Framing } from "../contract/frame.ts"
import type { Call, Mint, WireClient } from "../contract/wire-client.ts"
import { SluiceError } from "../model/errors.ts"
import type { AssistantMessageEvent } from "../model/events.ts"
import type { AssistantMessage } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"
import type { Tool } from "../model/tool.ts"
import { ExchangeReader, type ReadingEndpoint } from "./exchange-reader.ts"
import { builderFor } from "./builder-for.ts"

/** A recorded response. */
export interface Recording {
  status?: number
  headers?: Headers
  /** Whether the body is a stream; `false`: one JSON document. */
  stream: boolean
  framing?: Framing
  /** The body, in pieces of any size. */
  chunks: Iterable<Uint8Array | Frame>
  /** The body did not come to its end. */
  cut?: boolean
}

/**
 * Decodes a recorded response without a network, a clock or an identity of its own.
 * Ids that the host did not give are counted up, so that the same recording gives the same message.
 */
export function readRecording(
  wire: WireClient,
  model: Model,
  recording: Recording,
  options: {
    endpoint?: ReadingEndpoint
    /** What was asked for, as far as the answer is read by it. Default nothing. */
    asked?: CallOptions
    /** The tools that were offered. Default none. */
    offered?: readonly Tool[]
    onEvents?: (events: readonly AssistantMessageEvent[]) => void
  } = {},
): AssistantMessage {
  const mint = countingMint()
  const head = {
    status: recording.status ?? 200,
    headers: recording.headers ?? new Headers(),
    channel: "http" as const,
  }
  const call: Call = {
    op: "generate",
    model,
    options: options.asked ?? {},
    context: { messages: [], ...(options.offered ? { tools: options.offered } : {}) },
    auth: { kind: "none" },
    stream: recording.stream,
    known: {},
    channel: { kind: "http", memory: {} },
    mint,
  }
  const builder = builderFor(model, { mint, started: 0 })
  try {
    const reader = new ExchangeReader({
      wire,
      call,
      head,
      builder,
      endpoint: options.endpoint,
      framing: recording.framing,
    })
    for (const chunk of recording.chunks) {
      reader.push(chunk)
      options.onEvents?.(builder.take())
    }
    if (recording.cut)
      builder.finish(
        classify({ is: "stream_incomplete", inStream: true }, { provider: model.provider, model: model.id }),
      )
    else reader.end()
  } catch (error) {
    builder.finish(
      SluiceError.is(error)
        ? error
        : new SluiceError({ code: "stream_malformed", message: String(error) }, { cause: error }),
    )
  }
  options.onEvents?.(builder.take())
  return builder.message
}

/** Ids by counting and a clock that stands still. */
export function countingMint(): Mint {
  let count = 0
  return { id: (prefix) => `${prefix}${String(++count).padStart(16, "0")}`, now: () => 0 }
}
