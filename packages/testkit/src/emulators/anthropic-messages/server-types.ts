import type { SeenRequest } from "../../loopback.ts"
import type { EmulatedAnswer } from "../script.ts"

/** An answer with what only this vendor has. Thinking is given only to a request that asks for it. */
export interface AnthropicAnswer extends EmulatedAnswer {
  /** Thinking that the vendor hides: an opaque text. */
  redactedThinking?: string
  refusalCategory?: string
  /** The stop sequence that was hit. */
  stopSequence?: string
}

/** The answers of the emulator: a list that is used up in turn, or what answers each request. */
export type AnthropicScript =
  | readonly AnthropicAnswer[]
  | ((request: SeenRequest) => AnthropicAnswer | Promise<AnthropicAnswer>)

/** How the emulator of the Messages API is set up. */
export interface AnthropicMessagesOptions {
  /** Default: a greeting for every request. A list that is used up answers 400. */
  script?: AnthropicScript
  /** Absent: any key, but one there must be; `null`: none is asked for. Taken as `x-api-key` or as a bearer. */
  apiKey?: string | null
  /** Models that exist. Default: every name is accepted, `claude-emulated` is listed. */
  models?: readonly string[]
  /** Most tokens of an answer. Default 128000. */
  maxTokens?: number
  /** Models that think as they see fit and so refuse sampling, `disabled` thinking and prefill. Default: none. */
  adaptive?: (model: string) => boolean
  /** Turns of one role in a row are refused, as some hosts do; the vendor joins them. Default false. */
  alternation?: boolean
  /** Fields of a request that the vendor does not know are refused. Default true. */
  strictFields?: boolean
  /** Fields that need a beta, and how its name begins. Default: `context_management`. */
  betaFields?: Readonly<Record<string, string>>
  /** Signatures that this server did not give out are refused. Default true. */
  verifySignatures?: boolean
}
