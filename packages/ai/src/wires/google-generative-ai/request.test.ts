import type { GoogleCompat, Model } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import {
  assistant,
  callOf,
  encode,
  modelOf,
  user,
  type CallFields,
} from "../../../../../tests/support/google-generative-ai.ts"
import type { CallOptions } from "../../model/options.ts"
import { googleGenerativeAi } from "./client.ts"

const tools = [{ name: "f", description: "d", parameters: { type: "object", properties: { a: { type: "string" } } } }]
const at = (google: GoogleCompat): Partial<Model> => ({ compat: { google } })

describe("a request", () => {
  test("the model and what is asked of it stand in the path", () => {
    expect(encode().path).toBe("/models/gemini:streamGenerateContent?alt=sse")
    expect(encode({ stream: false }).path).toBe("/models/gemini:generateContent")
    expect(encode({ model: { requestModelId: "models/gemini-x@001" } }).path).toContain("/models/gemini-x@001:")
    expect(encode({ model: { id: "a/b c" } }).path).toContain("/models/a%2Fb%20c:")
    expect(encode({ model: { id: "tunedModels/mine" } }).path).toBe("/tunedModels/mine:streamGenerateContent?alt=sse")
  })

  test("a plain one holds nothing but what was said", () => {
    const { body, losses, headers } = encode({ context: { systemPrompt: "s" } })
    expect(body).toEqual({
      contents: [{ role: "user", parts: [{ text: "hi" }] }],
      systemInstruction: { parts: [{ text: "s" }] },
    })
    expect(losses).toEqual([])
    expect(headers["accept"]).toBe("text/event-stream")
  })

  test("options have their fields, and those without one are lost", () => {
    const options: CallOptions = {
      temperature: 1.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      logprobs: 3,
      maxTokens: 99,
      stop: ["a", "b", "c", "d", "e", "f"],
      minP: 0.1,
      verbosity: "low",
      user: "u",
      metadata: { team: "x" },
      serviceTier: "flex",
    }
    const { body, losses } = encode({ options })
    expect(body["generationConfig"]).toEqual({
      temperature: 1.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      responseLogprobs: true,
      logprobs: 3,
      maxOutputTokens: 99,
      stopSequences: ["a", "b", "c", "d", "e"],
    })
    const lost = ["stop", "minP", "verbosity", "user", "metadata", "serviceTier"]
    expect(losses.sort()).toEqual(lost.map((name) => `dropped options.${name}`).sort())
    const rich = encode({ options, model: at({ labels: true, serviceTiers: ["flex"] }) }).body
    expect(rich).toMatchObject({ labels: { team: "x" }, serviceTier: "flex" })
  })

  test.each<[string, CallOptions, string]>([["more than one candidate", { candidates: 2 }, "unsupported"]])(
    "%s is refused",
    (_name, options, code) => {
      expect(() => encode({ options })).toThrow(expect.objectContaining({ code }))
    },
  )

  test("one without a word is refused, one that warms a cache there is none", () => {
    expect(() => encode({ messages: [user(" ")] })).toThrow(expect.objectContaining({ code: "invalid_request" }))
    expect(() => googleGenerativeAi.encode({ ...callOf(), op: "prewarm" })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    )
  })

  test("the caller's own fields come last, those of a configuration beside ours", () => {
    const wire = {
      "google-generative-ai": {
        safetySettings: [{ category: "c", threshold: "OFF" }],
        generationConfig: { mediaResolution: "MEDIA_RESOLUTION_LOW" },
        systemInstruction: undefined,
      },
    }
    const { body } = encode({ options: { wire, temperature: 0 }, context: { systemPrompt: "s" } })
    expect(body).not.toHaveProperty("systemInstruction")
    expect(body).toMatchObject({
      safetySettings: [{ category: "c", threshold: "OFF" }],
      generationConfig: { temperature: 0, mediaResolution: "MEDIA_RESOLUTION_LOW" },
    })
  })

  test("a cached prompt stands for the system prompt and the tools", () => {
    const wire = { "google-generative-ai": { cachedContent: "cachedContents/x" } }
    const { body, losses } = encode({
      options: { wire, toolChoice: "required" },
      context: { systemPrompt: "s", tools },
    })
    expect(Object.keys(body)).toEqual(["contents", "cachedContent"])
    expect(losses).toEqual(["dropped systemPrompt", "dropped tools", "dropped options.toolChoice"])
  })

  test("a model that makes pictures is asked for them", () => {
    expect(encode({ model: { output: ["text", "image"] } }).body["generationConfig"]).toEqual({
      responseModalities: ["TEXT", "IMAGE"],
    })
  })
})

