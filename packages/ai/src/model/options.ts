import type { Effort, Model } from "@sluice/catalog/core"
import type { JsonSchema, Json, ToolChoice } from "./tool.ts"

/** How the answer's text must be shaped. */
export type OutputFormat =
  | { type: "text" }
  /** Some JSON value. */
  | { type: "json" }
  /** JSON that fits the schema. */
  | { type: "jsonSchema"; name?: string; description?: string; schema: JsonSchema; strict?: boolean }

/**
 * What a caller may ask of a call, in one spelling for every wire. What a target cannot honour is left out and
 * reported in `losses` of the message.
 */
export interface CallOptions {
  /** 0 to 2; the vendor's range applies. */
  temperature?: number
  topP?: number
  topK?: number
  minP?: number
  presencePenalty?: number
  frequencyPenalty?: number
  repetitionPenalty?: number
  seed?: number
  /** Texts at which the model stops. */
  stop?: readonly string[]
  /** Most tokens of the answer, thinking included. */
  maxTokens?: number
  /** How hard to think; `off` asks the model not to. Absent: as the vendor has it by default. */
  reasoning?: Effort | "off"
  /** Tokens to think with; it wins over the level's own budget. */
  thinkingBudget?: number
  /** Whether the thinking's text is wanted. Default true. */
  showThinking?: boolean
  toolChoice?: ToolChoice
  /** `false`: one tool call at a time. */
  parallelToolCalls?: boolean
  output?: OutputFormat
  verbosity?: "low" | "medium" | "high"
  /** Log probabilities: `true`, or how many alternatives. */
  logprobs?: boolean | number
  /**
   * `false`: markup that leaks into the answer's text stays there. Else thinking and calls that a model wrote as text
   * become what they stand for, where the model's host is known to let them through (`compat.heal` of the model).
   */
  healing?: boolean
  /** More than one answer. Only one can be decoded: anything else than 1 is `unsupported`. */
  candidates?: number
  /** Marks that Sluice places itself in prompts without marks of the caller. Default `short`. */
  cacheRetention?: "none" | "short" | "long"
  /** Identity of the conversation: keeps it on one account and near one cache. */
  sessionId?: string
  /** Identity of the cached prefix where it is not the session. */
  promptCacheKey?: string
  /**
   * Going on from what the host keeps of the conversation, so that a request holds only what is new
   * (`previous_response_id`). Over a connection that keeps it anyway this is so unless `false`; where it means that the
   * host stores the answers, only with `true`. It needs a `sessionId`, and earlier messages that are not changed in
   * place: whoever edits one puts another object in its place.
   */
  chain?: boolean
  serviceTier?: string
  /** An id of the end user for the vendor's abuse checks. */
  user?: string
  /** Names and values that the vendor stores with the call. */
  metadata?: Readonly<Record<string, Json>>
  /**
   * Headers of the request to the vendor, over all others; `undefined` removes one. A credential header replaces ours,
   * so that a host sees only one; the token of a login is never replaced.
   */
  headers?: Readonly<Record<string, string | undefined>>
  /**
   * Refuses instead of changing: where a target would drop or only approximate something of the call, the call ends as
   * `unsupported` before anything is sent, and the next route is tried. Default false: what was lost stands in
   * `losses` of the message.
   */
  strict?: boolean
  /** Fields set on the request's body last, by wire: `{ "openai-completions": { seed: 1 } }`. */
  wire?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** A request as it goes out, for an observer. Credentials are replaced by `[redacted]`. */
export interface PayloadView {
  url: string
  headers: Readonly<Record<string, string>>
  /** What will be sent; for JSON bodies the value itself. */
  body: unknown
}

/** The head of a response, for an observer. */
export interface ResponseView {
  status: number
  headers: Readonly<Record<string, string>>
  requestId?: string
}

/** One frame as it came, for an observer. */
export interface FrameView {
  event?: string
  data: string | Uint8Array
}

/** Functions that watch a call. What they throw is swallowed; only `onPayload` can change anything. */
export interface Observers {
  /** Sees the body before it is sent; what it returns (or resolves to), if anything, is sent instead. */
  onPayload?: (payload: PayloadView, model: Model) => unknown
  /** Sees status and headers as soon as they arrive. */
  onResponse?: (response: ResponseView, model: Model) => void | Promise<void>
  /** Sees each frame before it is decoded. */
  onEvent?: (frame: FrameView, model: Model) => void
  /** Sees what the filter of a host says of an answer beside it, in the host's own form. */
  onModeration?: (metadata: unknown, model: Model) => void
}

/** Limits on waiting, in milliseconds; 0 switches one off. */
export interface Timeouts {
  /** From sending to the first real event. Default 300000. */
  firstEventMs?: number
  /** Between two events that bring the answer forward. Default 300000. */
  idleMs?: number
}

/** Limits on trying again. */
export interface RetryOptions {
  /** Tries in all, the first included. Default 6. */
  maxAttempts?: number
  /** Longest single wait that is sat out; a longer hint of the vendor ends the wait at once. Default 60000; 0 is no limit. */
  maxDelayMs?: number
  /** Longest time waited in all. Default 180000. */
  maxTotalDelayMs?: number
  /** Wait before the second try where the vendor gives no hint; doubles each time. Default 500. */
  baseDelayMs?: number
}

/** When thinking that repeats itself is a loop: both limits must be reached. */
export interface ThinkingLoopLimits {
  /** How often the same passage stands in a row, letter for letter. Default 8. */
  repeats?: number
  /** Characters of the whole repetition, at most 65536. Default 8192. */
  characters?: number
}

/** Answers that are given up because nothing good can come of them. */
export interface Guards {
  /**
   * Thinking that repeats one passage for ever. The answer ends as an `empty_response` of the type `thinking_loop`
   * without that thinking, and is tried again where nobody has read of it yet; the last try of a call that has met a
   * loop runs unguarded. `false` switches it off.
   */
  thinkingLoop?: false | ThinkingLoopLimits
}
