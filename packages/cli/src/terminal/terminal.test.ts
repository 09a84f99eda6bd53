import { PassThrough } from "node:stream"
import { describe, expect, test } from "vitest"
import { forTerminal, styleOf } from "./style.ts"
import { table } from "./table.ts"
import { dollars, lossLines, milliseconds, usageLine } from "./usage-line.ts"

describe("colour", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true })

  test("is there on a terminal alone", () => {
    expect(styleOf(terminal, {}).red("x")).toBe("\u001b[31mx\u001b[39m")
    expect(styleOf(new PassThrough(), {}).red("x")).toBe("x")
  })

  test("is off with NO_COLOR, whatever it says, and on a dumb terminal", () => {
    for (const env of [{ NO_COLOR: "1" }, { NO_COLOR: "0" }, { TERM: "dumb" }])
      expect(styleOf(terminal, env).dim("x")).toBe("x")
    expect(styleOf(terminal, { NO_COLOR: "" }).dim("x")).not.toBe("x")
  })
})

test("a model's text cannot command the terminal", () => {
  expect(forTerminal("a\u001b]0;title\u0007b\u009b31mc\r\nd\te\rf\u0000")).toBe("a]0;titleb31mc\nd\tef")
  expect(forTerminal("grüße 👋 “x”\n")).toBe("grüße 👋 “x”\n")
})

describe("the usage line", () => {
  test("tells tokens, cache, cost and times", () => {
    const cost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0.01234 }
    const usage = {
      input: 1234,
      output: 56,
      reasoningTokens: 7,
      cacheRead: 100,
      cacheWrite: 20,
      cost,
      provenance: "reported" as const,
    }
    expect(usageLine({ usage, ttft: 230, duration: 1234 })).toBe(
      "1,234 in · 56 out (7 thinking) · cache 100 read, 20 written · $0.0123 · first token 230 ms · 1.2 s",
    )
  })

  test("does not take the unknown for nothing", () => {
    expect(usageLine({ usage: { provenance: "absent" } })).toBe("tokens not reported · cost unknown")
    expect(usageLine({ usage: { input: 3, provenance: "partial" } })).toBe("3 in · ? out so far · cost unknown")
    expect(usageLine({ usage: { input: 3, output: 4, provenance: "estimated" } })).toBe("~3 in · ~4 out · cost unknown")
  })

  test("sums and times as people read them", () => {
    expect([0, 0.00001, 0.0002, 0.5, 1, 12.345].map(dollars)).toEqual([
      "$0.00",
      "<$0.0001",
      "$0.0002",
      "$0.5000",
      "$1.00",
      "$12.35",
    ])
    expect([0.4, 999, 61_000].map(milliseconds)).toEqual(["0 ms", "999 ms", "61.0 s"])
  })
})

test("losses say what, where and why", () => {
  expect(lossLines([{ field: "options.topK", kind: "dropped", reason: "The host has no such field." }])).toEqual([
    "dropped: options.topK. The host has no such field.",
  ])
  expect(lossLines(undefined)).toEqual([])
})

test("a table has its columns under each other", () => {
  expect(
    table([
      ["A", "BB", "C"],
      ["aaa", "b", "c"],
    ]),
  ).toBe("A    BB  C\naaa  b   c\n")
})
