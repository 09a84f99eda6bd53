import { describe, expect, test } from "vitest"
import { SluiceError, type SluiceErrorData } from "../../model/errors.ts"
import { explainLimit } from "./errors.ts"

const NOW = Date.UTC(2026, 0, 1)
const IN_MINUTES = (minutes: number): number => NOW / 1000 + minutes * 60
const error = (fields: Partial<SluiceErrorData>): SluiceError =>
  new SluiceError({ code: "quota_exhausted", message: "as the host said", ...fields })
const explained = (fields: Partial<SluiceErrorData>, headers?: Record<string, string>): SluiceError =>
  explainLimit(error(fields), { now: NOW, ...(headers ? { headers: new Headers(headers) } : {}) })

describe("a limit in words", () => {
  test("names the plan, and the minutes that are left, rounded up", () => {
    const quota = { bucket: "plus", resetAt: NOW + 61_000 }
    expect(explained({ quota }).message).toBe("You have hit your ChatGPT usage limit (plus plan). Try again in ~2 min.")
  })

  test("says only what is known", () => {
    expect(explained({}).message).toBe("You have hit your ChatGPT usage limit.")
    expect(explained({}).quota).toBeUndefined()
    expect(explained({ code: "rate_limited" }).message).toBe("ChatGPT rate limit exceeded.")
  })

  test("that is over has no negative time left", () => {
    expect(explained({ quota: { resetAt: NOW - 60_000 } }).message).toContain("Try again in ~0 min.")
  })

  test("leaves every other error as it is", () => {
    for (const code of ["server_error", "auth_invalid", "invalid_request"] as const) {
      expect(explained({ code }).message).toBe("as the host said")
    }
  })

  test("is the same when it is said twice", () => {
    const once = explained({ quota: { bucket: "pro", resetAt: NOW + 60_000 } })
    expect(explainLimit(once, { now: NOW }).toJSON()).toEqual(once.toJSON())
  })
})

describe("the moment at which it ends", () => {
  const window = (name: string, used: number, minutes: number): Record<string, string> => ({
    [`x-codex-${name}-used-percent`]: String(used),
    [`x-codex-${name}-reset-at`]: String(IN_MINUTES(minutes)),
  })
  const minutesOf = (headers: Record<string, string>): number =>
    ((explained({}, headers).quota?.resetAt ?? Number.NaN) - NOW) / 60_000

  test("is the body's before the headers'", () => {
    const given = explained({ quota: { resetAt: NOW + 5 * 60_000 } }, window("primary", 100, 30))
    expect(given.quota?.resetAt).toBe(NOW + 5 * 60_000)
  })

  test("is that of the window which is used up, and the later one where both are", () => {
    expect(minutesOf({ ...window("primary", 100, 30), ...window("secondary", 40, 600) })).toBe(30)
    expect(minutesOf({ ...window("primary", 40, 30), ...window("secondary", 100, 600) })).toBe(600)
    expect(minutesOf({ ...window("primary", 100, 30), ...window("secondary", 100, 600) })).toBe(600)
  })

  test("is the first that is told where no window is said to be used up", () => {
    expect(minutesOf({ "x-codex-secondary-reset-at": String(IN_MINUTES(9)) })).toBe(9)
    expect(minutesOf({ ...window("primary", 10, 30), ...window("secondary", 10, 600) })).toBe(30)
  })

  test("is unknown where the headers hold no moment", () => {
    expect(explained({}, { "x-codex-primary-reset-at": "soon" }).quota).toBeUndefined()
    expect(explained({}, { "x-codex-primary-reset-at": "0" }).quota).toBeUndefined()
  })
})
