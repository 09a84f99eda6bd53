import type { ErrorFacts } from "../contract/error-facts.ts"
import type { ResponseHead } from "../contract/frame.ts"
import { isObject, type Obj } from "../model/json.ts"

/** Longest part of an upstream's own answer that is added to a gateway's message. */
const MAX_RAW = 2048

/**
 * What an error body says, whatever host wrote it: `{error: {message, type, code, param}}`, `{error: "text"}`,
 * `{message}`, `{detail: "text"}`, `{detail: [{loc, msg}]}`, a list with one of these, or bare text.
 */
export function readError(head: Pick<ResponseHead, "status">, body: unknown): ErrorFacts {
  return { status: head.status, ...errorFacts(body) }
}

/** The facts of an error object or of a document that holds one, without the status of the response. */
export function errorFacts(body: unknown): ErrorFacts {
  if (Array.isArray(body)) return errorFacts(body.find(isObject) ?? body[0] ?? "")
  if (typeof body === "string") return body.trim() === "" ? {} : { message: body.trim() }
  if (!isObject(body)) return {}
  if (isObject(body["error"])) return inner(body["error"], body)
  if (typeof body["error"] === "string" && body["error"] !== "") {
    return { ...inner(body, body), message: textOf(body["message"]) ?? body["error"] }
  }
  if (Array.isArray(body["error"]) && body["error"].length > 0) return errorFacts(body["error"])
  if (Array.isArray(body["errors"]) && body["errors"].length > 0) return errorFacts(body["errors"])
  return inner(body, body)
}

function inner(error: Obj, outer: Obj): ErrorFacts {
  const facts: ErrorFacts = {}
  const nested = isObject(error["error"]) ? error["error"] : undefined
  const message = messageOf(error) ?? (nested && messageOf(nested)) ?? messageOf(outer)
  const raw = rawOf(error)
  if (message !== undefined || raw !== undefined) facts.message = withRaw(message, raw)
  else if (Object.keys(outer).length > 0) facts.message = JSON.stringify(outer).slice(0, MAX_RAW)
  for (const from of [error, nested, outer]) {
    if (!from) continue
    const code = from["code"] ?? from["status"]
    const number = statusOf(code)
    if (number !== undefined) facts.status ??= number
    // What is said around an error is no code of one that has a type of its own.
    else if (typeof code === "string" && code !== "" && (from !== outer || facts.type === undefined))
      facts.code ??= code
    const type = textOf(from["type"])
    if (type !== undefined && type !== "error" && statusOf(type) === undefined) facts.type ??= type
    const param = textOf(from["param"])
    if (param !== undefined) facts.param ??= param
    const requestId = textOf(from["request_id"])
    if (requestId !== undefined) facts.requestId ??= requestId
  }
  const resetAt = isObject(error["metadata"]) ? rateLimitReset(error["metadata"]) : undefined
  const renewed = resetAt ?? secondsOf(error["resets_at"])
  const plan = textOf(error["plan_type"])
  if (renewed !== undefined || plan !== undefined) {
    facts.quota = {
      ...(plan === undefined ? {} : { bucket: plan }),
      ...(renewed === undefined ? {} : { resetAt: renewed }),
    }
  }
  return facts
}

function statusOf(code: unknown): number | undefined {
  const number = typeof code === "number" ? code : typeof code === "string" && /^\d{3}$/.test(code) ? Number(code) : 0
  return number >= 400 && number < 600 ? number : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}

function messageOf(from: Obj): string | undefined {
  return (
    textOf(from["message"]) ??
    textOf(from["Message"]) ??
    detailOf(from["message"]) ??
    detailOf(from["detail"]) ??
    textOf(from["msg"])
  )
}

/** FastAPI's detail: a text, or a list of `{loc, msg}`. */
function detailOf(detail: unknown): string | undefined {
  if (typeof detail === "string") return textOf(detail)
  if (isObject(detail)) return detailOf(detail["detail"]) ?? messageOf(detail)
  if (!Array.isArray(detail)) return undefined
  const lines = detail.map((entry) => {
    if (!isObject(entry)) return wordOf(entry)
    const where = Array.isArray(entry["loc"]) ? `${entry["loc"].map(wordOf).join(".")}: ` : ""
    return `${where}${textOf(entry["msg"]) ?? messageOf(entry) ?? JSON.stringify(entry)}`
  })
  return lines.length > 0 ? lines.join("; ") : undefined
}

/** What the host behind an aggregator answered. */
function rawOf(error: Obj): string | undefined {
  const metadata = error["metadata"]
  if (!isObject(metadata)) return undefined
  const raw = metadata["raw"]
  if (typeof raw === "string") return textOf(raw.trim())
  return isObject(raw) ? JSON.stringify(raw) : undefined
}

function withRaw(message: string | undefined, raw: string | undefined): string {
  if (raw === undefined) return message ?? ""
  const shown = raw.slice(0, MAX_RAW)
  return message === undefined ? shown : `${message}: ${shown}`
}

/** A moment in seconds since 1970, in milliseconds. */
function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" && value > 1e9 && value < 1e11 ? value * 1000 : undefined
}

/** Moment at which an aggregator's own limit is renewed. */
function rateLimitReset(metadata: Obj): number | undefined {
  const headers = metadata["headers"]
  const reset = isObject(headers) ? Number(headers["X-RateLimit-Reset"] ?? headers["x-ratelimit-reset"]) : Number.NaN
  return Number.isFinite(reset) && reset > 1e12 ? reset : undefined
}

/** A text as it is, anything else as JSON: a value's own `toString` is none of ours to call. */
function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value)
}
