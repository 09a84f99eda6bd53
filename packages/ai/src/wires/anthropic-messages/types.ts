import type { Obj } from "../../model/json.ts"
import type { CacheMark } from "../../model/tool.ts"

export { isObject, type Obj } from "../../model/json.ts"

/**
 * The parts of Anthropic's Messages that this wire reads or writes.
 * @see https://platform.claude.com/docs/en/api/messages
 */

/** Name of this wire. */
export const API = "anthropic-messages"

/** Where requests go; a base URL has no version. */
export const MESSAGES_PATH = "/v1/messages"
/** Where tokens are counted. */
export const COUNT_TOKENS_PATH = "/v1/messages/count_tokens"
/** Where models are listed. */
export const MODELS_PATH = "/v1/models"

/** The version of the API that requests are written for. */
export const ANTHROPIC_VERSION = "2023-06-01"

/** A mark up to which the prompt is cached. */
export interface CacheControl {
  type: "ephemeral"
  ttl?: "5m" | "1h"
}

/** A content block of a request. Blocks of other types travel as they are. */
export interface WireBlock extends Obj {
  type: string
  cache_control?: CacheControl
}

/** A message of a request. */
export interface WireMessage {
  role: "user" | "assistant" | "system"
  content: WireBlock[]
}

/** A tool of a request, the vendor's own among them. */
export interface WireTool extends Obj {
  cache_control?: CacheControl
}

/** Cache marks of the caller, by what carries them. */
export type Marks = Map<WireBlock | WireTool, CacheMark>

/** Which tool the model may or must call. */
export type WireToolChoice =
  | { type: "auto" | "any"; disable_parallel_tool_use?: true }
  | { type: "tool"; name: string; disable_parallel_tool_use?: true }
  | { type: "none" }

/** Whether and how the model thinks. */
export type WireThinking =
  | { type: "enabled"; budget_tokens: number; display?: "summarized" | "omitted" }
  | { type: "adaptive"; display?: "summarized" | "omitted" }
  | { type: "disabled" }

/** How much the model thinks at a level, and the form of its answer. */
export interface OutputConfig extends Obj {
  effort?: string
  format?: { type: "json_schema"; schema: Obj }
}

/** The body of a request, in the order in which its fields are written. */
export interface MessagesBody extends Obj {
  model: string
  messages: WireMessage[]
  system?: WireBlock[]
  tools?: WireTool[]
  metadata?: Obj
  max_tokens: number
  thinking?: WireThinking
  context_management?: Obj
  output_config?: OutputConfig
  stream?: boolean
  temperature?: number
  top_p?: number
  top_k?: number
  stop_sequences?: string[]
  service_tier?: string
  speed?: string
  tool_choice?: WireToolChoice
}
