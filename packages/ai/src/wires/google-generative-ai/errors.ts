import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { ResponseHead } from "../../contract/frame.ts"
import type { ErrorCode } from "../../model/errors.ts"
import { errorFacts as commonFacts } from "../host-errors.ts"
import { isObject, type Obj } from "./types.ts"

/** What a detail of the type `ErrorInfo` names as the reason, where the status alone says something else. */
const REASONS: Readonly<Record<string, ErrorCode>> = {
  API_KEY_INVALID: "auth_invalid",
  API_KEY_EXPIRED: "auth_expired",
  ACCESS_TOKEN_EXPIRED: "auth_expired",
  ACCESS_TOKEN_TYPE_UNSUPPORTED: "auth_invalid",
  BILLING_DISABLED: "billing",
  QUOTA_EXHAUSTED: "quota_exhausted",
  RATE_LIMIT_EXCEEDED: "rate_limited",
  MODEL_CAPACITY_EXHAUSTED: "overloaded",
  VALIDATION_REQUIRED: "account_policy",
}

/** Status words whose meaning the classifier would not get from the number that stands beside them. */
const STATUSES: Readonly<Record<string, ErrorCode>> = {
  // Two calls got in each other's way: nobody ended this one.
  ABORTED: "server_error",
  CANCELLED: "server_error",
  DEADLINE_EXCEEDED: "timeout",
  UNAVAILABLE: "overloaded",
}

/** Numbers of the status words, for errors that bring none. */
const NUMBERS: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

/** Words of a limit that is renewed within the minute, and of one that is not. */
const SHORT_LIMIT = /per_?(?:minute|second)/i
const LONG_LIMIT = /per_?(?:day|month)|(?:daily|monthly)/i

/**
 * What an error body says: Google's `{error: {code, message, status, details}}`, also within a list, as a stream of
 * JSON has it.
 * @see https://google.aip.dev/193
 */
export function readError(head: Pick<ResponseHead, "status">, body: unknown): ErrorFacts {
  return { ...errorFacts(body), status: head.status }
}

/** The facts of a document that holds an error. */
export function errorFacts(body: unknown): ErrorFacts {
  if (Array.isArray(body)) return errorFacts(body.find(isObject) ?? body[0] ?? "")
  const error = isObject(body) ? body["error"] : undefined
  if (!isObject(error)) return commonFacts(body)
  const facts: ErrorFacts = {}
  const { message, status, code } = error
  const details = Array.isArray(error["details"]) ? error["details"].filter(isObject) : []
  const word = typeof status === "string" && status !== "" ? status : undefined
  const number = statusIn(code) ?? numberOf(word)
  if (number !== undefined) facts.status = number
  if (word !== undefined) facts.code = word
  facts.message = textOf(message) ?? commonFacts(body).message ?? ""
  for (const detail of details) readDetail(detail, facts)
  if (facts.is === undefined && word !== undefined && Object.hasOwn(STATUSES, word))
    facts.is = STATUSES[word] as ErrorCode
  return facts
}

function readDetail(detail: Obj, facts: ErrorFacts): void {
  const type = textOf(detail["@type"])?.split(".").at(-1)
  switch (type) {
    case "ErrorInfo": {
      const reason = textOf(detail["reason"])
      if (reason === undefined) return
      facts.type = reason
      const page = isObject(detail["metadata"]) ? textOf(detail["metadata"]["validation_url"]) : undefined
      if (page?.startsWith("https://")) facts.help = page
      if (Object.hasOwn(REASONS, reason)) facts.is = REASONS[reason] as ErrorCode
      return
    }
    case "QuotaFailure":
      readQuota(detail["violations"], facts)
      return
    case "BadRequest": {
      const [violation] = Array.isArray(detail["fieldViolations"]) ? detail["fieldViolations"].filter(isObject) : []
      const field = textOf(violation?.["field"])
      if (field !== undefined) facts.param ??= field
      return
    }
    case "RequestInfo": {
      const id = textOf(detail["requestId"])
      if (id !== undefined) facts.requestId = id
      return
    }
    case "RetryInfo": {
      const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textOf(detail["retryDelay"]) ?? "")?.[1]
      if (seconds !== undefined) facts.retryAfterMs = Math.ceil(Number(seconds) * 1000)
      return
    }
    default:
      return
  }
}

/** A status as a number, or, by hosts that only speak like Google's, as a text. */
function statusIn(code: unknown): number | undefined {
  const status = typeof code === "string" ? Number(code) : code
  return typeof status === "number" && status >= 400 && status < 600 ? status : undefined
}

function numberOf(word: string | undefined): number | undefined {
  return word !== undefined && Object.hasOwn(NUMBERS, word) ? NUMBERS[word] : undefined
}

/** The message is the same for a limit per minute and for one per day; only the name of the limit tells them apart. */
function readQuota(violations: unknown, facts: ErrorFacts): void {
  if (!Array.isArray(violations)) return
  const names = violations
    .filter(isObject)
    .flatMap((one) => textOf(one["quotaId"]) ?? textOf(one["quotaMetric"]) ?? textOf(one["subject"]) ?? [])
  const long = names.find((name) => LONG_LIMIT.test(name))
  const bucket = long ?? names[0]
  if (bucket === undefined) return
  facts.quota = { bucket }
  if (long !== undefined) facts.is = "quota_exhausted"
  else if (names.every((name) => SHORT_LIMIT.test(name))) facts.is = "rate_limited"
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}
