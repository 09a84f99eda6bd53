import type { SluiceError } from "../../model/errors.ts"

/** An allowance that is used up with the moment it comes back, and a restricted account with its name. */
export function explainFailure(error: SluiceError, at: { now: number; account?: string }): SluiceError {
  if (error.code === "account_policy" && at.account !== undefined) {
    return error.with({ hint: `The account is ${at.account}. ${error.hint ?? ""}`.trim() })
  }
  if (error.code !== "quota_exhausted") return error
  const resetAt = error.quota?.resetAt ?? (error.retryAfterMs === undefined ? undefined : at.now + error.retryAfterMs)
  if (resetAt === undefined) return error
  const when = new Date(resetAt).toISOString().replace(/\.\d+Z$/, "Z")
  return error.with({
    quota: { ...error.quota, resetAt },
    hint: `The allowance comes back at ${when}; until then use another account or model.`,
  })
}
