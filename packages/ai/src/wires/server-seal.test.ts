import { describe, expect, test } from "vitest"
import { isSealed, open, seal, type Sealed } from "./server-seal.ts"

const issuer = { api: "mock", provider: "p", model: "m ☃" }
const SEALED: Sealed = {
  thoughts: [
    { type: "thinking", thinking: "So. 𝔘", field: "reasoning", opaque: { value: "s", issuer } },
    { type: "redactedThinking", opaque: { value: "h", issuer } },
  ],
  own: { value: "o", issuer },
  of: { type: "toolCall", id: "call_1" },
}

describe("a seal", () => {
  test("opens to what was put into it, in either alphabet of base64", () => {
    const text = seal(SEALED)
    expect(text).toMatch(/^[A-Za-z0-9+/]+=*$/)
    expect(isSealed(text)).toBe(true)
    expect(open(text)).toEqual(SEALED)
    expect(open(text.replaceAll("+", "-").replaceAll("/", "_"))).toEqual(SEALED)
  })

  test("does not open once a letter of it is another one, or missing", () => {
    const text = seal(SEALED)
    for (let at = 8; at < text.length; at++) {
      const other = text[at] === "A" ? "B" : "A"
      const changed = text.slice(0, at) + other + text.slice(at + 1)
      const opened = open(changed)
      // The last letters may carry bits that stand for nothing.
      if (opened !== undefined) expect(opened).toEqual(SEALED)
      if (at < text.length - 4) expect(opened).toBeUndefined()
    }
    expect(open(text.slice(0, -8))).toBeUndefined()
    expect(open(`${text}AAAA`)).toBeUndefined()
  })

  test("is told from what hosts give out", () => {
    for (const value of ["", "gAAAAABo", "EqQBCkYIBRgC", "c2ln"]) {
      expect(isSealed(value)).toBe(false)
      expect(open(value)).toBeUndefined()
    }
  })

  test.each<[string, unknown]>([
    ["no thoughts", { own: SEALED.own }],
    ["a thought of an unknown kind", { thoughts: [{ type: "text" }] }],
    ["hidden thinking of nobody", { thoughts: [{ type: "redactedThinking", opaque: { value: "h" } }] }],
  ])("with %s does not open", (_name, content) => {
    expect(open(seal(content as Sealed))).toBeUndefined()
  })
})
