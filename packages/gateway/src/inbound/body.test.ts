import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseBody } from "./body.ts"
import { memberCount, shapeOf } from "./json-shape.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const rawOf = (text: string): string => new TextDecoder().decode(parseBody(bytesOf(text)).raw)

describe("the bytes of a body", () => {
  test("stay as they came", () => {
    const bytes = bytesOf('{ "a":1.50, "b":[{"c":"x:y{\\"d\\":1}"}],\n"big":12345678901234567890 }')
    expect(parseBody(bytes).raw).toBe(bytes)
  })

  test.each([
    ['{"store":true,"model":"m","store":false}', '{"store":false,"model":"m"}'],
    ['{"a":{"stream":1,"stream":2}}', '{"a":{"stream":2}}'],
    ['{"a":[[{"b":1,"\\u0062":2}]]}', '{"a":[[{"b":2}]]}'],
    ['{"a":{"x":1},"a":{}}', '{"a":{}}'],
    ['{"a":1,"id":12345678901234567890,"n":[1.50,-0],"a":2}', '{"a":2,"id":12345678901234567890,"n":[1.50,-0]}'],
  ])("that hold a name twice say what was read: %s", (text, expected) => {
    expect(JSON.parse(rawOf(text))).toEqual(JSON.parse(expected))
    expect(rawOf(text)).toBe(expected)
  })

  test("have a shape that agrees with every value they may hold", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
        const shape = shapeOf(bytesOf(JSON.stringify(value, null, indent)))
        expect(shape.members).toBe(memberCount(value))
      }),
    )
    expect(shapeOf(bytesOf('{"a":[{"b":"[{"}],"c":[]}'))).toEqual({ depth: 3, members: 3 })
  })
})
