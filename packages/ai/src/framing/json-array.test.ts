import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Frame } from "../contract/frame.ts"
import { createFramer } from "./index.ts"
import { JsonArrayFramer } from "./json-array.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function read(input: Uint8Array, cuts: readonly number[] = []): Frame[] {
  const framer = createFramer("json-array")
  const frames: Frame[] = []
  let at = 0
  for (const cut of [...cuts, input.length]) {
    frames.push(...framer.push(input.subarray(at, cut)))
    at = cut
  }
  return [...frames, ...framer.end()]
}

const values = (frames: readonly Frame[]): unknown[] => frames.map(({ data }) => JSON.parse(data as string) as unknown)

describe("a list of JSON objects that grows", () => {
  test("each object is a frame as soon as it is closed", () => {
    const framer = new JsonArrayFramer()
    expect(framer.push(bytes(`[{"a": [1, {"b": "]}"}]}`))).toEqual([{ data: `{"a": [1, {"b": "]}"}]}` }])
    expect(framer.push(bytes(`\r\n,\n{"c"`))).toEqual([])
    expect(framer.push(bytes(`: "\\"}"}`))).toEqual([{ data: `{"c": "\\"}"}` }])
    expect([...framer.push(bytes("]\n")), ...framer.end()]).toEqual([])
  })

  test("an object that stands alone is a frame", () => {
    expect(read(bytes(`\ufeff {"error": {"code": 400}}`))).toEqual([{ data: `{"error": {"code": 400}}` }])
  })

  test("an object whose end is missing is given out as far as it came", () => {
    expect(read(bytes(`[{"a":1},{"b":`))).toEqual([{ data: `{"a":1}` }, { data: `{"b":` }])
  })

  test("what is no list of objects is refused", () => {
    for (const text of ["<html>", "[1]", `["a"]`, "data: {}"]) expect(() => read(bytes(text))).toThrow(/something else/)
  })

  test("an object above the limit is refused, in one piece or in many", () => {
    const framer = new JsonArrayFramer({ maxFrameBytes: 100 })
    expect(() => framer.push(bytes(`[{"a":"${"x".repeat(200)}`))).toThrow(/larger than 100/)
    const slow = new JsonArrayFramer({ maxFrameBytes: 100 })
    expect(() => {
      for (const byte of bytes(`[{"a":"${"x".repeat(200)}`)) slow.push(Uint8Array.of(byte))
    }).toThrow(/larger than 100/)
  })

  test("any list of objects is read, wherever it is cut", () => {
    const object = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 5 }),
        fc.constantFrom("", " ", "\r\n"),
        fc.array(fc.nat(400)),
        (objects, space, cuts) => {
          const text = bytes(`[${objects.map((one) => space + JSON.stringify(one)).join(`${space},`)}${space}]`)
          const places = [...new Set(cuts.filter((cut) => cut < text.length))].sort((a, b) => a - b)
          expect(values(read(text, places))).toEqual(objects.map((one) => JSON.parse(JSON.stringify(one)) as unknown))
        },
      ),
    )
  })
})

test("what is whole before a fault is given out, however the bytes are cut", () => {
  const framer = new JsonArrayFramer()
  expect(framer.push(bytes('[{"a":1},upstream error'))).toEqual([{ data: '{"a":1}' }])
  expect(() => framer.end()).toThrow(expect.objectContaining({ code: "stream_malformed" }))
})
