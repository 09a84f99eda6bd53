import type { HeaderMap } from "../../contract/frame.ts"
import type { ErrorCode, SluiceErrorData } from "../../model/errors.ts"
import { errorEnvelope, failure as chatFailure } from "../openai/respond-failure.ts"
import { isObject, type Obj } from "./types.ts"

/** By this clients of the wire know that they must send the whole conversation again. */
const LOST = {
  type: "invalid_request_error",
  code: "previous_response_not_found",
  param: "previous_response_id",
}

/** The words of a response that failed, as clients test for them; every other code is a `server_error`. */
const FAILED: Readonly<Partial<Record<ErrorCode, string>>> = {
  context_overflow: "context_length_exceeded",
  quota_exhausted: "insufficient_quota",
  billing: "insufficient_quota",
  rate_limited: "rate_limit_exceeded",
  concurrency_limited: "rate_limit_exceeded",
  overloaded: "server_is_overloaded",
  invalid_request: "invalid_prompt",
  unsupported: "invalid_prompt",
  content_blocked: "invalid_prompt",
  state_lost: "previous_response_not_found",
}

/** An error as a response: the vendor's envelope is that of its other wire. */
export function failure(error: SluiceErrorData): { status: number; headers: HeaderMap; body: unknown } {
  const answer = chatFailure(error)
  return error.code === "state_lost" ? { ...answer, body: { error: { ...envelope(error), ...LOST } } } : answer
}

/** What `error` of a response that failed holds. */
export function failedError(error: SluiceErrorData): Obj {
  return { code: FAILED[error.code] ?? "server_error", message: error.message }
}

/**
 * The fields of the event `error`. Its words stand at the top, where the vendor's declarations have them, and within
 * `error`, where its hosts put them and its library looks.
 */
export function errorFields(error: SluiceErrorData): Obj {
  const inner = { ...envelope(error), ...(error.code === "state_lost" ? LOST : {}) }
  return { code: inner["code"] ?? null, message: error.message, param: inner["param"] ?? null, error: inner }
}

function envelope(error: SluiceErrorData): Obj {
  const { error: inner } = errorEnvelope(error)
  return isObject(inner) ? inner : {}
}
