import { describe, expect, test } from "vitest"
import { CORPUS, hasCorpus } from "../conformance/harness.ts"
import { checkGenerateError, checkGenerateResponse, checkGenerateStream } from "./google-generate-stream.ts"
import { documentOf, framesOf, vendorAnswers } from "./recordings.ts"
import type { Fields, StreamFrame } from "./violations.ts"

type Edit = (events: Fields[]) => Fields[] | void

const head = { modelVersion: "m", responseId: "r" }
const piece = (parts: Fields[], more: Fields = {}): Fields => ({
  candidates: [{ content: { parts, role: "model" }, index: 0, ...more }],
  ...head,
})
const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 2, thoughtsTokenCount: 1, totalTokenCount: 6 }
const events: readonly Fields[] = [
  piece([{ text: "hm", thought: true }]),
  piece([{ text: "", thought: true, thoughtSignature: "c2ln" }]),
  piece([{ text: "hi" }]),
  piece([{ functionCall: { id: "a", name: "f", args: {} }, thoughtSignature: "c2ln" }]),
  { ...piece([{ text: "" }], { finishReason: "STOP" }), usageMetadata },
]
const failure = { error: { code: 503, message: "x", status: "UNAVAILABLE", details: [] } }
const frames = (list: readonly Fields[]): StreamFrame[] => list.map((event) => ({ data: JSON.stringify(event) }))

const candidate = (event: Fields | undefined): Fields => ((event ?? {})["candidates"] as Fields[])[0] as Fields
const part = (event: Fields | undefined): Fields =>
  ((candidate(event)["content"] as Fields)["parts"] as Fields[])[0] as Fields
const call = (event: Fields | undefined): Fields => part(event)["functionCall"] as Fields

describe("google-generative-ai", () => {
  test("a right stream passes", () => {
    expect(checkGenerateStream(frames(events))).toEqual([])
    expect(checkGenerateStream(frames([...events.slice(0, 3), failure]))).toEqual([])
    expect(checkGenerateStream(frames([failure]))).toEqual([])
    expect(checkGenerateStream(frames([{ promptFeedback: { blockReason: "SAFETY" }, ...head }]))).toEqual([])
  })

  const broken: readonly [what: string, rule: string, index: number, edit: Edit][] = [
    ["no end", "no-end", 4, (list) => list.slice(0, -1)],
    ["nothing at all", "no-end", 0, () => []],
    ["a piece behind the end", "after-finish", 5, (list) => [...list, piece([{ text: "x" }])]],
    ["an answer behind an error", "after-end", 3, (list) => [...list.slice(0, 2), failure, ...list.slice(2)]],
    ["another answer", "same-answer", 2, (list) => void ((list[2] as Fields)["responseId"] = "s")],
    ["another model", "same-answer", 4, (list) => void ((list[4] as Fields)["modelVersion"] = "n")],
    ["an empty id", "type", 0, (list) => void ((list[0] as Fields)["responseId"] = "")],
    ["no candidate", "one-candidate", 1, (list) => void ((list[1] as Fields)["candidates"] = [])],
    ["no candidates", "type", 1, (list) => void delete (list[1] as Fields)["candidates"]],
    ["another candidate", "candidate-index", 1, (list) => void (candidate(list[1])["index"] = 1)],
    ["no content", "no-content", 2, (list) => void delete candidate(list[2])["content"]],
    ["another role", "word", 2, (list) => void ((candidate(list[2])["content"] as Fields)["role"] = "assistant")],
    ["an unknown reason", "word", 4, (list) => void (candidate(list[4])["finishReason"] = "TOOL_CALLS")],
    ["a message without a reason", "message-alone", 2, (list) => void (candidate(list[2])["finishMessage"] = "x")],
    ["a part that is nothing", "part-kind", 2, (list) => void delete part(list[2])["text"]],
    ["a part that is two things", "part-kind", 3, (list) => void (part(list[3])["text"] = "x")],
    ["an unknown field in a part", "unknown-field", 2, (list) => void (part(list[2])["reasoning"] = "x")],
    ["an empty signature", "type", 3, (list) => void (part(list[3])["thoughtSignature"] = "")],
    ["thought that is no truth value", "type", 0, (list) => void (part(list[0])["thought"] = "yes")],
    ["a call without a name", "type", 3, (list) => void delete call(list[3])["name"]],
    ["a call with an empty id", "type", 3, (list) => void (call(list[3])["id"] = "")],
    ["arguments as text", "type", 3, (list) => void (call(list[3])["args"] = "{}")],
    ["a field that calls do not have", "unknown-field", 3, (list) => void (call(list[3])["arguments"] = {})],
    [
      "a total that is too small",
      "usage-total",
      4,
      (list) => void ((list[4] as Fields)["usageMetadata"] = { ...usageMetadata, totalTokenCount: 5 }),
    ],
    [
      "more cached than asked",
      "usage-cached",
      4,
      (list) => void ((list[4] as Fields)["usageMetadata"] = { ...usageMetadata, cachedContentTokenCount: 4 }),
    ],
    [
      "half a token",
      "type",
      4,
      (list) => void ((list[4] as Fields)["usageMetadata"] = { ...usageMetadata, candidatesTokenCount: 1.5 }),
    ],
    [
      "a prompt that is blocked behind an answer",
      "blocked-late",
      1,
      (list) => [list[0] as Fields, { promptFeedback: { blockReason: "SAFETY" }, ...head }],
    ],
    [
      "a blocked prompt with an answer",
      "blocked-candidates",
      0,
      (list) => [{ ...(list[4] as Fields), promptFeedback: { blockReason: "SAFETY" } }],
    ],
  ]
  test.each(broken)("%s: %s", (_what, rule, index, edit) => {
    const copy = structuredClone(events) as Fields[]
    const found = checkGenerateStream(frames(edit(copy) ?? copy))
    expect(found.map((one) => `${one.at} ${one.rule}`)).toContain(`${index} ${rule}`)
  })

  test("named frames, and frames that are no JSON", () => {
    expect(checkGenerateStream([{ event: "message", data: "{" }]).map((one) => one.rule)).toEqual([
      "event-name",
      "json",
      "no-end",
    ])
  })

  test("a document", () => {
    expect(checkGenerateResponse(events[4])).toEqual([])
    expect(checkGenerateResponse(events[2]).map((one) => one.rule)).toEqual(["no-end"])
  })

  test("errors", () => {
    expect(checkGenerateError(failure)).toEqual([])
    expect(
      checkGenerateError({ error: { code: 200, message: 1, status: "x", details: [{ "@type": "x" }] } }),
    ).toHaveLength(4)
  })
})

describe("the vendor's own answers", () => {
  if (!hasCorpus) test.skip(`no recordings at ${CORPUS}: set SLUICE_CORPUS to the folder that holds them`, () => {})
  const options = { severalTurns: true, streamedArguments: true }
  for (const vendor of ["gemini", "vertex"]) {
    for (const one of vendorAnswers("google-generate", vendor, "sse")) {
      test(one.id, () => expect(checkGenerateStream(framesOf(one), options)).toEqual([]))
    }
    for (const one of vendorAnswers("google-generate", vendor, "json")) {
      test(one.id, () => expect(checkGenerateResponse(documentOf(one))).toEqual([]))
    }
  }
})
