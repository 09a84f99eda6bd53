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

/** When the window that is used up ends: the shorter one first. */
function resetOf(headers: HeadersView | undefined): number | undefined {
  for (const window of ["primary", "secondary"]) {
    const seconds = Number(headers?.get(`x-codex-${window}-reset-at`) ?? Number.NaN)
    if (Number.isFinite(seconds) && seconds > 0) return seconds * 1000
  }
  return undefined
}
