/** What went wrong, as a program tests for it. Stable across versions. */
export type ErrorCode =
  | "auth_missing"
  | "auth_invalid"
  | "auth_expired"
  | "permission_denied"
  | "account_policy"
  | "quota_exhausted"
  | "billing"
  | "rate_limited"
  | "concurrency_limited"
  | "overloaded"
  | "context_overflow"
  | "invalid_request"
  | "unsupported"
  | "model_not_found"
  | "content_blocked"
  | "timeout"
  | "network"
  | "stream_incomplete"
  | "stream_malformed"
  | "empty_response"
  | "state_lost"
  | "server_error"
  | "aborted"
  | "config"

/** What an error is about, and so what replacing would help: the request, the credential, the model, the host, or nothing. */
export type ErrorScope = "request" | "credential" | "model" | "host" | "local"

/** How much of an answer had reached the consumer. `final`: a finished tool call, or bytes that were written on. */
export type Delivered = "nothing" | "content" | "final"

/** An error as a plain value: what a message carries and what `JSON.stringify` of a `SluiceError` gives. */
export interface SluiceErrorData {
  code: ErrorCode
  /** The vendor's own message, or ours. Never a secret. */
  message: string
  /** HTTP status; for an error inside a stream the one the vendor would have answered with. */
  status?: number
  provider?: string
  model?: string
  requestId?: string
  /** The vendor's own word for it, e.g. `insufficient_quota`. */
  type?: string
  /** The field of the request that is at fault. */
  param?: string
  /** Milliseconds after which the vendor says another try can help. */
  retryAfterMs?: number
  /** Advice: the same call may succeed later. */
  retryable: boolean
  scope: ErrorScope
  /** Which allowance is used up, and when it comes back (milliseconds since 1970). */
  quota?: { bucket?: string; resetAt?: number }
  delivered: Delivered
  /** What to do next. */
  hint?: string
}

const MARK: unique symbol = Symbol.for("sluice.error") as never

/** Every failure of Sluice. Test with `SluiceError.is(e)`, which also knows one made by another copy of the library. */
export class SluiceError extends Error implements SluiceErrorData {
  readonly code: ErrorCode
  readonly status?: number
  readonly provider?: string
  readonly model?: string
  readonly requestId?: string
  readonly type?: string
  readonly param?: string
  readonly retryAfterMs?: number
  readonly retryable: boolean
  readonly scope: ErrorScope
  readonly quota?: { bucket?: string; resetAt?: number }
  readonly delivered: Delivered
  readonly hint?: string

  constructor(data: SluiceErrorInit, options: { cause?: unknown } = {}) {
    super(data.message)
    this.name = "SluiceError"
    this.code = data.code
    this.retryable = data.retryable ?? CODES[data.code].retryable
    this.scope = data.scope ?? CODES[data.code].scope
    this.delivered = data.delivered ?? "nothing"
    for (const field of OPTIONAL) {
      const value = data[field]
      if (value !== undefined) Object.assign(this, { [field]: value })
    }
    Object.defineProperty(this, "name", { enumerable: false })
    Object.defineProperty(this, MARK, { value: true })
    if (options.cause !== undefined) Object.defineProperty(this, "cause", { value: options.cause, configurable: true })
  }

  static is(error: unknown): error is SluiceError {
    return typeof error === "object" && error !== null && MARK in error
  }

  /** The error as a plain value: all public fields, no stack, no cause. */
  toJSON(): SluiceErrorData {
    const data: SluiceErrorData = {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      scope: this.scope,
      delivered: this.delivered,
    }
    for (const field of OPTIONAL) {
      const value = this[field]
      if (value !== undefined) Object.assign(data, { [field]: value })
    }
    return data
  }

  /** The same error with some fields replaced. */
  with(fields: Partial<SluiceErrorData>): SluiceError {
    return new SluiceError({ ...this.toJSON(), ...fields }, this.cause === undefined ? {} : { cause: this.cause })
  }
}

/** What an error is made from; what is absent follows from the code. */
export type SluiceErrorInit = Pick<SluiceErrorData, "code" | "message"> & Partial<SluiceErrorData>

const OPTIONAL = ["status", "provider", "model", "requestId", "type", "param", "retryAfterMs", "quota", "hint"] as const

/** What the attempt loop does about an error: the one action of a code. */
export type ErrorAction = "adapt" | "credential" | "wait" | "route" | "surface"

/** Properties of each code. `status` is what a server answers with when the error has none of its own. */
export const CODES: Readonly<
  Record<ErrorCode, { retryable: boolean; scope: ErrorScope; action: ErrorAction; status: number }>
> = {
  auth_missing: { retryable: false, scope: "credential", action: "surface", status: 401 },
  auth_invalid: { retryable: false, scope: "credential", action: "credential", status: 401 },
  auth_expired: { retryable: false, scope: "credential", action: "credential", status: 401 },
  permission_denied: { retryable: false, scope: "credential", action: "credential", status: 403 },
  account_policy: { retryable: false, scope: "credential", action: "credential", status: 403 },
  quota_exhausted: { retryable: false, scope: "credential", action: "credential", status: 429 },
  billing: { retryable: false, scope: "credential", action: "credential", status: 402 },
  rate_limited: { retryable: true, scope: "host", action: "wait", status: 429 },
  concurrency_limited: { retryable: true, scope: "host", action: "wait", status: 429 },
  overloaded: { retryable: true, scope: "host", action: "wait", status: 529 },
  context_overflow: { retryable: false, scope: "request", action: "surface", status: 400 },
  invalid_request: { retryable: false, scope: "request", action: "surface", status: 400 },
  unsupported: { retryable: false, scope: "request", action: "surface", status: 400 },
  model_not_found: { retryable: false, scope: "model", action: "route", status: 404 },
  content_blocked: { retryable: false, scope: "request", action: "surface", status: 400 },
  timeout: { retryable: true, scope: "host", action: "wait", status: 504 },
  network: { retryable: true, scope: "host", action: "wait", status: 502 },
  stream_incomplete: { retryable: true, scope: "host", action: "wait", status: 502 },
  stream_malformed: { retryable: true, scope: "host", action: "wait", status: 502 },
  empty_response: { retryable: true, scope: "host", action: "wait", status: 502 },
  state_lost: { retryable: true, scope: "request", action: "adapt", status: 409 },
  server_error: { retryable: true, scope: "host", action: "wait", status: 500 },
  aborted: { retryable: false, scope: "local", action: "surface", status: 499 },
  config: { retryable: false, scope: "local", action: "surface", status: 500 },
}
