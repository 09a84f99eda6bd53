import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readLenientJson } from "./lenient-json.ts"
import { repairArguments } from "./repair-arguments.ts"

describe("arguments that are nearly JSON", () => {
  test.each([
    ['{"a":1}', { a: 1 }, []],
    ['{"a":"x\ny"}', { a: "x\ny" }, ["control-character"]],
    [String.raw`{"a":"\d\.\u12 \'q\'"}`, { a: "\\d\\.\\u12 'q'" }, ["escape"]],
    ["{'a': 'say \"hi\"'}", { a: 'say "hi"' }, ["quotes"]],
    ["{a: 1, $b-c: 2}", { a: 1, "$b-c": 2 }, ["bare-key"]],
    ['{"a":[1,2,],}', { a: [1, 2] }, ["trailing-comma"]],
    ['{/* x */"a":1, // y }\n"b":2 # z\n}', { a: 1, b: 2 }, ["comment"]],
    ['{"a":True,"b":False,"c":None}', { a: true, b: false, c: null }, ["literal"]],
    ['{"a":{"b":1}}}]', { a: { b: 1 } }, ["bracket"]],
    ['{"a":[1]]}', { a: [1] }, ["bracket"]],
    ['Here it is: {"a":1}. Done!', { a: 1 }, ["surroundings"]],
    ['```json\n{"a":1}\n```', { a: 1 }, ["surroundings"]],
    ['<tool_call>{"a":1}</tool_call>', { a: 1 }, ["surroundings"]],
    [JSON.stringify(JSON.stringify('{"a":1}')), { a: 1 }, ["encoded-twice"]],
    ['{"__proto__":{"x":1},}', JSON.parse('{"__proto__":{"x":1}}'), ["trailing-comma"]],
  ])("%s", (text, value, repairs) => {
    const repaired = repairArguments(text)
    expect(JSON.stringify(repaired?.value)).toBe(JSON.stringify(value))
    expect(repaired?.repairs).toEqual(repairs)
    expect(Object.getPrototypeOf(repaired?.value)).toBe(Object.prototype)
  })

  test.each([
    "",
    "nothing here",
    "[1]",
    '{"a":1} {"b":2}',
    '{"a":1}, "b":2}',
    '{"a":1} "b"',
    '"a", {"b":1}',
    '"a": {"b":1}}',
    '{"a":"say "hi" now"}',
    "{'a': 'it's'}",
    '{"a":1 "b":2}',
    '{"a":yes}',
    '{"a":01}',
    '{"a":0x1f}',
    '{"a":}',
    '{"a":1,,"b":2}',
    '{"a":[1,2}',
    '{"a":1]',
    `${'{"a":'.repeat(300)}1${"}".repeat(300)},`,
  ])("%s is not guessed at", (text) => {
    expect(repairArguments(text)).toBeUndefined()
  })

  test.each([
    ["[1,2", [1, 2]],
    ['[{"a":1]', [{ a: 1 }]],
    ['{"a":[1,2}', { a: [1, 2] }],
    ["[1,2}", [1, 2]],
  ])("one bracket at the end of %s is put right where the text is known to be whole", (text, value) => {
    expect(readLenientJson(text)).toBeUndefined()
    expect(readLenientJson(text, { brackets: true })).toEqual({ value, repairs: ["bracket"] })
  })

  test.each(["[", "[1,", '{"a":', "[[1,2", '{"a":[1}}', '{"a":[1},"b":2222222}'])(
    "%s lacks more than a bracket at the end",
    (text) => {
      const read = readLenientJson(text, { brackets: true })
      expect(read === undefined || JSON.stringify(read.value) === '{"a":[1]}').toBe(true)
    },
  )

  const spelling = fc.array(fc.nat(3), { minLength: 50, maxLength: 50 })

  test("an object in the spelling of a model is read, and no beginning of it is", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spelling, fc.nat(), (value, numbers, place) => {
        let at = 0
        const odds = () => numbers[at++ % numbers.length] === 0
        const plain = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
        const text = spelt(plain, odds)
        expect(JSON.stringify(repairArguments(text)?.value)).toBe(JSON.stringify(plain))
        const cut = text.slice(0, place % text.length)
        expect(repairArguments(cut)).toBeUndefined()
        const partial = repairArguments(cut, { partial: true })
        if (cut.trim() !== "") expect(partial?.repairs).toContain("truncated")
        // Members that came whole are the ones of the whole.
        for (const [name, inner] of Object.entries(partial?.value ?? {}).slice(0, -1))
          expect(inner).toEqual(plain[name])
      }),
      { numRuns: 1000 },
    )
  })

  test("whatever the text, nothing is thrown", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      ":",
      ",",
      "\\",
      "\\u",
      "a",
      "1",
      "-",
      ".",
      "e",
      "/*",
      "//",
      "#",
      "\n",
      " ",
      "True",
      "null",
      "é",
      "\u0000",
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.boolean(), fc.boolean(), (parts, partial, brackets) => {
        const text = parts.join("")
        const read = readLenientJson(text, { partial, brackets })
        // What JSON.parse reads is read the same.
        try {
          const strict: unknown = JSON.parse(text)
          if (typeof strict === "object" && strict !== null) expect(read).toEqual({ value: strict, repairs: [] })
        } catch {
          if (read) expect(read.repairs.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 5000 },
    )
  })
})

/** JSON in a spelling that a model may choose. */
function spelt(value: unknown, often: () => boolean): string {
  const space = (): string => (often() ? " /* note */ " : often() ? "\n" : "")
  const list = (parts: string[]): string =>
    parts.join(`${space()},${space()}`) + (parts.length > 0 && often() ? "," : "")
  if (typeof value === "string") {
    if (!often()) return JSON.stringify(value)
    const inner = JSON.stringify(value)
      .slice(1, -1)
      .replaceAll(String.raw`\"`, '"')
      .replaceAll("'", String.raw`\'`)
    return `'${inner.replaceAll(String.raw`\n`, (escape, at: number) => (inner[at - 1] === "\\" ? escape : "\n"))}'`
  }
  if (value === true || value === false || value === null) {
    return often() ? (value === null ? "None" : value ? "True" : "False") : JSON.stringify(value)
  }
  if (typeof value !== "object") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${list(value.map((item) => spelt(item, often)))}]`
  const members = Object.entries(value).map(([name, inner]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) && often() ? name : spelt(name, often)
    return `${key}${space()}:${space()}${spelt(inner, often)}`
  })
  return `{${list(members)}${space()}}`
}
