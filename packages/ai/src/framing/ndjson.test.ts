import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { NdjsonFramer, ndjsonText, RawNdjsonFramer } from "./index.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const line = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom("", "  ", '{"a":"grüße 𝔘"}'),
)
const stream = fc
  .record({ lines: fc.array(line, { maxLength: 6 }), lineEnd: fc.constantFrom("\n", "\r\n"), closed: fc.boolean() })
  .map(({ lines, lineEnd, closed }) => lines.join(lineEnd) + (closed ? lineEnd : ""))

describe("lines of JSON", () => {
  test("the bytes of raw frames in a row are the stream, and their data is the same", () => {
    fc.assert(
      fc.property(stream, fc.nat(), (text, place) => {
        const input = bytes(text)
        const cut = place % (input.length + 1)
        const pieces = [input.subarray(0, cut), input.subarray(cut)]
        const raw = new RawNdjsonFramer()
        const frames = [...pieces.flatMap((piece) => raw.push(piece)), ...raw.end()]
        expect(Buffer.concat(frames.map((frame) => frame.raw as Uint8Array)).toString()).toBe(text)
        const plain = new NdjsonFramer()
        const expected = [...pieces.flatMap((piece) => plain.push(piece)), ...plain.end()]
        expect(frames.map(({ data }) => data).filter((data) => data !== "")).toEqual(expected.map(({ data }) => data))
      }),
      { numRuns: 500 },
    )
  })

  test("what is written is read back", () => {
    expect(new NdjsonFramer().push(bytes(ndjsonText({ data: '{"a":1}' })))).toEqual([{ data: '{"a":1}' }])
    expect(ndjsonText({ data: bytes("{}") })).toBe("{}\n")
  })

  test("a document that is indented for people is one frame, and so is each that follows it", () => {
    const values = [
      { model: "m", message: { content: 'grüße 𝔘 }{ "' }, done: true },
      { list: [[], {}], end: 1 },
    ]
    const inputs = [
      values.map((value) => JSON.stringify(value, null, 2)).join("\n"),
      `\ufeff\n${JSON.stringify(values, null, "\t").replace(/\n/g, "\r\n")}\n`,
      `{"model":"m",\n${JSON.stringify(values[0]).slice('{"model":"m",'.length)}\n\n${JSON.stringify(values[1])}`,
    ]
    for (const text of inputs) {
      const input = bytes(text)
      for (let cut = 0; cut <= input.length; cut++) {
        const framer = new NdjsonFramer()
        const frames = [...framer.push(input.subarray(0, cut)), ...framer.push(input.subarray(cut)), ...framer.end()]
        expect(frames.map(({ data }) => JSON.parse(String(data)) as unknown)).toEqual(values)
      }
    }
  })

  test("a first line that is broken is given out as it is, for the wire to refuse", () => {
    expect(new NdjsonFramer().push(bytes('{"a":"b\n{"c":1}\n'))).toEqual([{ data: '{"a":"b' }, { data: '{"c":1}' }])
    expect(new NdjsonFramer().push(bytes('{"a":1}\n{\n'))).toEqual([{ data: '{"a":1}' }, { data: "{" }])
  })

  test("a line without an end is bounded", () => {
    const framer = new RawNdjsonFramer()
    const piece = new Uint8Array(16 * 1024 * 1024).fill(0x20)
    expect(() => {
      for (let n = 0; n < 20; n++) framer.push(piece)
    }).toThrow("larger than")
  })
})
