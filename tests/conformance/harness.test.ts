import { describe, expect, test } from "vitest"
import { cutAt, cutPlaces, cutRuns } from "./harness.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A stream of events of about 100 bytes. */
function stream(events: number, lineEnd: string): Uint8Array {
  return bytesOf(`data: ${"x".repeat(94)}${lineEnd}${lineEnd}`.repeat(events))
}

describe("the places of cuts", () => {
  test("a short stream is cut at every byte", () => {
    expect(cutPlaces(bytesOf("abcd"))).toEqual([1, 2, 3])
  })

  test.each([
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"],
  ])("every place near a border of %s is kept, however many there are", (_name, lineEnd) => {
    const bytes = stream(1000, lineEnd)
    const places = new Set(cutPlaces(bytes))
    const event = bytes.length / 1000
    for (let border = event; border < bytes.length; border += event) {
      for (let at = border - 9; at <= border + 7; at++) expect(places.has(at), String(at)).toBe(true)
    }
    expect(places.size).toBeGreaterThan(16_000)
  })

  test("every place within a character is kept", () => {
    const bytes = bytesOf("\u{1f600}".repeat(5000))
    const places = new Set(cutPlaces(bytes))
    for (let at = 1; at < bytes.length; at++) if (at % 4 !== 0) expect(places.has(at), String(at)).toBe(true)
  })

  test("the rest of a long stream is cut in 2,000 places", () => {
    expect(cutPlaces(bytesOf("x".repeat(100_000)))).toHaveLength(2000)
  })

  test("2,000 runs cut at every place, each run in order", () => {
    const places = cutPlaces(stream(1000, "\n"))
    const runs = cutRuns(places)
    expect(runs).toHaveLength(2000)
    expect(runs.flat().sort((a, b) => a - b)).toEqual(places)
    for (const run of runs) expect(run.toSorted((a, b) => a - b)).toEqual(run)
    expect(cutRuns([1, 2])).toEqual([[1], [2]])
  })

  test("the pieces are the whole", () => {
    const pieces = cutAt(bytesOf("abcdef"), [2, 3])
    expect(pieces.map((piece) => new TextDecoder().decode(piece))).toEqual(["ab", "c", "def"])
  })
})
