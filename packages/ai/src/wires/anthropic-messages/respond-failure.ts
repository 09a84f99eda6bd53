import type { HeaderMap } from "../../contract/frame.ts"
import { CODES, type SluiceErrorData } from "../../model/errors.ts"
import type { Obj } from "./types.ts"

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
}

/** By this sentence clients of the wire know that the conversation must be shortened. */
const OVERFLOW = "prompt is too long"

/** By this clients of the wire know that they must send the whole conversation again. */
const THREAD_LOST = { error_code: "thread_not_found" }

/** An error as the wire answers it. */
export function failure(error: SluiceErrorData): { status: number; headers: HeaderMap; body: unknown } {
  const { status } = error
  const httpStatus = status !== undefined && status >= 400 && status < 600 ? status : CODES[error.code].status
  const { retryAfterMs } = error
  return {
    status: httpStatus,
    headers: {
      "content-type": "application/json",
      "x-should-retry": String(error.retryable),
      ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: errorBody(error, httpStatus),
  }
}

/** The envelope of an error, of a response and of an event alike. */
export function errorBody(error: SluiceErrorData, status: number = error.status ?? CODES[error.code].status): Obj {
  return {
    type: "error",
    error: {
      type: errorType(status),
      message: messageOf(error),
      ...(error.code === "state_lost" ? { details: THREAD_LOST } : {}),
    },
    ...(error.requestId === undefined ? {} : { request_id: error.requestId }),
  }
}

function errorType(status: number): string {
  return TYPES[status] ?? (status >= 500 || status === 499 ? "api_error" : "invalid_request_error")
}

function messageOf({ code, message }: SluiceErrorData): string {
  return code === "context_overflow" && !message.toLowerCase().includes(OVERFLOW) ? `${OVERFLOW}: ${message}` : message
}
