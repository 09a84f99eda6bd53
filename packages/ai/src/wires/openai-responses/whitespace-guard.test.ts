import { describe, expect, test } from "vitest"
import { WHITESPACE_LOOP, WhitespaceGuard } from "./whitespace-guard.ts"

/** After how many of the same pieces the guard speaks; `undefined` where it has not after so many. */
function spokenAfter(
  guard: WhitespaceGuard,
  delta: string,
  most = 400,
  fields: object = { item_id: "a" },
): number | undefined {
  for (let n = 1; n <= most; n++) if (guard.piece({ delta, ...fields })) return n
  return undefined
}

describe("white space in arguments", () => {
  test("is endless from 256 pieces on", () => {
    expect(spokenAfter(new WhitespaceGuard(), "\n")).toBe(256)
    expect(spokenAfter(new WhitespaceGuard(), " \t\r\n", 300, { output_index: 3 })).toBe(256)
    expect(spokenAfter(new WhitespaceGuard(), "\n", 300, {})).toBe(256)
  })

  test("is endless from 16384 characters on", () => {
    expect(spokenAfter(new WhitespaceGuard(), " ".repeat(4096))).toBe(4)
    expect(spokenAfter(new WhitespaceGuard(), " ".repeat(16_384))).toBe(1)
    expect(spokenAfter(new WhitespaceGuard(), " ".repeat(16_383), 1)).toBeUndefined()
  })

  test("is a failure that nothing but the adaptation for it repeats", () => {
    const facts = new WhitespaceGuard().piece({ delta: " ".repeat(20_000) })
    expect(facts).toMatchObject({ is: "stream_malformed", code: WHITESPACE_LOOP, inStream: true, shouldRetry: false })
  })

  test.each([
    ["a piece of anything else", (guard: WhitespaceGuard) => guard.piece({ delta: " x", item_id: "a" })],
    ["a piece of another item", (guard: WhitespaceGuard) => guard.piece({ delta: "x", item_id: "b" })],
    ["an event that brings the answer forward", (guard: WhitespaceGuard) => guard.reset()],
  ])("begins anew after %s", (_name, between) => {
    const guard = new WhitespaceGuard()
    expect(spokenAfter(guard, "\n", 255)).toBeUndefined()
    between(guard)
    expect(spokenAfter(guard, "\n", 300)).toBe(256)
  })

  test("of another item is counted from its own first piece on", () => {
    const guard = new WhitespaceGuard()
    expect(spokenAfter(guard, "\n", 200, { item_id: "a" })).toBeUndefined()
    expect(spokenAfter(guard, "\n", 300, { item_id: "b" })).toBe(256)
  })

  test("does not include other blanks, which are text", () => {
    expect(spokenAfter(new WhitespaceGuard(), "\u00a0")).toBeUndefined()
    expect(spokenAfter(new WhitespaceGuard(), "\u3000")).toBeUndefined()
  })

  test("nor pieces of nothing, which neither count nor begin anew", () => {
    const guard = new WhitespaceGuard()
    expect(spokenAfter(guard, "")).toBeUndefined()
    expect(spokenAfter(guard, "\n", 200)).toBeUndefined()
    guard.piece({ delta: "", item_id: "b" })
    guard.piece({ item_id: "b" })
    expect(spokenAfter(guard, "\n", 100)).toBe(56)
  })
})
