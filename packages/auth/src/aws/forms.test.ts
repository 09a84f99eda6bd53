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

  test("a key may be indented; what is indented below a key without a value is that key's", () => {
    const text = `[a]
  k1 = 1
  k2 = 2
    k3 = 3
s3 =
  max = 10

  # note
  deep = 1
k4 = 4
  k5 = 5
[b]
\tservices =
\t\tk1 = x
\tk2 = y
  [ c ]
  k6 = 6
`
    expect(Object.fromEntries(parseSections(text))).toEqual({
      a: { k1: "1", k2: "2", k3: "3", s3: "", k4: "4", k5: "5" },
      b: { services: "", k2: "y" },
      c: { k6: "6" },
    })
  })

  test.each([
    ["a b  c", ["a", "b", "c"]],
    [`"a b" 'c d' e\\ f`, ["a b", "c d", "e f"]],
    [`x="y z"w '' q`, ["x=y zw", "", "q"]],
    [`"a \\"b\\""`, ['a "b"']],
    ["", []],
    ["  a\t'b\nc'  ", ["a", "b\nc"]],
    [`é\\ 😀 x\\😀`, ["é 😀", "x😀"]],
    [`a "b`, undefined],
    [`a 'b`, undefined],
    [`a 'it's'`, undefined],
    ["a \\", undefined],
  ])("%s", (command, words) => {
    expect(wordsOfCommand(command, "linux")).toEqual(words)
  })

  test.each([
    [String.raw`C:\tools\keys.exe --name two`, [String.raw`C:\tools\keys.exe`, "--name", "two"]],
    [String.raw`"C:\Program Files\keys.exe" 'a b'`, [String.raw`C:\Program Files\keys.exe`, "'a", "b'"]],
    [String.raw`a "b\"c" "d\\" e\\f \\\"g`, ["a", 'b"c', "d\\", "e\\\\f", '\\"g']],
    [`a "" b`, ["a", "", "b"]],
    [`a x"y z"w`, ["a", "xy zw"]],
    ["  ", []],
    [`a "b`, undefined],
    [String.raw`a "b\"`, undefined],
  ])("%s on Windows", (command, words) => {
    expect(wordsOfCommand(command, "win32")).toEqual(words)
  })
})
