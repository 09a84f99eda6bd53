import fc from "fast-check"
import { parse as partialParse } from "partial-json"
import { describe, expect, test } from "vitest"
import { JsonArguments, parseArguments } from "./json-arguments.ts"

function feed(text: string, size: number): JsonArguments {
  const json = new JsonArguments()
  for (let i = 0; i < text.length; i += size) json.push(text.slice(i, i + size))
  return json
}

const object = fc.dictionary(fc.string(), fc.jsonValue())

describe("tool arguments as they stream", () => {
  test("a whole object is read as JSON.parse reads it, in pieces of any size", () => {
    fc.assert(
      fc.property(object, fc.integer({ min: 1, max: 9 }), fc.boolean(), (value, size, pretty) => {
        const text = pretty ? JSON.stringify(value, null, 2) : JSON.stringify(value)
        expect(JSON.stringify(feed(text, size).value)).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { numRuns: 1000 },
    )
  })

  test("escapes are read however they are cut", () => {
    const text = String.raw`{"a":"\u00e9\ud834\udd1e\n\"\\\/","b":[true,null,-1.5e3]}`
    for (let size = 1; size < 12; size++) expect(feed(text, size).value).toEqual(JSON.parse(text))
  })

  test("at any moment the reading agrees with another reader on what is complete", () => {
    fc.assert(
      fc.property(object, fc.nat(), (value, place) => {
        // The other reader loses a key of this name.
        fc.pre(!JSON.stringify(value).includes("__proto__"))
        const text = JSON.stringify(value)
        const cut = 1 + (place % text.length)
        const json = feed(text.slice(0, cut), 3)
        const theirs = partialParse(text.slice(0, cut)) as Record<string, unknown>
        for (const key of Object.keys(json.value).slice(0, -1)) {
          if (Object.hasOwn(theirs, key)) expect(JSON.stringify(json.value[key])).toBe(JSON.stringify(theirs[key]))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test("strings grow as they arrive, numbers show once they are complete", () => {
    const json = new JsonArguments()
    json.push(`{"path":"/tmp/a`)
    expect(json.value).toEqual({ path: "/tmp/a" })
    json.push(`.txt","size":12`)
    expect(json.value).toEqual({ path: "/tmp/a.txt" })
    json.push("3}")
    expect(json.value).toEqual({ path: "/tmp/a.txt", size: 123 })
  })

  test("a key called __proto__ is a key like any other", () => {
    const json = feed(`{"__proto__":{"x":1},"a":2}`, 4)
    expect(Object.keys(json.value)).toEqual(["__proto__", "a"])
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined()
  })

  test.each(["[1]", "nonsense", `{"a":}`, `{"a":1]`, `{a:1}`, `"text"`])(
    "%s is no object: the text is kept",
    (text) => {
      const json = feed(text, 2)
      expect(json.text).toBe(text)
      expect(parseArguments(text)).toEqual({ ok: false, text })
    },
  )

  test.each([
    ["raw control characters", '{"a":"x\n\ty","b\u0001":1}', { a: "x\n\ty", "b\u0001": 1 }],
    [
      "backslashes that begin no escape",
      String.raw`{"a":"\d+\.\w C:\dir \'x\' \u12"}`,
      { a: "\\d+\\.\\w C:\\dir 'x' \\u12" },
    ],
    ["no digits behind an escape", String.raw`{"a":"\u","b":"\u00zz"}`, { a: "\\u", b: "\\u00zz" }],
    ["commas before a closing bracket", '{"a":[1,2,],"b":{"c":1,},}', { a: [1, 2], b: { c: 1 } }],
  ])("%s are read over, in pieces of any size", (_name, text, value) => {
    expect(() => JSON.parse(text) as unknown).toThrow()
    expect(parseArguments(text)).toEqual({ ok: true, value })
    for (let size = 1; size <= text.length; size++) {
      const json = feed(text, size)
      expect({ value: json.value, complete: json.complete }).toEqual({ value, complete: true })
    }
  })

  test.each([
    '{"a":1,,}',
    '{,"a":1}',
    '{"a":[,]}',
    '{"a":0x1f}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":Infinity}',
    '{"a":"x" "b":1}',
    '{"a":1}}',
    '{"a":1}{"a":1}',
    "{'a':1}",
    '{"a":True}',
    '{"a":"x\n',
    String.raw`{"a":"C:\"}`,
  ])("%s is not guessed at", (text) => {
    expect(parseArguments(text)).toEqual({ ok: false, text })
    expect(feed(text, 3).complete).toBe(false)
  })

  test("what models get wrong is read the same however it is cut, and a cut text is never whole", () => {
    fc.assert(
      fc.property(object, fc.array(fc.nat(), { maxLength: 8 }), fc.infiniteStream(fc.nat(6)), (value, cuts, odds) => {
        const text = misspelt(value, odds)
        const whole = parseArguments(text)
        expect(whole).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) as unknown })
        const places = [...new Set(cuts.map((cut) => cut % text.length))].toSorted((a, b) => a - b)
        const json = new JsonArguments()
        for (const [i, from] of [0, ...places].entries()) json.push(text.slice(from, places[i] ?? text.length))
        expect(JSON.stringify(json.value)).toBe(JSON.stringify(value))
        expect(json.complete).toBe(true)
        for (const place of places) expect(parseArguments(text.slice(0, place)).ok).toBe(place === 0)
      }),
      { numRuns: 1000 },
    )
  })

  test("nothing at all means no arguments", () => {
    expect(parseArguments("  \n")).toEqual({ ok: true, value: {} })
  })
})

/** JSON with raw control characters instead of escapes, backslashes that are not doubled, and needless commas. */
function misspelt(value: unknown, odds: Iterator<number>): string {
  const often = (): boolean => Number(odds.next().value) < 3
  const comma = (list: readonly string[]): string => list.join(",") + (list.length > 0 && often() ? "," : "")
  if (typeof value === "string") {
    return JSON.stringify(value)
      .replaceAll(/\\\\(?=[a-zA-Z .])(?![bfnrtu])/g, (whole) => (often() ? "\\" : whole))
      .replaceAll(/(?<!\\)\\(?:n|t|u00[01][0-9a-f])/g, (escape) =>
        often() ? (JSON.parse(`"${escape}"`) as string) : escape,
      )
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${comma(value.map((inner) => misspelt(inner, odds)))}]`
  return `{${comma(Object.entries(value).map(([name, inner]) => `${misspelt(name, odds)}:${misspelt(inner, odds)}`))}}`
}
