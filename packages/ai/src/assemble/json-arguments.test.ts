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

  test("nothing at all means no arguments", () => {
    expect(parseArguments("  \n")).toEqual({ ok: true, value: {} })
  })
})
