import type { InboundCall, Model, Relay } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { googleGenerativeAiServer } from "./server.ts"
import { seal } from "../server-seal.ts"

const relay = googleGenerativeAiServer.relay as Relay
const HI = { parts: [{ text: "hi" }] }

function accept(body: object = {}, method = "streamGenerateContent"): InboundCall {
  const whole = { contents: [HI], ...body }
  return googleGenerativeAiServer.accept({
    route: "/v1/models/:call{.+:[A-Za-z]+}",
    params: { call: `p/m:${method}` },
    query: new URLSearchParams("alt=sse"),
    headers: new Headers(),
    body: whole,
    raw: new TextEncoder().encode(JSON.stringify(whole)),
  })
}

const OFF = { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }
const MEDIA = { parts: [{ inlineData: { mimeType: "image/png", data: "AA==" } }] }
const loop = (call: object = {}, part: object = {}, result: object = {}): object => ({
  contents: [
    HI,
    { role: "model", parts: [{ functionCall: { name: "f", ...call }, ...part }] },
    { role: "user", parts: [{ functionResponse: { name: "f", response: { output: "x" }, ...call, ...result } }] },
  ],
})

const model = (fields: Partial<Model> = {}): Model => ({
  id: "m",
  provider: "p",
  api: "google-generative-ai",
  baseUrl: "https://host.invalid",
  input: ["text"],
  output: ["text"],
  compat: {},
  ...fields,
})

describe("a request", () => {
  test("goes to the model and the method that its path names", () => {
    const path = relay.path as Exclude<Relay["path"], string>
    expect(path(accept(), "gemini-x")).toBe("/models/gemini-x:streamGenerateContent?alt=sse")
    expect(path(accept({}, "generateContent"), "gemini-x")).toBe("/models/gemini-x:generateContent")
    // As the encoder spells it: without the collection, and with nothing in it that would end the path.
    expect(path(accept({}, "generateContent"), "models/a/b?c@1")).toBe("/models/a%2Fb%3Fc@1:generateContent")
    expect(relay.headers(accept())).toEqual({ "content-type": "application/json", accept: "text/event-stream" })
    const raw = new TextEncoder().encode("{}")
    expect(relay.edit(raw, { model: "m" })).toBe(raw)
  })

  test.each<[string, object, Partial<Model>, boolean]>([
    ["a plain one", {}, {}, true],
    ["one with everything", { tools: [{ googleSearch: {} }], generationConfig: { topK: 1 } }, {}, true],
    ["one to a model of text alone", {}, { compat: { textOnly: true } }, false],
    ["one to a host with fields of its own", {}, { compat: { google: { extraBody: { a: 1 } } } }, false],
    ["instructions", { systemInstruction: HI }, { compat: { google: { systemInstruction: false } } }, false],
    ["sampling", { generationConfig: { topK: 1 } }, { compat: { google: { sampling: false } } }, false],
    ["a tier that the host does not have", { serviceTier: "priority" }, {}, false],
    ["a tier that it has", { serviceTier: "priority" }, { compat: { google: { serviceTiers: ["priority"] } } }, true],
    [
      "a tier that goes into a header",
      { serviceTier: "priority" },
      { compat: { google: { serviceTiers: ["priority"], tierHeader: "x-tier" } } },
      false,
    ],
    ["labels where there are none", { labels: { a: "b" } }, {}, false],
    [
      "an output that the host is not held to",
      { generationConfig: { responseMimeType: "application/json" } },
      { compat: { google: { structuredOutput: false } } },
      false,
    ],
    [
      "JSON Schema where the host has none",
      { tools: [{ functionDeclarations: [{ name: "f", parametersJsonSchema: { type: "object" } }] }] },
      { compat: { google: { schemas: "openapi" } } },
      false,
    ],
    [
      "the API's own schema there",
      { tools: [{ functionDeclarations: [{ name: "f", parameters: { type: "OBJECT" } }] }] },
      { compat: { google: { schemas: "openapi" } } },
      true,
    ],
    ["too many stop sequences", { generationConfig: { stopSequences: [..."abcdef"] } }, {}, false],
    [
      "signatures of the host",
      { contents: [HI, { role: "model", parts: [{ functionCall: { name: "f" }, thoughtSignature: "c2ln" }] }] },
      {},
      true,
    ],
    [
      "no thinking, of a model that always thinks",
      OFF,
      { thinking: { mode: "budget", efforts: [], mandatory: true } },
      false,
    ],
    ["thinking, of the same", {}, { thinking: { mode: "budget", efforts: [], mandatory: true } }, true],
    ["ids of calls where there are none", loop({ id: "c" }), {}, false],
    ["ids of calls where there are some", loop({ id: "c" }), { compat: { google: { callIds: true } } }, true],
    [
      "a call without a signature where one is needed",
      loop(),
      { compat: { google: { needsSignatures: true } } },
      false,
    ],
    [
      "a call with one there",
      loop({}, { thoughtSignature: "c2ln" }),
      { compat: { google: { needsSignatures: true } } },
      true,
    ],
    ["media in a result where they may not be", loop({}, {}, MEDIA), {}, false],
    ["media where they may be", loop({}, {}, MEDIA), { compat: { google: { mediaInToolResult: true } } }, true],
    [
      "what was sealed here",
      {
        contents: [
          HI,
          {
            role: "model",
            parts: [
              {
                functionCall: { name: "f" },
                thoughtSignature: seal({ thoughts: [{ type: "thinking", thinking: "hm" }] }),
              },
            ],
          },
        ],
      },
      {},
      false,
    ],
  ])("%s", (_what, body, fields, passes) => {
    expect(relay.passes(accept(body), model(fields))).toBe(passes)
  })
})

