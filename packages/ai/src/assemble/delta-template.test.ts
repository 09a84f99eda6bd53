import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { FrameForm } from "../contract/frame.ts"
import { DeltaTemplate } from "./delta-template.ts"

interface Frame {
  model?: string
  delta: { text: string }
}

const textOf = (value: unknown): string | undefined => (value as Frame | undefined)?.delta?.text
const frame = (text: string, more: object = {}): string => JSON.stringify({ ...more, delta: { text }, logprobs: null })

function learned(data: string, text: string): DeltaTemplate {
  const template = new DeltaTemplate()
  template.learn(data, text, textOf)
  return template
}

describe("a template of deltas", () => {
  test("reads nothing before it has learned, and nothing after it was told to forget", () => {
    const template = new DeltaTemplate()
    expect(template.read(frame("a"))).toBeUndefined()
    template.learn(frame("a"), "a", textOf)
    expect(template.read(frame("b"))).toBe("b")
    template.forget()
    expect(template.read(frame("b"))).toBeUndefined()
  })

  test("reads every string as JSON.parse does", () => {
    const template = learned(frame("begin"), "begin")
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
        expect(template.read(frame(text))).toBe(text)
      }),
    )
  })

  test("reads escapes that JSON.stringify would not write", () => {
    const template = learned(frame("begin"), "begin")
    expect(template.read(String.raw`{"delta":{"text":"\u00e9\/"},"logprobs":null}`)).toBe("é/")
  })

  test.each([
    ["another value beside the text", `{"delta":{"text":"b"},"logprobs":{"content":[]}}`],
    ["a field more in the delta", `{"delta":{"text":"b","refusal":"c"},"logprobs":null}`],
    [
      "a text that ends early and begins again",
      `{"delta":{"text":"b"},"logprobs":null,"x":{"text":"c"},"logprobs":null}`,
    ],
    ["an escape that is none", String.raw`{"delta":{"text":"\x"},"logprobs":null}`],
    ["a control character", `{"delta":{"text":"a\u0001"},"logprobs":null}`],
    ["an escaped end", String.raw`{"delta":{"text":"b\"},"logprobs":null}`],
    ["an empty text", `{"delta":{"text":""},"logprobs":null}`],
    ["a frame that is cut", `{"delta":{"text":"b"`],
  ])("does not read %s", (_name, data) => {
    expect(learned(frame("a"), "a").read(data)).toBeUndefined()
  })

  test("is not misled by the same string elsewhere", () => {
    // Spelled with an escape, the delta is not found; the model's name must not be taken for it.
    const data = String.raw`{"model":"word","delta":{"text":"w\u006frd"}}`
    expect(learned(data, "word").read(`{"model":"other","delta":{"text":"w\\u006frd"}}`)).toBeUndefined()
    expect(learned(frame("m", { model: "m" }), "m").read(frame("b", { model: "m" }))).toBeUndefined()
  })

  test("stops looking where no frame is like another, and starts again once one was", () => {
    let parses = 0
    const find = (value: unknown): string | undefined => {
      parses++
      return textOf(value)
    }
    const template = new DeltaTemplate()
    for (let i = 0; i < 100; i++) {
      const data = frame(`t${i}`, { pad: "x".repeat(i) })
      expect(template.read(data)).toBeUndefined()
      template.learn(data, `t${i}`, find)
    }
    expect(parses).toBeLessThan(20)
  })

  test("reads a run as its frames, or not at all", () => {
    const template = learned(frame("a"), "a")
    const form = template.state as FrameForm
    const run = (...middles: string[]): ReturnType<DeltaTemplate["readRun"]> =>
      template.readRun({ form, middles, text: middles.join("") })
    expect(run("b", "c")).toEqual({ texts: ["b", "c"], whole: "bc" })
    expect(run("b", String.raw`\n\u00e9`)).toEqual({ texts: ["b", "\né"], whole: "b\né" })
    expect(run("b", `c","x":"d`)).toBeUndefined()
    // Two halves of an escape are none, although together they would be one.
    expect(run(String.raw`a\u00`, "e9")).toBeUndefined()
    template.learn(frame("a", { model: "m" }), "a", textOf)
    expect(run("b", "c")).toBeUndefined()
    template.forget()
    expect(run("b", "c")).toBeUndefined()
  })
})
