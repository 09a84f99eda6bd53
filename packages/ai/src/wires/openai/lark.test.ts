import { expect, test } from "vitest"
import { compactLark } from "./lark.ts"

test("a grammar loses its comments and blank lines, and nothing of its texts and expressions", () => {
  const grammar = [
    "// the beginning",
    'start: "http://x" word // a word',
    "",
    "   ",
    'word: /a\\/\\/b/ | /[^"]+/i',
    'quoted: "say \\"// no\\"" // yes',
    "  | other",
  ].join("\n")
  expect(compactLark(grammar)).toBe(
    ['start: "http://x" word', 'word: /a\\/\\/b/ | /[^"]+/i', 'quoted: "say \\"// no\\""', "  | other"].join("\n"),
  )
})
