import { describe, expect, test } from "vitest"
import { parseSpan, retryHint } from "./retry-after.ts"

const NOW = Date.UTC(2026, 0, 1)
const hint = (headers: Record<string, string>, text = "", status = 429): number | undefined =>
  retryHint(new Headers(headers), text, status, NOW)

describe("how long the host asks to wait", () => {
  test.each([
    [{ "retry-after-ms": "1500" }, 1500],
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "406080" }, 406_080_000],
    [{ "retry-after": new Date(NOW + 90_000).toUTCString() }, 90_000],
    [{ "retry-after": new Date(NOW - 90_000).toUTCString() }, 0],
    [{ "x-ratelimit-reset-ms": "250" }, 250],
    [{ "x-ratelimit-reset-ms": String(NOW + 4000) }, 4000],
    [{ "x-ratelimit-reset": String(NOW / 1000 + 30) }, 30_000],
    [{ "x-ratelimit-reset": "12" }, 12_000],
    [{ "x-ratelimit-reset-after": "3" }, 3000],
    [{ "retry-after": "2", "x-ratelimit-reset": "9" }, 9000],
  ])("%j", (headers, expected) => expect(hint(headers as unknown as Record<string, string>)).toBe(expected))

  test.each([
    ["Your quota will reset after 1h2m3s.", 3_723_000],
    ["Please retry in 34.5s", 34_500],
    ["Please retry in 250ms", 250],
    [`{"retryDelay":"34s"}`, 34_000],
    ["try again in ~2 days", 172_800_000],
    ["Limit resets in 15 minutes", 900_000],
    ["the model said nothing of the kind", undefined],
  ])("%s", (text, expected) => expect(hint({}, text)).toBe(expected))

  test("the reset of a window says nothing about a broken server", () => {
    expect(hint({ "x-ratelimit-reset": "600" }, "", 500)).toBeUndefined()
  })

  test("a span is added up", () => expect(parseSpan("1d 2 hours 3min")).toBe(93_780_000))
})
