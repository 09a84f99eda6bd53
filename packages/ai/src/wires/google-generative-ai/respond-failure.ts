import type { HeaderMap } from "../../contract/frame.ts"
import { CODES, type SluiceErrorData } from "../../model/errors.ts"
import type { Obj } from "./types.ts"

/**
 * The vendor's words for statuses.
 * @see https://cloud.google.com/apis/design/errors#handling_errors
 */
const WORDS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  402: "FAILED_PRECONDITION",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  529: "UNAVAILABLE",
}

/** By this sentence clients of the wire know that the conversation must be shortened. */
const OVERFLOW = "The input token count exceeds the maximum number of tokens allowed"

const TYPES = "type.googleapis.com/google.rpc."

/** An error as the wire answers it. */
export function failure(error: SluiceErrorData): { status: number; headers: HeaderMap; body: unknown } {
  const status = statusOf(error)
  const { retryAfterMs } = error
  return {
    status,
    headers: {
      "content-type": "application/json",
      ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: errorBody(error),
  }
}

/** The envelope of an error, of a response and of a piece of a stream alike. */
export function errorBody(error: SluiceErrorData): { error: Obj } {
  const status = statusOf(error)
  return {
    error: {
      code: status,
      message: messageOf(error),
      status: WORDS[status] ?? (status < 500 ? "INVALID_ARGUMENT" : "INTERNAL"),
      details: detailsOf(error),
    },
  }
}

/** The host's own status where it had one. This API says 503 of a host that has too much to do. */
function statusOf({ status, code }: SluiceErrorData): number {
  if (status !== undefined && status >= 400 && status < 600) return status
  return code === "overloaded" ? 503 : CODES[code].status
}

function detailsOf({ code, param, message, retryAfterMs, requestId }: SluiceErrorData): Obj[] {
  return [
    { "@type": `${TYPES}ErrorInfo`, reason: code.toUpperCase(), domain: "sluice" },
    ...(param === undefined
      ? []
      : [{ "@type": `${TYPES}BadRequest`, fieldViolations: [{ field: param, description: message }] }]),
    ...(retryAfterMs === undefined
      ? []
      : [{ "@type": `${TYPES}RetryInfo`, retryDelay: `${Math.ceil(retryAfterMs / 1000)}s` }]),
    ...(requestId === undefined ? [] : [{ "@type": `${TYPES}RequestInfo`, requestId }]),
  ]
}

function messageOf({ code, message }: SluiceErrorData): string {
  if (code !== "context_overflow" || /input token count.*exceeds the maximum/i.test(message)) return message
  return `${OVERFLOW}: ${message}`
}