describe("turns", () => {
  test("instructions at the head join the system prompt, later ones stand as the user's", () => {
    const { body, losses } = encode({
      messages: [{ role: "developer", content: "first" }, user("q"), { role: "developer", content: "later" }],
    })
    expect(body["systemInstruction"].parts).toEqual([{ text: "first" }])
    expect(body["contents"].map((one: { role: string }) => one.role)).toEqual(["user", "user"])
    expect(losses).toEqual(["approximated messages[0]", "approximated messages[2].role"])
  })

  test("a model without a system prompt gets it in the user's first turn", () => {
    const { body, losses } = encode({ model: at({ systemInstruction: false }), context: { systemPrompt: ["s", " "] } })
    expect(body["contents"]).toEqual([{ role: "user", parts: [{ text: "s" }, { text: "hi" }] }])
    expect(losses).toEqual(["approximated systemPrompt"])
  })

  test("and in a turn of its own where the conversation begins with something else", () => {
    const result = { role: "toolResult", toolCallId: "1", toolName: "f", content: "r" } as const
    for (const first of [assistant([{ type: "text", text: "a" }]), result]) {
      const { body } = encode({
        model: at({ systemInstruction: false }),
        context: { systemPrompt: "s", messages: [first, user("q")] },
      })
      expect(body["contents"][0]).toEqual({ role: "user", parts: [{ text: "s" }] })
      expect(body["contents"]).toHaveLength(3)
    }
  })

  test("two answers in a row are kept apart", () => {
    const { body, losses } = encode({
      messages: [
        user("q"),
        assistant([{ type: "text", text: "a" }]),
        assistant([{ type: "text", text: "b" }]),
        user("r"),
      ],
    })
    expect(body["contents"].map((one: { role: string }) => one.role)).toEqual([
      "user",
      "model",
      "user",
      "model",
      "user",
    ])
    expect(losses).toEqual(["injected messages[2]"])
  })

  test("media are bytes or addresses", () => {
    const { body, losses } = encode({
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { data: "aGk=", mimeType: "image/webp" } },
            { type: "audio", source: { data: "aGk=", mimeType: "audio/wav" } },
            { type: "document", source: { url: "https://x.invalid/a.pdf?v=1" }, title: "t" },
            { type: "document", source: { fileId: "https://host.invalid/v1beta/files/1" } },
            { type: "document", source: { text: "plain" } },
          ],
        },
      ],
    })
    expect(body["contents"][0].parts).toEqual([
      { inlineData: { mimeType: "image/webp", data: "aGk=" } },
      { inlineData: { mimeType: "audio/wav", data: "aGk=" } },
      { fileData: { mimeType: "application/pdf", fileUri: "https://x.invalid/a.pdf?v=1" } },
      { fileData: { fileUri: "https://host.invalid/v1beta/files/1" } },
      { text: "plain" },
    ])
    expect(losses).toContain("dropped messages[0].content[2].title")
    expect(losses).toContain("approximated messages[0].content[4]")
  })

  test("an earlier answer goes back part by part", () => {
    const code = { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "c2ln" }
    const { body, losses } = encode({
      messages: [
        user("q"),
        assistant([
          { type: "native", api: "google-generative-ai", item: code },
          { type: "text", text: "a", citations: [{ uri: "u" }] },
          { type: "native", api: "google-generative-ai", item: { groundingMetadata: {} } },
        ]),
        user("r"),
      ],
    })
    expect(body["contents"][1].parts).toEqual([code, { text: "a" }])
    expect(losses).toEqual(["dropped messages[1].content[1].citations", "dropped messages[1].content[2]"])
  })

  test("a signature that is none, or another model's, stays behind", () => {
    const signed = (value: string, model = "gemini") =>
      encode({
        messages: [
          user("q"),
          assistant([
            {
              type: "text",
              text: "a",
              signature: { value, issuer: { api: "google-generative-ai", provider: "google", model } },
            },
          ]),
          user("r"),
        ],
      }).body["contents"][1].parts[0]
    expect(signed("c2ln")).toEqual({ text: "a", thoughtSignature: "c2ln" })
    for (const part of [signed("c2l"), signed("not base64!!"), signed("c2ln", "other")])
      expect(part).toEqual({ text: "a" })
  })
})

