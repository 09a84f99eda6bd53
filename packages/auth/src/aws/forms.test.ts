import { describe, expect, test } from "vitest"
import { parseSections } from "./config-files.ts"
import { wordsOfCommand } from "./program.ts"

describe("the forms of files and command lines", () => {
  test("sections, comments, and what is indented", () => {
    const text =
      "\ufeff; c\n[ a  b ]\nKEY = v ; note\nurl=http://x/#y\nempty =\nnested =\n  inner = 1\nno equals\n[a b]\nk2=2\r\n"
    expect(Object.fromEntries(parseSections(text))).toEqual({
      "a b": { key: "v", url: "http://x/#y", empty: "", nested: "", k2: "2" },
    })
  })

  test.each([
    ["a b  c", ["a", "b", "c"]],
    [`"a b" 'c d' e\\ f`, ["a b", "c d", "e f"]],
    [`x="y z"w '' q`, ["x=y zw", "", "q"]],
    [`"a \\"b\\""`, ['a "b"']],
    ["", []],
  ])("%s", (command, words) => {
    expect(wordsOfCommand(command)).toEqual(words)
  })
})
