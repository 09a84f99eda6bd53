import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Frame, FrameForm, FrameReader, FrameRun } from "../contract/frame.ts"
import { framesOf } from "./frame-run.ts"
import { SseFramer } from "./sse.ts"

const FORM: FrameForm = { before: `{"d":"`, behind: `"}` }
const encoder = new TextEncoder()
const like = (middle: string, event = ""): string => `${event && `event: ${event}\n`}data: {"d":"${middle}"}\n\n`

/** Reads a text in pieces; the form is known once a frame has come. */
function read(text: string, cuts: readonly number[] = []): (Frame | FrameRun)[] {
  const framer = new SseFramer()
  const input = encoder.encode(text)
  const found: (Frame | FrameRun)[] = []
  const reader: FrameReader = {
    get form() {
      return found.length === 0 ? "learning" : FORM
    },
    frame: (frame) => found.push(frame),
    run: (run) => found.push(run),
  }
  let at = 0
  for (const cut of [...cuts, input.length]) {
    framer.read(input.subarray(at, cut), reader)
    at = cut
  }
  return [...found, ...framer.end()]
}

const runs = (found: readonly (Frame | FrameRun)[]): FrameRun[] => found.filter((one) => "middles" in one)
const single = (found: readonly (Frame | FrameRun)[]): Frame[] =>
  found.flatMap((one) => ("middles" in one ? framesOf(one) : [one]))

function oneByOne(text: string): Frame[] {
  const framer = new SseFramer()
  return [...framer.push(encoder.encode(text)), ...framer.end()]
}

describe("runs of frames", () => {
  test.each(["", "delta"])("events of a form that follow each other come as one piece (event %j)", (event) => {
    const text = like("a", event) + like("b", event) + like("c", event)
    const found = read(text)
    expect(found).toHaveLength(2)
    const more = event === "" ? {} : { event }
    expect(runs(found)).toEqual([{ form: FORM, middles: ["b", "c"], text: "bc", ...more }])
  })

  test("what begins in one read and ends in the next is no part of a run", () => {
    const text = like("a", "delta").repeat(6)
    for (let cut = 0; cut < text.length; cut++) {
      const found = read(text, [cut])
      expect(single(found)).toEqual(oneByOne(text))
      expect(runs(found).length).toBeGreaterThan(0)
    }
  })

  test("what stands between two frames of the form ends a run", () => {
    const text =
      like("a") + like("b") + `: note\n\n` + like("c") + `event: ping\ndata: {}\n\n` + like("d") + like("") + like("e")
    expect(runs(read(text)).map(({ middles }) => middles)).toEqual([["b"], ["c"], ["d"], ["e"]])
    expect(single(read(text))).toEqual(oneByOne(text))
  })

  test("a run has an end however long the text is", () => {
    const text = like("word").repeat(3000)
    const found = read(text)
    expect(single(found)).toEqual(oneByOne(text))
    expect(found.length).toBeLessThan(10)
    for (const { middles } of runs(found)) expect(middles.length * like("word").length).toBeLessThanOrEqual(16 * 1024)
  })

  test("gives the frames that reading them one by one gives, wherever the input is cut", () => {
    const piece = fc.oneof(
      fc
        .string({ unit: fc.constantFrom("a", "é", "\\n", `\\"`, `"`, "}", ":", " "), maxLength: 6 })
        .map((s) => like(s)),
      fc.string({ unit: fc.constantFrom("a", "data: ", "{", `"}`), maxLength: 4 }).map((s) => like(s, "delta")),
      fc.constantFrom(
        ": alive\n\n",
        "\n",
        "\n\n",
        "event: other\n",
        "data: x\n",
        `data: {"d":"\n`,
        `data: {"d":"a"}\n`,
        `data:{"d":"a"}\n\n`,
        `data: {"d":"a"}\r\n\r\n`,
        `data: {"d":"a","e":1}\n\n`,
        "event: delta\n",
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(400), { maxLength: 4 }), (pieces, at) => {
        const text = pieces.join("")
        const { length } = encoder.encode(text)
        const cuts = at.map((cut) => Math.min(cut, length)).toSorted((a, b) => a - b)
        expect(single(read(text, cuts))).toEqual(oneByOne(text))
      }),
      { numRuns: 2000 },
    )
  })
})
