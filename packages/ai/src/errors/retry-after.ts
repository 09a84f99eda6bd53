import type { HeadersView } from "../contract/header-list.ts"

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Seconds since 1970 in January 2001: a larger number of seconds is a moment, a smaller one a span. */
const EPOCH_SECONDS = 978_307_200

/** Milliseconds of a span such as `1h2m3.5s`, `34s`, `250ms`, `2 days`; `undefined` where it is none. */
export function parseSpan(text: string): number | undefined {
  let total = 0
  let found = false
  for (const match of text.matchAll(
    /(\d+(?:\.\d+)?)\s*(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])\s*/gi,
  )) {
    const word = (match[2] as string).toLowerCase()
    const unit = word.startsWith("ms") || word.startsWith("milli") ? "ms" : (word[0] as string)
    total += Number(match[1]) * (UNIT_MS[unit] as number)
    found = true
  }
  return found ? total : undefined
}

function positive(ms: number): number | undefined {
  return Number.isFinite(ms) && ms >= 0 ? Math.ceil(ms) : undefined
}

/** A number that is a span or a moment since 1970, in units of `unitMs`. */
function spanOrMoment(value: string, unitMs: number, now: number): number | undefined {
  const number = Number(value)
  if (value.trim() === "" || Number.isNaN(number)) {
    const span = parseSpan(value)
    if (span !== undefined) return span
    const date = Date.parse(value)
    return Number.isNaN(date) ? undefined : positive(Math.max(0, date - now))
  }
  const ms = number * unitMs
  return positive(ms > EPOCH_SECONDS * 1000 ? Math.max(0, ms - now) : ms)
}

const TEXT_FORMS: readonly RegExp[] = [
  /"retryDelay"\s*:\s*"([^"]+)"/i,
  /reset(?:s|ting)?\s+(?:after|in)\s+~?((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+)/i,
  /(?:retry|try again)\s+(?:after|in)\s+~?((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+)/i,
]

/**
 * How long the host asks to wait, in milliseconds: the longest of what its headers and its message say.
 *
 * `retry-after-ms`; `retry-after` in seconds or as a date; for a 429 also `x-ratelimit-reset-ms`,
 * `x-ratelimit-reset` and `x-ratelimit-reset-after`, as a span or a moment; in the text "reset after 1h2m3s",
 * "try again in ~2 days", `"retryDelay": "34s"`.
 */
export function retryHint(
  headers: HeadersView | undefined,
  text: string | undefined,
  status: number | undefined,
  now: number,
): number | undefined {
  const found: number[] = []
  const add = (value: number | undefined): void => {
    if (value !== undefined) found.push(value)
  }
  const header = (name: string, unitMs: number): void => {
    const value = headers?.get(name)
    if (value) add(spanOrMoment(value, unitMs, now))
  }
  header("retry-after-ms", 1)
  header("retry-after", 1000)
  if (status === 429) {
    header("x-ratelimit-reset-ms", 1)
    header("x-ratelimit-reset", 1000)
    header("x-ratelimit-reset-after", 1000)
  }
  if (text) {
    for (const form of TEXT_FORMS) {
      const match = form.exec(text)
      if (match) add(parseSpan(match[1] as string))
    }
  }
  return found.length > 0 ? Math.max(...found) : undefined
}