const piece = (text: string, more: object = {}): object => ({
  candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0, ...more }],
})
const usageMetadata = { promptTokenCount: 4, candidatesTokenCount: 2, thoughtsTokenCount: 1, totalTokenCount: 7 }

interface Tapped {
  verdicts: string[]
  result: ReturnType<ReturnType<typeof relay.tap>["result"]>
}

const tapped = (...events: (object | string)[]): Tapped => tappedOf(accept(), ...events)

function tappedOf(call: InboundCall, ...events: (object | string)[]): Tapped {
  const tap = relay.tap(call)
  const verdicts = events.map((event) => tap.push({ data: typeof event === "string" ? event : JSON.stringify(event) }))
  return { verdicts, result: tap.result() }
}

describe("tap", () => {
  test("frames are held until there is content, and the last counts are those of the answer", () => {
    const { verdicts, result } = tapped(
      { usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 } },
      piece("", { content: { parts: [{ text: "", thought: true }] } }),
      piece("a"),
      piece(""),
      { ...piece("", { finishReason: "STOP" }), usageMetadata },
    )
    expect(verdicts).toEqual(["hold", "hold", "content", "alive", "content"])
    expect(result).toEqual({
      terminal: true,
      goesOn: true,
      usage: { input: 4, output: 3, reasoningTokens: 1, totalTokens: 7, provenance: "reported" },
    })
  })

  test.each(["", " ", "ping"])("the data %j is a sign of life", (data) => {
    expect(tapped(data, piece("a"), data).verdicts).toEqual(["alive", "content", "alive"])
  })

  test.each([
    ["a call", { functionCall: { name: "f", args: {} } }],
    ["a picture", { inlineData: { mimeType: "image/png", data: "AA==" } }],
    ["code", { executableCode: { code: "1" } }],
  ])("%s is content", (_what, part) => {
    expect(tapped({ candidates: [{ content: { parts: [part] } }] }).verdicts).toEqual(["content"])
  })

  test("a text that looks like the end is none", () => {
    const { verdicts, result } = tapped(piece('"finishReason": "STOP"'), piece('{"error": {'))
    expect([verdicts, result.terminal]).toEqual([["content", "content"], false])
  })

  test("of several answers all must have ended", () => {
    const call = accept({ generationConfig: { candidateCount: 2 } })
    const first = piece("a", { finishReason: "STOP" })
    expect(tappedOf(call, first).result.terminal).toBe(false)
    expect(tappedOf(call, first, piece("b", { finishReason: "STOP", index: 1 })).result.terminal).toBe(true)
  })

  test("counts of an answer that was cut are a part of them", () => {
    expect(tapped({ ...piece("a"), usageMetadata }).result).toMatchObject({
      terminal: false,
      usage: { provenance: "partial" },
    })
  })

  test("an error is no answer, before content and behind it", () => {
    const error = { error: { code: 503, message: "busy", status: "UNAVAILABLE" } }
    expect(tapped(error)).toMatchObject({
      verdicts: ["hold"],
      result: { terminal: false, error: { status: 503, message: "busy", inStream: true } },
    })
    expect(tapped(piece("a"), error).verdicts).toEqual(["content", "pass"])
  })

  test("a reason to stop that is a failure is the client's to read, and the log's", () => {
    expect(tapped(piece("", { finishReason: "SAFETY" }))).toMatchObject({
      verdicts: ["content"],
      result: { terminal: true, error: { is: "content_blocked", type: "SAFETY", inStream: true } },
    })
    expect(tapped({ promptFeedback: { blockReason: "OTHER" } })).toMatchObject({
      verdicts: ["content"],
      result: { terminal: true, error: { type: "OTHER" } },
    })
    expect(tapped(piece("a", { finishReason: "MAX_TOKENS" })).result).toEqual({ terminal: true, goesOn: true })
  })

  test("a candidate without a word keeps no prompt from being blocked", () => {
    const { result } = tapped({ candidates: [{ index: 0 }], promptFeedback: { blockReason: "OTHER" } })
    expect(result).toMatchObject({ terminal: true, error: { type: "OTHER" } })
  })

  test("a reason that is none yet ends nothing", () => {
    const unspecified = piece("a", { finishReason: "FINISH_REASON_UNSPECIFIED" })
    expect(tapped(unspecified).result).toEqual({ terminal: false, goesOn: true })
    expect(tapped(unspecified, piece("b", { finishReason: "STOP" })).result).toEqual({ terminal: true, goesOn: true })
  })

  test("ratings of a prompt alone end nothing", () => {
    expect(tapped({ promptFeedback: { safetyRatings: [] } }).result.terminal).toBe(false)
    expect(tapped({ promptFeedback: {}, note: '"blockReason": "x' }).result.terminal).toBe(false)
  })

  test("what cannot be read passes behind content only", () => {
    const broken = '{"candidates": [{"finishReason": "STOP"'
    expect(tapped(broken, piece("a"), broken).verdicts).toEqual(["hold", "content", "pass"])
  })
})