describe("tools and output", () => {
  test("functions stand in one list, the host's own tools beside it", () => {
    const { body } = encode({
      context: {
        tools: [
          ...tools,
          { type: "native", api: "google-generative-ai", item: { googleSearch: {} } },
          { type: "custom", name: "g" },
        ],
      },
    })
    expect(body["tools"]).toHaveLength(2)
    expect(body["tools"][0].functionDeclarations.map((one: { name: string }) => one.name)).toEqual(["f", "g"])
    expect(body["tools"][1]).toEqual({ googleSearch: {} })
  })

  test("arguments stream where the host can, and a stream is asked for", () => {
    const config = (fields: CallFields) =>
      encode({ context: { tools }, model: at({ streamArguments: true }), ...fields }).body["toolConfig"]
    expect(config({})).toEqual({ functionCallingConfig: { streamFunctionCallArguments: true } })
    expect(config({ stream: false })).toBeUndefined()
    expect(config({ known: { "google-generative-ai.noStreamArguments": true } })).toBeUndefined()
  })

  test("a format is a type and a schema, in the form that the host takes", () => {
    const schema = { type: "object", properties: { a: { type: "string" }, b: { type: "string" } }, required: ["a"] }
    const output = { type: "jsonSchema", schema } as const
    expect(encode({ options: { output } }).body["generationConfig"]).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: schema,
    })
    expect(encode({ options: { output }, model: at({ schemas: "openapi" }) }).body["generationConfig"]).toEqual({
      responseMimeType: "application/json",
      responseSchema: { ...schema, propertyOrdering: ["a", "b"] },
    })
    expect(encode({ options: { output: { type: "json" } } }).body["generationConfig"]).toEqual({
      responseMimeType: "application/json",
    })
  })

  test("where a format cannot stand beside tools it is asked for in words", () => {
    const output = { type: "json" } as const
    const { body, losses } = encode({ options: { output }, context: { tools }, model: at({ outputWithTools: false }) })
    expect(body).not.toHaveProperty("generationConfig")
    expect(body["systemInstruction"].parts[0].text).toContain("JSON")
    expect(losses).toEqual(["approximated options.output"])
    expect(encode({ options: { output }, model: at({ outputWithTools: false }) }).losses).toEqual([])
  })
})

