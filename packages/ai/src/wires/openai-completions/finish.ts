import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { StopReason } from "../../model/message.ts"

/** How an answer ended: a reason to stop, or a failure. */
export type Finish = { reason: StopReason } | { fail: ErrorFacts }

const REASONS: Readonly<Record<string, StopReason>> = {
  stop: "stop",
  end: "stop",
  end_turn: "stop",
  eos: "stop",
  eos_token: "stop",
  stop_sequence: "stop",
  length: "length",
  max_tokens: "length",
  model_length: "length",
  tool_calls: "toolUse",
  tool_call: "toolUse",
  tool_use: "toolUse",
  function_call: "toolUse",
}

const FAILURES: Readonly<Record<string, ErrorFacts>> = {
  content_filter: { is: "content_blocked", message: "Provider finish_reason: content_filter" },
  sensitive: { is: "content_blocked", message: "Provider finish_reason: sensitive" },
  error: { is: "server_error", message: "Provider returned error finish_reason" },
  network_error: { is: "server_error", message: "Provider finish_reason: network_error" },
  abort: { is: "server_error", message: "Provider finish_reason: abort" },
  insufficient_system_resource: { is: "overloaded", message: "Provider finish_reason: insufficient_system_resource" },
  model_context_window_exceeded: {
    is: "context_overflow",
    message: "Provider finish_reason: model_context_window_exceeded",
  },
}

/** What a host's `finish_reason` means. A word that is not known is a failure: it is no proof of a whole answer. */
export function readFinish(word: string): Finish {
  const known = word.toLowerCase()
  if (Object.hasOwn(REASONS, known)) return { reason: REASONS[known] as StopReason }
  if (Object.hasOwn(FAILURES, known)) return { fail: FAILURES[known] as ErrorFacts }
  return { fail: { is: "server_error", message: `Provider finish_reason: ${word.slice(0, 80)}` } }
}
