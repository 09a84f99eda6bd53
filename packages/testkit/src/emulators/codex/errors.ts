import type { Fields } from "../check.ts"
import { errorBody } from "../openai-refusals.ts"
import type { ResponsesError } from "../openai-responses/types.ts"

/** How much of a plan is used up. */
export interface EmulatedLimits {
  /** Default `plus`. */
  planType?: string
  /** Seconds since 1970. */
  resetsAt: number
  /** Percent of the short window. Default 100. */
  primaryUsed?: number
  /** Percent of the long window. Default 40. */
  secondaryUsed?: number
}

/** The headers in which the backend tells how much of a plan is used up. */
export function codexLimitHeaders(limits: EmulatedLimits): Record<string, string> {
  return {
    "x-codex-primary-used-percent": String(limits.primaryUsed ?? 100),
    "x-codex-primary-window-minutes": "300",
    "x-codex-primary-reset-at": String(limits.resetsAt),
    "x-codex-secondary-used-percent": String(limits.secondaryUsed ?? 40),
    "x-codex-secondary-window-minutes": "10080",
    "x-codex-secondary-reset-at": String(limits.resetsAt + 86_400),
  }
}

/** The error of a plan that is used up: `usage_limit_reached`, or `usage_not_included` for a plan without any. */
export function codexUsageLimit(limits: EmulatedLimits, type = "usage_limit_reached"): ResponsesError {
  return {
    status: 429,
    headers: codexLimitHeaders(limits),
    body: {
      error: {
        type,
        message: "The usage limit has been reached",
        plan_type: limits.planType ?? "plus",
        resets_at: limits.resetsAt,
      },
    },
  }
}

/** The words of the backend for statuses that have no error object. */
const DETAILS: Readonly<Record<number, string>> = { 403: "Forbidden", 404: "Not Found", 426: "Upgrade Required" }

/** The status and the body of an error response. */
export function codexErrorBody(error: ResponsesError): { status: number; body: unknown } {
  const { status, body } = errorBody(error)
  if (error.body !== undefined) return { status, body: error.body }
  const detail = DETAILS[status]
  if (detail !== undefined && error.code == null && error.type == null) {
    return { status, body: { detail: error.message ?? detail } }
  }
  return { status, body }
}

/** An error as a frame of a WebSocket: with the status and the headers that a response would have. */
export function codexErrorFrame(error: ResponsesError): Fields {
  const { status, body } = codexErrorBody(error)
  const fields = body as Fields
  const nested = fields["error"] ?? { type: "invalid_request_error", message: fields["detail"] ?? String(body) }
  return { type: "error", status, error: nested, headers: error.headers ?? {} }
}

/** The end of a connection that has been open for as long as one may be. */
export const CONNECTION_LIMIT: ResponsesError = {
  status: 400,
  type: "invalid_request_error",
  code: "websocket_connection_limit_reached",
  message: "Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.",
}

/** The refusal of a request while another one is answered on its connection. */
export const BUSY: ResponsesError = {
  status: 409,
  type: "invalid_request_error",
  code: "websocket_request_in_progress",
  message: "websocket request already in progress",
}
