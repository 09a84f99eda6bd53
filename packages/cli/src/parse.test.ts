import { describe, expect, test } from "vitest"
import { alias, amount, APIS, collect, durationOrOff, header, THINKING, wholeNumber } from "./parse.ts"

describe("values of options", () => {
  test("whole numbers within their range", () => {
    expect(wholeNumber(0, 65_535)("8080")).toBe(8080)
    for (const bad of ["65536", "-1", "1.5", "1e3", "", "x"])
      expect(() => wholeNumber(0, 65_535)(bad)).toThrow("0 to 65535")
    expect(() => wholeNumber(1)("0")).toThrow("at least 1")
  })

  test("amounts", () => {
    expect(amount("0.7")).toBe(0.7)
    for (const bad of ["-1", "", " ", "warm", "Infinity"]) expect(() => amount(bad)).toThrow("number")
  })

  test("times with their unit, or off", () => {
    expect(["45s", "90m", "12h", "30d", "off"].map(durationOrOff)).toEqual([
      45_000, 5_400_000, 43_200_000, 2_592_000_000, 0,
    ])
    for (const bad of ["0d", "30", "d", "1.5h", "-1d", "1w", "30 d", "", "no", "9999999d"])
      expect(() => durationOrOff(bad)).toThrow("30d, 12h, 90m or 45s, or off")
  })

  test("headers add up and keep the colons of their values", () => {
    const headers = header("Retry-After: 5", header("x-at:12:30"))
    expect([...headers]).toEqual([
      ["retry-after", "5"],
      ["x-at", "12:30"],
    ])
    for (const bad of ["novalue", ":x", "a b:c"]) expect(() => header(bad)).toThrow("name and a value")
  })

  test("aliases add up, with their models in order", () => {
    expect(alias("fast=a/b, c/d=e", alias("x=y/z"))).toEqual({ x: ["y/z"], fast: ["a/b", "c/d=e"] })
    for (const bad of ["fast", "=a/b", "fast=", "fast=a/b,", " =a"]) expect(() => alias(bad)).toThrow("fast=")
  })

  test("repeated values keep their order", () => expect(collect("b", collect("a"))).toEqual(["a", "b"]))

  test("the names that are known", () => {
    const named = [
      "openai-completions",
      "openai-responses",
      "anthropic-messages",
      "google-generative-ai",
      "azure-openai-responses",
      "azure-openai-completions",
      "openai-codex-responses",
      "bedrock-converse-stream",
      "bedrock-anthropic-messages",
      "ollama-chat",
    ]
    expect(APIS).toEqual(expect.arrayContaining(named))
    expect(APIS).not.toContain("mock")
    expect(THINKING).toEqual(["off", "minimal", "low", "medium", "high", "xhigh", "max"])
  })
})
