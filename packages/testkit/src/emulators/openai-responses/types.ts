import type { SeenRequest } from "../../loopback.ts"
import type { Fields } from "../check.ts"
import type { AzureRules } from "../openai-azure.ts"
import type { EmulatedAnswer, EmulatedError } from "../script.ts"

/** A call of a tool that takes plain text and no JSON. */
export interface EmulatedCustomCall {
  /** Default: an id in the vendor's form. */
  id?: string
  name: string
  input: string
}

/** An error that may have a body of its own. */
export interface ResponsesError extends EmulatedError {
  /** Sent as the body in place of the vendor's usual one. */
  body?: unknown
}

/**
 * One answer of a model behind the Responses API. Its items stand in the order reasoning, items of the provider,
 * commentary, text, tool calls, custom tool calls.
 */
export interface ResponsesAnswer extends EmulatedAnswer {
  /** Several parts of a summary; `thinking` is one of them. A summary is given only to a request that asks for one. */
  summaries?: readonly string[]
  /** Thinking in the open, as hosts of open models show it. */
  reasoningText?: string
  /** Overrides what the reasoning item carries; `null` leaves it out. Default: carried when the request includes it. */
  encryptedContent?: string | null
  /** A message of the phase `commentary` that comes before the text, which is then of the phase `final_answer`. */
  commentary?: string
  /** Of the text, in the vendor's form. */
  annotations?: readonly Fields[]
  customCalls?: readonly EmulatedCustomCall[]
  /** Items that the provider ran itself, such as a search of the web, as they stand when they are done. */
  hosted?: readonly Fields[]
  /** Argument deltas of all calls come in turns. */
  interleave?: boolean
  /** The answer ends as incomplete for this reason. `length` is the same as `max_output_tokens`. */
  incomplete?: "max_output_tokens" | "content_filter"
  /** The answer ends as failed. */
  failed?: { code?: string; message?: string }
  /** Name of the last event. Default: as the status has it. */
  terminal?: string
  /** The tier that served the answer. Default: as asked, `default` for `auto`. */
  serviceTier?: string
  error?: ResponsesError
  /** `nested` puts the error's fields below `error`, as some hosts do. */
  streamError?: ResponsesError & { afterEvents?: number; nested?: boolean }
  /** The socket is closed just before the first call is done, or just after. */
  cutAtCall?: { when: "before" | "after"; how?: "reset" | "end" }
  /** So many argument deltas of white space alone stand in the first call, before its arguments. */
  whitespace?: number
  /** Overrides the server's dialect. */
  dialect?: ResponsesDialect
}

/** The answers of the emulator: a list that is used up in turn, or what answers each request. */
export type ResponsesScript =
  | readonly ResponsesAnswer[]
  | ((request: SeenRequest) => ResponsesAnswer | Promise<ResponsesAnswer>)

/** What a host leaves out of its stream or spells in its own way. */
export interface ResponsesDialect {
  /** No ids of items. */
  noItemIds?: boolean
  /** No `output_index`, `content_index` and `summary_index`. */
  noIndexes?: boolean
  /** No `sequence_number`. */
  noSequence?: boolean
  /** Names of events that are not sent. */
  omit?: readonly string[]
  /** Every event names its item by another id. */
  rotateItemIds?: boolean
  /** Call items have no id; their events name them by `fc_` and the id of the call. */
  callAliases?: boolean
}

/** What the host is strict about. */
export interface ResponsesRules {
  /** Models that exist; absent: every name. */
  models?: readonly string[] | undefined
  /** Whether a model thinks: it then refuses sampling, and only then takes an effort. `undefined`: nobody knows. */
  thinks(model: string): boolean | undefined
  /** Fields that are not known are refused. */
  strictFields: boolean
  /** Parameters that this host refuses though the vendor knows them. */
  unsupported: readonly string[]
  /** Nothing is kept: `store` is taken as false and a chain is refused. */
  zeroDataRetention: boolean
  /** Encrypted reasoning that this server did not give out is refused. */
  verifyReasoning: boolean
  /** Least that `max_output_tokens` may be. Default 16. */
  leastOutput?: number
}

/** How the emulator of the Responses API is set up. */
export interface OpenAIResponsesOptions extends Partial<ResponsesRules> {
  /** Default: a greeting for every request. A list that is used up answers 400. */
  script?: ResponsesScript
  /** Absent: any key, but one there must be; `null`: none is asked for. */
  apiKey?: string | null
  dialect?: ResponsesDialect
  /** Of the paths `/openai/v1/responses` and `/openai/responses`. */
  azure?: AzureRules
}
