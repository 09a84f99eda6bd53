import type { HeaderMap } from "../../contract/frame.ts"
import type { AssistantMessage } from "../../model/message.ts"
import { CODES, type ErrorCode, type SluiceErrorData } from "../../model/errors.ts"

/** The vendor's words for our codes: what its SDKs and the programs above them test for. */
const WORDS: Readonly<Partial<Record<ErrorCode, { type: string; code: string | null }>>> = {
  auth_missing: { type: "authentication_error", code: "invalid_api_key" },
  auth_invalid: { type: "authentication_error", code: "invalid_api_key" },
  auth_expired: { type: "authentication_error", code: "invalid_api_key" },
  permission_denied: { type: "authentication_error", code: "permission_denied" },
  account_policy: { type: "authentication_error", code: "account_policy" },
  quota_exhausted: { type: "rate_limit_error", code: "insufficient_quota" },
  billing: { type: "rate_limit_error", code: "billing" },
  rate_limited: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  concurrency_limited: { type: "rate_limit_error", code: "concurrency_limit_exceeded" },
  context_overflow: { type: "invalid_request_error", code: "context_length_exceeded" },
  invalid_request: { type: "invalid_request_error", code: null },
  unsupported: { type: "invalid_request_error", code: "unsupported" },
  model_not_found: { type: "invalid_request_error", code: "model_not_found" },
  content_blocked: { type: "invalid_request_error", code: "content_filter" },
  aborted: { type: "request_aborted", code: null },
}

/** The error of an answer that failed, also of one that does not say why. */
export function failureOf({ error, stopReason }: AssistantMessage): SluiceErrorData {
  const code = stopReason === "aborted" ? "aborted" : "server_error"
  return error ?? { code, message: "The answer failed.", retryable: false, scope: "host", delivered: "nothing" }
}

/** An error in the vendor's envelope, for a response or a frame of a stream. */
export function errorEnvelope(error: SluiceErrorData): { error: Record<string, unknown> } {
  const words = WORDS[error.code] ?? { type: "upstream_error", code: error.code }
  return {
    error: {
      message: error.message,
      type: words.type,
      param: error.param ?? null,
      code: words.code ?? (error.type && /^[\w.-]{1,64}$/.test(error.type) ? error.type : null),
    },
  }
}

/** The status a client is answered with: the vendor's own where it had one. */
function failureStatus(error: SluiceErrorData): number {
  if (error.status !== undefined && error.status >= 400 && error.status < 600) return error.status
  return error.code === "overloaded" ? 503 : CODES[error.code].status
}

/** An error as a response. */
export function failure(error: SluiceErrorData): { status: number; headers: HeaderMap; body: unknown } {
  const headers: HeaderMap = { "content-type": "application/json", "x-should-retry": String(error.retryable) }
  if (error.retryAfterMs !== undefined) {
    headers["retry-after"] = String(Math.ceil(error.retryAfterMs / 1000))
    headers["retry-after-ms"] = String(Math.ceil(error.retryAfterMs))
  }
  if (error.requestId !== undefined) headers["x-request-id"] = error.requestId
  return { status: failureStatus(error), headers, body: errorEnvelope(error) }
}
