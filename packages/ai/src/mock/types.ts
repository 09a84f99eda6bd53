import type { Model, Usage } from "@sluice/catalog/core"
import type { ErrorFacts } from "../contract/error-facts.ts"
import type { HeaderMap } from "../contract/frame.ts"
import type { Block, Context, ImageBlock, StopDetails, StopReason } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"

/** A tool call of a scripted answer. */
export interface MockToolCall {
  /** Default `mock-tc-<n>`, counted per mock. */
  id?: string
  name: string
  /** An object, or the exact text that the model would write. Default `{}`. */
  arguments?: Readonly<Record<string, unknown>> | string
  /** A call of a grammar tool: `arguments` is then its text. */
  custom?: boolean
}

/** How an answer is cut into pieces. */
export interface MockPace {
  /** Characters of a piece, or one word with the space behind it. Default: a whole block at once. */
  chunk?: number | "word"
  /** Wait before every piece but the first. Default 0. */
  ms?: number
}

/** One scripted answer. Its content stands in the order thinking, text, images, tool calls, `blocks`. */
export interface MockAnswer {
  thinking?: string
  text?: string
  images?: readonly ImageBlock[]
  toolCalls?: readonly MockToolCall[]
  /** Content in an order of its own. */
  blocks?: readonly Block[]
  /** Default: words are counted. Given fields alone are reported, the total is added; `false` reports nothing. */
  usage?: Partial<Usage> | false
  /** Default `toolUse` with tool calls, else `stop`. */
  stopReason?: StopReason
  stopDetails?: StopDetails
  responseId?: string
  /** The model that says it answered, where it is another one. */
  servedModel?: string
  /** The answer fails. With `status` it is the body of the error response, else it comes inside the stream. */
  error?: ErrorFacts
  /** Pieces of content that come before an `error` inside the stream. Default 0. */
  errorAfter?: number
  /** HTTP status. From 300 on there is no answer but an error response. Default 200. */
  status?: number
  /** Body of the error response, as it is. */
  body?: string
  responseHeaders?: HeaderMap
  /** Wait before the response begins. */
  delayMs?: number
  /** Silence within the stream; `Infinity` lasts until the call is aborted. */
  stallMs?: number
  /** Pieces of content that come before the silence. Default 1. */
  stallAfter?: number
  /** Default: the mock's. */
  pace?: MockPace
  /** The stream ends without saying why. */
  cut?: boolean
}

/** One call as the mock saw it. Context and options are copies. */
export interface MockCall {
  /** Counted from 0 per mock. */
  index: number
  op: "generate" | "prewarm"
  model: Model
  context: Context
  options: CallOptions
  stream: boolean
  headers: HeaderMap
  /** The caller went away before the answer's end. */
  cancelled: boolean
}

/** An answer, the text of one, or a function that makes one. */
export type MockStep = MockAnswer | string | ((call: MockCall) => MockAnswer | string | Promise<MockAnswer | string>)

/**
 * What a mock answers: one text for every call, steps for one call each, or a function for all.
 * A generator is given the call by `next(call)`.
 */
export type MockScript = string | MockSteps | ((call: MockCall) => MockAnswer | string | Promise<MockAnswer | string>)

/** The answers of a script, one for each call, in order. */
export type MockSteps = readonly MockStep[] | Iterable<MockStep> | AsyncIterable<MockStep>

/** Waits; ends early by throwing the signal's reason when it is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/** What a mock is made from. */
export interface MockOptions {
  /** Default: only what is pushed. */
  script?: MockScript
  /** Default `mockModel()`. */
  model?: Model
  /** For answers without a pace of their own. */
  pace?: MockPace
  /** Default: `setTimeout`. */
  sleep?: Sleep
}
