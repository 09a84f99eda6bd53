import type { MessageSink } from "../../contract/builder.ts"

/** Stops that are failures: the answer was held back, or the model made something that is none. */
const FAILURES: Readonly<Record<string, { is: "content_blocked" | "server_error"; why: string }>> = {
  guardrail_intervened: { is: "content_blocked", why: "A guardrail intervened" },
  content_filtered: { is: "content_blocked", why: "The answer was filtered" },
  malformed_model_output: { is: "server_error", why: "The model's output was malformed" },
  malformed_tool_use: { is: "server_error", why: "The model's tool call was malformed" },
}

/** Reports why an answer ends. A failure is named by the reason, and what came before it stays. */
export function reportStop(reason: string, out: MessageSink): void {
  const failure = Object.hasOwn(FAILURES, reason) ? FAILURES[reason] : undefined
  if (failure) {
    out.stop("error", { type: reason })
    out.fail({ is: failure.is, type: reason, inStream: true, message: `${failure.why} (${reason}).` })
    return
  }
  switch (reason) {
    case "end_turn":
      return out.stop("stop")
    case "tool_use":
      return out.stop("toolUse")
    case "max_tokens":
      return out.stop("length")
    case "model_context_window_exceeded":
      return out.stop("length", { type: reason })
    default:
      return out.stop("stop", { type: reason })
  }
}
