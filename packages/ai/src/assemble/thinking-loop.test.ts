import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { AssistantMessage, Block } from "../model/message.ts"
import { DEFAULT_THINKING_LOOP, repeatedAtEnd, ThinkingLoopGuard } from "./thinking-loop.ts"

const PASSAGE = "Wait, let me look at the file once more before I change it. "
const message = (...content: Block[]): AssistantMessage => ({
  role: "assistant",
  content,
  api: "a",
  provider: "p",
  model: "m",
  usage: { provenance: "absent" },
  stopReason: "stop",
  timestamp: 0,
})

/** Numbered sentences: alike, and no two the same. */
const counted = (n: number): string =>
  Array.from({ length: n }, (_, i) => `Step ${i}: look at line ${i * 7}. `).join("")

describe("a passage that is repeated", () => {
  test("is found in its shortest form, wherever the text breaks off", () => {
    for (const cut of [0, 1, 30]) {
      const text = counted(200) + PASSAGE.repeat(200)
      expect(repeatedAtEnd(text.slice(0, text.length - cut), DEFAULT_THINKING_LOOP)).toBe(PASSAGE.length)
    }
    expect(repeatedAtEnd("ha".repeat(5000), DEFAULT_THINKING_LOOP)).toBe(2)
  })

  test("needs both the repetitions and the length", () => {
    const long = counted(60)
    expect(long.length * 7).toBeGreaterThan(DEFAULT_THINKING_LOOP.characters)
    expect(repeatedAtEnd(long.repeat(7), DEFAULT_THINKING_LOOP)).toBeUndefined()
    expect(repeatedAtEnd(long.repeat(8), DEFAULT_THINKING_LOOP)).toBe(long.length)
    expect(repeatedAtEnd("-".repeat(8191), DEFAULT_THINKING_LOOP)).toBeUndefined()
    expect(repeatedAtEnd("-".repeat(8192), DEFAULT_THINKING_LOOP)).toBe(1)
  })

  test("is none where it differs by one letter, or has ended", () => {
    expect(repeatedAtEnd(counted(20_000), DEFAULT_THINKING_LOOP)).toBeUndefined()
    expect(
      repeatedAtEnd(`${PASSAGE.repeat(400)}I see it now: the sign is wrong.`, DEFAULT_THINKING_LOOP),
    ).toBeUndefined()
    const broken = `${PASSAGE.repeat(7)}x`
    expect(repeatedAtEnd(broken + PASSAGE.repeat(7), { repeats: 8, characters: 8 })).toBeUndefined()
  })

  test("is found exactly where a slow search finds it", () => {
    const slow = (text: string, repeats: number, characters: number): number | undefined => {
      for (let period = 1; period * repeats <= text.length; period++) {
        const over = Math.max(characters, period * repeats)
        if (over > text.length) break
        const end = text.slice(-over)
        if (end.slice(period) === end.slice(0, -period)) return period
      }
      return undefined
    }
    const text = fc
      .tuple(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 60 }), fc.integer({ min: 1, max: 8 }), fc.nat(5))
      .map(([part, times, cut]) => "b" + part.repeat(times).slice(cut))
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 60 }), (end, repeats, characters) => {
        const found = repeatedAtEnd(end, { repeats, characters })
        expect(found === undefined).toBe(slow(end, repeats, characters) === undefined)
        if (found !== undefined) {
          const over = end.slice(-Math.max(characters, repeats * found))
          expect(over.slice(found)).toBe(over.slice(0, -found))
        }
      }),
    )
  })
})

describe("the guard", () => {
  test("finds a loop behind long thinking before a third has been added to it", () => {
    const block = { type: "thinking" as const, thinking: "" }
    const guard = new ThinkingLoopGuard()
    const all = message(block)
    const plain = counted(20_000)
    for (let at = 0; at < plain.length; at += 512) {
      block.thinking = plain.slice(0, at)
      guard.check(all)
    }
    const before = block.thinking.length
    let failure: unknown
    while (!failure && block.thinking.length < 2 * before) {
      block.thinking += PASSAGE
      try {
        guard.check(all)
      } catch (error) {
        failure = error
      }
    }
    expect(failure).toMatchObject({ code: "empty_response", type: "thinking_loop", retryable: true })
    expect(block.thinking.length - before).toBeLessThan(before / 3)
  })

  test("cuts the loop off, keeps what stood before it, and passes over text", () => {
    const text = { type: "text" as const, text: PASSAGE.repeat(300) }
    const guard = new ThinkingLoopGuard({ repeats: 3, characters: 100 })
    const all = message(text)
    guard.check(all)
    all.content.push({ type: "thinking", thinking: PASSAGE.repeat(3) })
    expect(() => guard.check(all)).toThrow(expect.objectContaining({ type: "thinking_loop" }))
    guard.cut(all)
    expect(all.content).toEqual([text])
  })
})
