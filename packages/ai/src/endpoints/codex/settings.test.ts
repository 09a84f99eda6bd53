import { describe, expect, test } from "vitest"
import { codexSettings, DEFAULT_SETTINGS, wantsDebug } from "./settings.ts"

const env =
  (values: Record<string, string>) =>
  (name: string): string | undefined =>
    values[name]

/** A setting as one variable makes it. */
function read(name: string, text: string): Record<string, unknown> {
  return { ...codexSettings(env({ [name]: text })) }
}

test("without an environment all is by default", () => {
  expect(codexSettings(env({}))).toEqual({})
  expect(wantsDebug(env({}))).toBe(false)
  expect(DEFAULT_SETTINGS).toEqual({
    websocket: true,
    firstEventTimeoutMs: 300_000,
    idleTimeoutMs: 300_000,
    retryBudget: 5,
    retryDelayMs: 500,
    responsesLite: false,
    originator: "sluice",
  })
})

describe("what is a number", () => {
  const NUMBERS = [
    ["SLUICE_CODEX_WEBSOCKET_FIRST_EVENT_TIMEOUT_MS", "firstEventTimeoutMs"],
    ["SLUICE_CODEX_WEBSOCKET_IDLE_TIMEOUT_MS", "idleTimeoutMs"],
    ["SLUICE_CODEX_WEBSOCKET_RETRY_BUDGET", "retryBudget"],
    ["SLUICE_CODEX_WEBSOCKET_RETRY_DELAY_MS", "retryDelayMs"],
  ] as const

  test.each(NUMBERS)("%s sets %s, and 0 counts", (name, field) => {
    expect(read(name, "250")).toEqual({ [field]: 250 })
    expect(read(name, " 250 ")).toEqual({ [field]: 250 })
    expect(read(name, "0")).toEqual({ [field]: 0 })
    for (const text of ["", " ", "-1", "ten", "10ms", "Infinity", "NaN"]) expect(read(name, text)).toEqual({})
  })
})

describe("what is on or off", () => {
  test.each([
    ["SLUICE_CODEX_WEBSOCKET", "websocket"],
    ["SLUICE_CODEX_RESPONSES_LITE", "responsesLite"],
  ])("%s sets %s", (name, field) => {
    for (const text of ["1", "true", "on", "yes", " TRUE "]) expect(read(name, text)).toEqual({ [field]: true })
    for (const text of ["0", "false", "off", "no", "Off"]) expect(read(name, text)).toEqual({ [field]: false })
    for (const text of ["", "2", "perhaps"]) expect(read(name, text)).toEqual({})
  })

  test("a record of each request is wanted only where that is said", () => {
    expect(["1", "0", "", "perhaps"].map((text) => wantsDebug(env({ SLUICE_CODEX_DEBUG: text })))).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

test("SLUICE_CODEX_ORIGINATOR names the originator, unless it is empty", () => {
  expect(read("SLUICE_CODEX_ORIGINATOR", " mine ")).toEqual({ originator: "mine" })
  expect(read("SLUICE_CODEX_ORIGINATOR", "  ")).toEqual({})
})
