import type { MessageSink } from "../../contract/builder.ts"
import type { ErrorCode } from "../../model/errors.ts"

/** No reason yet. */
export const UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"

/** Reasons that are a filter's, and reasons of the model's own mistakes, which another try may not repeat. */
const BLOCKED: ReadonlySet<string> = new Set([
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MODEL_ARMOR",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
])
const MALFORMED: ReadonlySet<string> = new Set([
  "MALFORMED_FUNCTION_CALL",
  "MALFORMED_RESPONSE",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
])

/**
 * Reports why the answer ends. All reasons but two are failures, whatever came before them: what a filter stopped is
 * `content_blocked`, a call that the model spelled wrong is `stream_malformed`, anything else is the server's.
 *
 * @param explanation the host's own sentence, if any
 */
export function reportStop(reason: string, explanation: string | undefined, out: MessageSink): void {
  if (reason === "STOP") {
    out.stop("stop")
    return
  }
  if (reason === "MAX_TOKENS") {
    out.stop("length")
    return
  }
  const code = codeOf(reason)
  out.stop("error", {
    type: code === "content_blocked" ? "refusal" : reason.toLowerCase(),
    ...(code === "content_blocked" ? { category: reason } : {}),
    ...(explanation === undefined ? {} : { explanation }),
  })
  out.fail({
    is: code,
    type: reason,
    message: `The answer ended with the finish reason ${reason}${because(explanation)}`,
  })
}

/** Reports that the prompt was blocked, so that there is no answer. */
export function reportBlocked(reason: string, explanation: string | undefined, out: MessageSink): void {
  out.stop("error", { type: "refusal", category: reason, ...(explanation === undefined ? {} : { explanation }) })
  out.fail({ is: "content_blocked", type: reason, message: `The prompt was blocked: ${reason}${because(explanation)}` })
}

function codeOf(reason: string): ErrorCode {
  if (BLOCKED.has(reason)) return "content_blocked"
  return MALFORMED.has(reason) ? "stream_malformed" : "server_error"
}

function because(explanation: string | undefined): string {
  return explanation === undefined ? "." : `: ${explanation}`
}
