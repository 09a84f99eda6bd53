import type { HeadersView } from "../../contract/header-list.ts"
import type { SluiceError } from "../../model/errors.ts"

const MINUTE_MS = 60_000

/** Limits of a plan in words for a person, with the moment at which they end. */
export function explainLimit(error: SluiceError, at: { headers?: HeadersView; now: number }): SluiceError {
  const plan = error.code === "quota_exhausted"
  if (!plan && error.code !== "rate_limited") return error
  const resetAt = error.quota?.resetAt ?? resetOf(at.headers)
  const bucket = error.quota?.bucket
  const what = plan
    ? `You have hit your ChatGPT usage limit${bucket === undefined ? "" : ` (${bucket} plan)`}.`
    : "ChatGPT rate limit exceeded."
  const left = resetAt === undefined ? undefined : Math.max(0, Math.ceil((resetAt - at.now) / MINUTE_MS))
  const when = left === undefined ? "" : ` Try again in ~${left} min.`
  const quota = { ...error.quota, ...(resetAt === undefined ? {} : { resetAt }) }
  return error.with({ message: what + when, ...(Object.keys(quota).length > 0 ? { quota } : {}) })
}

/** When all windows that are used up have ended; where none is said to be, when the first of them ends. */
function resetOf(headers: HeadersView | undefined): number | undefined {
  const windows = ["primary", "secondary"].flatMap((window) => {
    const read = (field: string): number => Number(headers?.get(`x-codex-${window}-${field}`) ?? Number.NaN)
    const seconds = read("reset-at")
    return Number.isFinite(seconds) && seconds > 0 ? [{ at: seconds * 1000, full: read("used-percent") >= 100 }] : []
  })
  const full = windows.filter((window) => window.full)
  return full.length > 0 ? Math.max(...full.map(({ at }) => at)) : windows[0]?.at
}
