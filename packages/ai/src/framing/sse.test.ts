import { createParser } from "eventsource-parser"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Frame } from "../contract/frame.ts"
import { RawSseFramer } from "./raw-sse.ts"
import { SseFramer, sseText } from "./sse.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function read(input: Uint8Array, cuts: readonly number[] = []): Frame[] {
  const framer = new SseFramer()
  const frames: Frame[] = []
  let at = 0
  for (const cut of [...cuts, input.length]) {
    frames.push(...framer.push(input.subarray(at, cut)))
    at = cut
  }
  frames.push(...framer.end())
  return frames
}

const events = (frames: readonly Frame[]): Frame[] =>
  frames.filter((frame) => frame.data !== "" || frame.event !== undefined)

/** What another reader of the same standard makes of it. */
function oracle(text: string): Frame[] {
  const frames: Frame[] = []
  const parser = createParser({
    onEvent: (event) => frames.push(event.event ? { event: event.event, data: event.data } : { data: event.data }),
  })
  parser.feed(text)
  return frames
}

describe("server-sent events", () => {
  test.each([
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"],
  ])("lines end in %s", (_name, eol) => {
    const text = [`data: {"a":1}`, "", "event: x", "data: one", "data: two", "", ": note", "data:tight", "", ""].join(
      eol,
    )
    expect(events(read(bytes(text)))).toEqual([
      { data: `{"a":1}` },
      { event: "x", data: "one\ntwo" },
      { data: "tight" },
    ])
  })

  test("a byte order mark, unknown fields and lines without a colon are passed over", () => {
    expect(read(bytes("\ufeffid: 1\nretry: 5\nnonsense\ndata: a\n\n"))).toEqual([{ data: "a" }])
  })

  test("a comment is told apart from an event", () => {
    expect(read(bytes(": alive\n\ndata: a\n\n"))).toEqual([{ data: "" }, { data: "a" }])
  })

  test("an event without its blank line is given out at the end", () => {
    expect(read(bytes("data: a\n\ndata: b"))).toEqual([{ data: "a" }, { data: "b" }])
  })

  test("a frame above the limit is refused, in one piece or in many", () => {
    const framer = new SseFramer({ maxFrameBytes: 100 })
    expect(() => framer.push(bytes(`data: ${"x".repeat(200)}\n`))).toThrow(/larger than 100/)
    const slow = new SseFramer({ maxFrameBytes: 100 })
    expect(() => {
      for (let i = 0; i < 200; i++) slow.push(bytes("x"))
    }).toThrow(/larger than 100/)
  })

  const line = fc.oneof(
    fc.constant(""),
    fc.string({ unit: "grapheme", maxLength: 12 }).map((s) => `data: ${s.replace(/[\r\n]/g, "")}`),
    fc.constantFrom("event: e", "data", "data:", "data:  two", ": c", "id: 7", "x: y", "data: é𝄞中"),
  )
  const stream = fc
    .tuple(fc.array(line, { maxLength: 20 }), fc.constantFrom("\n", "\r\n", "\r"))
    .map(([lines, eol]) => [...lines, "", ""].join(eol))

  test("reads as another reader of the standard does, however the bytes are cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 6 }), (text, places) => {
        const input = bytes(text)
        const cuts = places.map((place) => place % (input.length + 1)).toSorted((a, b) => a - b)
        expect(events(read(input, cuts))).toEqual(
          oracle(text).filter((frame) => frame.data !== "" || frame.event !== undefined),
        )
      }),
      { numRuns: 1000 },
    )
  })

  test("what is written is read back", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.option(fc.constantFrom("a", "b.c")),
        (data, event) => {
          const frame: Frame = event === null ? { data } : { event, data }
          const [back] = events(read(bytes(sseText(frame))))
          expect(back?.data).toBe(data.replace(/\r\n|\r/g, "\n"))
          expect(back?.event).toBe(frame.event)
        },
      ),
    )
  })

  test("the bytes of raw frames in a row are the stream, and their data is the same", () => {
    fc.assert(
      fc.property(stream, fc.nat(), (text, place) => {
        const input = bytes(text)
        const cut = place % (input.length + 1)
        const framer = new RawSseFramer()
        const frames = [...framer.push(input.subarray(0, cut)), ...framer.push(input.subarray(cut)), ...framer.end()]
        expect(new TextDecoder().decode(Buffer.concat(frames.map((frame) => frame.raw as Uint8Array)))).toBe(
          new TextDecoder().decode(input),
        )
        expect(frames.filter((frame) => frame.data !== "").map((frame) => frame.data)).toEqual(
          events(read(input))
            .filter((frame) => frame.data !== "")
            .map((frame) => frame.data),
        )
      }),
      { numRuns: 1000 },
    )
  })
})