describe("thinking", () => {
  const config = (options: CallOptions, model: Partial<Model> = {}) =>
    encode({ options, model }).body["generationConfig"]?.thinkingConfig
  const budget: Partial<Model> = {
    thinking: { mode: "budget", efforts: ["low", "high"], budgets: { low: 2048, high: 9000 } },
  }
  const level: Partial<Model> = { thinking: { mode: "effort", efforts: ["low", "high"], mandatory: true } }

  test("a model that thinks shows it unless that is not wanted", () => {
    expect(config({}, level)).toEqual({ includeThoughts: true })
    expect(config({ showThinking: false }, level)).toBeUndefined()
    expect(config({})).toBeUndefined()
  })

  test("a number of tokens wins over the level's own, and stands for a level where there are none", () => {
    expect(config({ reasoning: "high" }, budget)).toEqual({ includeThoughts: true, thinkingBudget: 9000 })
    expect(config({ reasoning: "high", thinkingBudget: 7700 }, budget)).toEqual({
      includeThoughts: true,
      thinkingBudget: 7700,
    })
    expect(config({ thinkingBudget: 20_000 }, level)).toEqual({ includeThoughts: true, thinkingLevel: "HIGH" })
  })

  test("a level without a number is left to a model that takes numbers, and no thinking is its least", () => {
    const thinking = { mode: "budget", efforts: ["low"] } as const
    const { body, losses } = encode({ options: { reasoning: "low" }, model: { thinking } })
    expect(body["generationConfig"].thinkingConfig).toEqual({ includeThoughts: true, thinkingBudget: -1 })
    expect(losses).toEqual(["approximated options.reasoning"])
    const mandatory = { thinking: { ...thinking, mandatory: true } }
    expect(config({ reasoning: "off" }, mandatory)).toEqual({ includeThoughts: false })
  })

  test("levels of other wires are no levels here", () => {
    const thinking = { mode: "adaptive", efforts: ["low", "high"], budgets: { low: 4096 } } as const
    expect(config({ reasoning: "low" }, { thinking })).toEqual({ includeThoughts: true, thinkingBudget: 4096 })
  })

  test("a model of which nothing is known decides for itself", () => {
    const { body, losses } = encode({ options: { reasoning: "low" }, model: { assumed: ["thinking: unknown"] } })
    expect(body["generationConfig"].thinkingConfig).toEqual({ includeThoughts: true, thinkingBudget: -1 })
    expect(losses).toEqual(["approximated options.reasoning"])
    expect(encode({ options: { reasoning: "low" } }).losses).toEqual(["dropped options.reasoning"])
  })
})

describe("operations", () => {
  test("a count takes the turns, and at the Gemini API the whole request where there is more", () => {
    const count = googleGenerativeAi.operations?.countTokens
    const plain = count?.encode(callOf({ model: at({ countsRequests: true }) }))
    expect(plain).toMatchObject({ path: "/models/gemini:countTokens", body: { contents: [{ role: "user" }] } })
    const fields = { context: { systemPrompt: "s", tools } }
    const whole = count?.encode(callOf({ ...fields, model: at({ countsRequests: true }) }))
    expect(Object.keys(whole?.body as object)).toEqual(["generateContentRequest"])
    expect(whole?.body).toMatchObject({ generateContentRequest: { model: "models/gemini", tools: [{}] } })
    expect(Object.keys(count?.encode(callOf(fields)).body as object)).toEqual([
      "contents",
      "systemInstruction",
      "tools",
    ])
    expect(() => count?.decode({})).toThrow(/totalTokens/)
  })

  test("models that can be talked to are listed by their ids", () => {
    const { models } = googleGenerativeAi.operations ?? {}
    expect(models?.encode().path).toBe("/models?pageSize=1000")
    expect(
      models?.decode({
        models: [
          {
            name: "models/gemini-x",
            displayName: "X",
            inputTokenLimit: 10,
            outputTokenLimit: 5,
            supportedGenerationMethods: ["generateContent"],
          },
          { name: "models/embedding", supportedGenerationMethods: ["embedContent"] },
        ],
      }),
    ).toEqual([{ id: "gemini-x", name: "X", contextWindow: 10, maxTokens: 5 }])
    expect(models?.decode({ publisherModels: [{ name: "publishers/google/models/g" }] })).toEqual([{ id: "g" }])
  })
})

test("the traits hold for the ids that calls get", () => {
  expect(googleGenerativeAi.traits.toolCallId.pattern.test("call_0000000000000001")).toBe(true)
  expect(modelOf().api).toBe(googleGenerativeAi.api)
})
