import type { AssistantMessage, Context, FunctionTool, InboundCall, Message } from "@sluice/ai"
import { SluiceError } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { googleGenerativeAiServer } from "./server.ts"
import { seal } from "../server-seal.ts"

const user = (...parts: object[]): object => ({ role: "user", parts })
const model = (...parts: object[]): object => ({ role: "model", parts })
const HI = user({ text: "hi" })

function accept(body: unknown, call = "p/m:generateContent", query = ""): InboundCall {
  return googleGenerativeAiServer.accept({
    route: "/v1/models/:call{.+:[A-Za-z]+}",
    params: { call },
    query: new URLSearchParams(query),
    headers: new Headers({ "x-session-affinity": "s1" }),
    body,
    raw: new Uint8Array(),
  })
}

const messagesOf = (...contents: object[]): readonly Message[] => accept({ contents }).context.messages
const answerOf = (...contents: object[]): AssistantMessage["content"] =>
  messagesOf(HI, ...contents).flatMap((message) => (message.role === "assistant" ? message.content : []))
const lossesOf = (body: object): string[] =>
  accept({ contents: [HI], ...body }).losses.map((loss) => `${loss.kind} ${loss.field}`)
const toolsOf = (tools: unknown): Context["tools"] => accept({ contents: [HI], tools }).context.tools
const optionsOf = (config: object, more: object = {}): InboundCall["options"] =>
  accept({ contents: [HI], generationConfig: config, ...more }).options

function refusal(run: () => unknown): SluiceError {
  try {
    run()
  } catch (error) {
    if (SluiceError.is(error)) return error as SluiceError
    throw error
  }
  throw new Error("It was accepted.")
}

describe("the path", () => {
  test.each([
    ["m:generateContent", "m", "generate", false],
    ["p/m:streamGenerateContent", "p/m", "generate", true],
    ["models/p/m:countTokens", "p/m", "countTokens", false],
    ["ollama/qwen3:8b:generateContent", "ollama/qwen3:8b", "generate", false],
  ])("%s", (call, name, op, stream) => {
    expect(accept({ contents: [HI] }, call)).toMatchObject({ model: name, op, stream, affinity: "s1" })
  })

  test.each(["m:embedContent", "m", "", ":generateContent", " :generateContent", "models/:generateContent"])(
    "%j is not found",
    (call) => {
      const error = refusal(() => accept({ contents: [HI] }, call))
      expect(error).toMatchObject({ code: "unsupported", status: 404 })
      expect(error.hint).toContain("streamGenerateContent")
    },
  )

  test.each([
    ["alt=sse", "sse"],
    ["alt=SSE&unknown=1", "sse"],
    ["", "json-array"],
    ["alt=json", "json-array"],
  ])("with %j a stream is %s", (query, framing) => {
    expect(accept({ contents: [HI] }, "m:streamGenerateContent", query).framing).toBe(framing)
  })
})

describe("contents", () => {
  test("a role that is missing is the user's, and one object stands for a list of one", () => {
    expect(accept({ contents: { parts: { text: "hi" } } }).context.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "hi" }] },
    ])
  })

  test.each(["skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="])(
    "the word for a signature that nobody has is none: %s",
    (thoughtSignature) => {
      expect(answerOf(model({ functionCall: { name: "f" }, thoughtSignature }))[0]).not.toHaveProperty("signature")
    },
  )

  test("bytes are in the plain alphabet and to their full length, whichever a client writes", () => {
    const dataOf = (data: string): unknown => {
      const [message] = messagesOf(user({ inlineData: { mimeType: "image/png", data } }))
      const [block] = Array.isArray(message?.content) ? message.content : []
      return block?.type === "image" && "data" in block.source ? block.source.data : undefined
    }
    expect(["_-8=", "_-8", "/+8=", "AAAA"].map(dataOf)).toEqual(["/+8=", "/+8=", "/+8=", "AAAA"])
  })

  test("names may be spelled in snake_case", () => {
    const call = accept({
      system_instruction: { parts: [{ text: "s" }] },
      contents: [user({ inline_data: { mime_type: "image/png", data: "AA==" } })],
      generation_config: { max_output_tokens: 5, thinking_config: { include_thoughts: true } },
      tools: [{ function_declarations: [{ name: "f" }], google_search: {} }],
      tool_config: { function_calling_config: { mode: "ANY" } },
    })
    expect(call.context).toMatchObject({
      systemPrompt: [{ type: "text", text: "s" }],
      messages: [{ content: [{ type: "image", source: { data: "AA==", mimeType: "image/png" } }] }],
      tools: [{ name: "f" }, { type: "native", item: { googleSearch: {} } }],
    })
    expect(call.options).toMatchObject({ maxTokens: 5, showThinking: true, toolChoice: "required" })
    expect(call.losses).toEqual([])
  })

  test("media by their type; what only the vendor reads or plays stays with it", () => {
    const video = { fileData: { fileUri: "https://x.invalid/v.mp4", mimeType: "video/mp4" } }
    const cut = { inlineData: { mimeType: "audio/wav", data: "AA==" }, videoMetadata: { fps: 1 } }
    const file = "https://generativelanguage.googleapis.com/v1beta/files/a"
    expect(
      messagesOf(
        user(
          { inlineData: { mimeType: "application/pdf", data: "AA==", displayName: "t" } },
          { inlineData: { mimeType: "audio/wav", data: "AA==" } },
          { fileData: { fileUri: "https://x.invalid/a.png", mimeType: "image/png" } },
          { fileData: { fileUri: file, mimeType: "application/pdf" } },
          { fileData: { fileUri: "gs://b/a.png", mimeType: "image/png" } },
          video,
          cut,
          {},
        ),
      ),
    ).toEqual([
      {
        role: "user",
        content: [
          { type: "document", source: { data: "AA==", mimeType: "application/pdf" }, title: "t" },
          { type: "audio", source: { data: "AA==", mimeType: "audio/wav" } },
          { type: "image", source: { url: "https://x.invalid/a.png", mimeType: "image/png" } },
          { type: "document", source: { fileId: file } },
          { type: "image", source: { fileId: "gs://b/a.png" } },
          { type: "native", api: "google-generative-ai", item: video },
          { type: "native", api: "google-generative-ai", item: cut },
        ],
      },
    ])
  })

  test("turns of the model that follow each other are one answer, their pieces put together", () => {
    const turns = [
      model({ text: "Let ", thought: true }),
      model({ text: "me.", thought: true }),
      model({ text: "", thought: true, thoughtSignature: "c2ln" }),
      model({ text: "He" }),
      model({ text: "llo" }, { text: "again" }),
      model({ text: "" }),
    ]
    expect(answerOf(...turns)).toEqual([
      { type: "thinking", thinking: "Let me.", signature: { value: "c2ln" } },
      { type: "text", text: "Hello" },
      { type: "text", text: "again" },
    ])
    expect(messagesOf(HI, ...turns, HI).map((message) => message.role)).toEqual(["user", "assistant", "user"])
  })

  test("signatures stand on what they came with; the word for a missing one is none", () => {
    expect(
      answerOf(
        model(
          { text: "a", thoughtSignature: "dGV4dA==" },
          { functionCall: { name: "f", args: {} }, thoughtSignature: "c2ln" },
          { functionCall: { name: "f", args: {} }, thoughtSignature: "skip_thought_signature_validator" },
          { text: "", thoughtSignature: "bG9uZQ==" },
        ),
      ),
    ).toEqual([
      { type: "text", text: "a", signature: { value: "dGV4dA==" } },
      { type: "toolCall", id: "call_1", name: "f", arguments: {}, signature: { value: "c2ln" } },
      { type: "toolCall", id: "call_2", name: "f", arguments: {} },
      { type: "native", api: "google-generative-ai", item: { text: "", thoughtSignature: "bG9uZQ==" } },
    ])
  })

  test("WO-123: a call without arguments has none", () => {
    expect(answerOf(model({ functionCall: { name: "f" } }))).toMatchObject([{ type: "toolCall", arguments: {} }])
  })

  test("WO-124: calls without ids are counted, and their results found by name", () => {
    const contents = [
      HI,
      model({ functionCall: { name: "f" } }, { functionCall: { name: "g" } }, { functionCall: { name: "f" } }),
      { role: "function", parts: ["f", "f", "g"].map((name) => ({ functionResponse: { name, response: {} } })) },
      model({ functionCall: { name: "f" } }),
      user({ functionResponse: { name: "f", response: {} } }),
    ]
    const messages = messagesOf(...contents)
    expect(messages.flatMap((one) => (one.role === "toolResult" ? [one.toolCallId] : []))).toEqual([
      "call_1",
      "call_3",
      "call_2",
      "call_4",
    ])
    expect(messagesOf(...contents)).toEqual(messages)
  })

  test("results by their ids, in their place among what the user says", () => {
    expect(
      messagesOf(
        HI,
        model({ functionCall: { id: "a", name: "f" } }, { functionCall: { id: "b", name: "g" } }),
        user(
          { text: "before" },
          { functionResponse: { id: "b", name: "g", response: { error: "no" } } },
          { functionResponse: { id: "a", name: "f", response: { output: { x: 1 } } } },
          { text: "behind" },
        ),
      ).slice(2),
    ).toEqual([
      { role: "user", content: [{ type: "text", text: "before" }] },
      {
        role: "toolResult",
        toolCallId: "b",
        toolName: "g",
        content: [{ type: "text", text: "no" }],
        isError: true,
      },
      { role: "toolResult", toolCallId: "a", toolName: "f", content: [{ type: "text", text: '{"x":1}' }] },
      { role: "user", content: [{ type: "text", text: "behind" }] },
    ])
  })

  test.each([
    [{ output: "x" }, [{ type: "text", text: "x" }]],
    [{ output: "" }, []],
    [{}, []],
    [{ result: "x" }, [{ type: "text", text: '{"result":"x"}' }]],
    [{ output: "x", more: 1 }, [{ type: "text", text: '{"output":"x","more":1}' }]],
  ])("the result %j", (response, content) => {
    expect(messagesOf(HI, user({ functionResponse: { name: "f", response } })).at(-1)).toMatchObject({ content })
  })

  test("media of a result", () => {
    const parts = [{ inlineData: { mimeType: "image/png", data: "AA==" } }]
    expect(messagesOf(user({ functionResponse: { name: "f", response: { output: "" }, parts } }))).toMatchObject([
      { content: [{ type: "text", text: "" }, { type: "image" }] },
    ])
  })

  test("a picture of the model's keeps its signature", () => {
    const inlineData = { mimeType: "image/png", data: "AA==" }
    expect(answerOf(model({ inlineData, thoughtSignature: "c2ln" }))).toEqual([
      { type: "image", source: inlineData, signature: { value: "c2ln" } },
    ])
  })

  test("parts that are not known are kept", () => {
    const part = { executableCode: { language: "PYTHON", code: "1" } }
    expect(answerOf(model(part))).toEqual([{ type: "native", api: "google-generative-ai", item: part }])
  })
})

describe("what was sealed", () => {
  const issuer = { api: "anthropic-messages", provider: "p", model: "m" }
  const opaque = { value: "sig", issuer }
  const sealed = seal({
    thoughts: [
      { type: "thinking", thinking: "Let me. ", opaque },
      { type: "redactedThinking", opaque },
      { type: "thinking", thinking: "Yes.", field: "reasoning" },
    ],
    own: { value: "call", issuer },
  })
  const revealed = [
    { type: "thinking", thinking: "Let me. ", signature: opaque },
    { type: "redactedThinking", data: opaque },
    { type: "thinking", thinking: "Yes.", field: "reasoning" },
    { type: "toolCall", id: "call_1", name: "f", arguments: {}, signature: { value: "call", issuer } },
  ]
  const call = (thoughtSignature: string): object => ({ functionCall: { name: "f" }, thoughtSignature })

  test("stands in front of the part that carried it", () => {
    expect(answerOf(model(call(sealed)))).toEqual(revealed)
  })

  test("takes the place of the same thinking in the open, whole or in pieces", () => {
    const shown = [model({ text: "Let me. ", thought: true }), model({ text: "Yes.", thought: true })]
    expect(answerOf(...shown, model(call(sealed)))).toEqual(revealed)
  })

  test("leaves other thinking where it is", () => {
    expect(answerOf(model({ text: "Other.", thought: true }, call(sealed)))).toEqual([
      { type: "thinking", thinking: "Other." },
      ...revealed,
    ])
  })

  test("is read in the alphabet for addresses too", () => {
    expect(answerOf(model(call(sealed.replaceAll("+", "-").replaceAll("/", "_"))))).toEqual(revealed)
  })

  test("and is spoiled is left out, and that is told", () => {
    const { context, losses } = accept({ contents: [HI, model(call(`${sealed.slice(0, -9)}!`))] })
    expect(context.messages[1]).toMatchObject({ content: [{ type: "toolCall" }] })
    expect(losses).toMatchObject([{ kind: "dropped", field: "contents[1].parts[0].thoughtSignature" }])
  })
})

describe("tools", () => {
  test("functions of all entries, and every tool that the host runs", () => {
    expect(
      toolsOf([
        { functionDeclarations: [{ name: "f", description: "d" }, { name: "g" }], codeExecution: {} },
        { urlContext: {} },
      ]),
    ).toEqual([
      { name: "f", description: "d", parameters: { type: "object", properties: {} } },
      { name: "g", parameters: { type: "object", properties: {} } },
      { type: "native", api: "google-generative-ai", item: { codeExecution: {} } },
      { type: "native", api: "google-generative-ai", item: { urlContext: {} } },
    ])
    expect(toolsOf([])).toEqual([])
    expect(toolsOf(undefined)).toBeUndefined()
  })

  test("schemas of the API's own kind become JSON Schema", () => {
    const parameters = {
      type: "OBJECT",
      propertyOrdering: ["b", "a"],
      required: ["a"],
      properties: {
        a: { type: "STRING", nullable: true, enum: ["x"], description: "d", example: "x" },
        b: { type: "ARRAY", items: { type: "INTEGER" }, minItems: "1" },
        type: { anyOf: [{ type: "NUMBER" }, { type: "BOOLEAN" }], nullable: true },
        nullable: { type: "TYPE_UNSPECIFIED" },
      },
    }
    const [tool] = toolsOf([{ functionDeclarations: [{ name: "f", parameters }] }]) ?? []
    expect(tool).toEqual({
      name: "f",
      parameters: {
        type: "object",
        required: ["a"],
        properties: {
          a: { type: ["string", "null"], enum: ["x", null], description: "d", examples: ["x"] },
          b: { type: "array", items: { type: "integer" }, minItems: 1 },
          type: { anyOf: [{ type: "number" }, { type: "boolean" }, { type: "null" }] },
          nullable: {},
        },
      },
    })
    expect(Object.keys((tool as FunctionTool).parameters["properties"] as object)).toEqual([
      "b",
      "a",
      "type",
      "nullable",
    ])
  })

  test("JSON Schema stays as it is", () => {
    const parametersJsonSchema = { type: "OBJECT", nullable: true }
    expect(toolsOf([{ functionDeclarations: [{ name: "f", parametersJsonSchema }] }])).toMatchObject([
      { parameters: parametersJsonSchema },
    ])
  })

  test("what describes results, or does not wait for them, is told as lost", () => {
    const declared = { name: "f", response: {}, responseJsonSchema: {}, behavior: "NON_BLOCKING" }
    expect(lossesOf({ tools: [{ functionDeclarations: [declared] }] })).toEqual([
      "dropped tools[0].functionDeclarations[0].response",
      "dropped tools[0].functionDeclarations[0].responseJsonSchema",
      "dropped tools[0].functionDeclarations[0].behavior",
    ])
  })

  const tools = [{ functionDeclarations: [{ name: "f" }, { name: "g" }, { name: "h" }] }]
  test.each([
    [{ mode: "AUTO" }, "auto", 3],
    [{ mode: "NONE" }, "none", 3],
    [{ mode: "any" }, "required", 3],
    [{ mode: "ANY", allowedFunctionNames: ["g"] }, { name: "g" }, 3],
    [{ mode: "ANY", allowedFunctionNames: ["g", "h"] }, "required", 2],
    [{ mode: "VALIDATED" }, "auto", 3],
    [{ mode: "MODE_UNSPECIFIED" }, undefined, 3],
    [{}, undefined, 3],
  ])("the choice %j", (functionCallingConfig, choice, offered) => {
    const call = accept({ contents: [HI], tools, toolConfig: { functionCallingConfig } })
    expect(call.options.toolChoice).toEqual(choice)
    expect(call.context.tools).toHaveLength(offered)
  })

  test("what else is configured goes to hosts of the same wire", () => {
    const retrievalConfig = { languageCode: "de" }
    const toolConfig = { retrievalConfig, functionCallingConfig: { mode: "ANY" } }
    expect(accept({ contents: [HI], tools, toolConfig }).options).toMatchObject({
      toolChoice: "required",
      wire: { "google-generative-ai": { toolConfig: { retrievalConfig } } },
    })
  })
})

describe("settings", () => {
  test("numbers, also as texts", () => {
    expect(
      optionsOf({
        temperature: 0.5,
        topP: "0.9",
        topK: 40,
        maxOutputTokens: "100",
        seed: 1,
        presencePenalty: 0.1,
        frequencyPenalty: 0.2,
        candidateCount: 1,
        stopSequences: ["x"],
        responseLogprobs: true,
        logprobs: 3,
      }),
    ).toEqual({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxTokens: 100,
      seed: 1,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      stop: ["x"],
      logprobs: 3,
      showThinking: false,
    })
  })

  test.each([
    [undefined, { showThinking: false }],
    [{ includeThoughts: true }, { showThinking: true }],
    [{ thinkingLevel: "HIGH" }, { reasoning: "high", showThinking: false }],
    [{ thinkingLevel: "THINKING_LEVEL_UNSPECIFIED" }, { showThinking: false }],
    [{ thinkingBudget: 0 }, { reasoning: "off", showThinking: false }],
    [
      { thinkingBudget: 5000, includeThoughts: true },
      { reasoning: "medium", thinkingBudget: 5000, showThinking: true },
    ],
    [
      { thinkingBudget: -1 },
      {
        reasoning: "medium",
        showThinking: false,
        wire: { "google-generative-ai": { generationConfig: { thinkingConfig: { thinkingBudget: -1 } } } },
      },
    ],
  ])("thinking as %j", (thinkingConfig, options) => {
    expect(optionsOf({ thinkingConfig })).toEqual(options)
  })

  test.each([
    [{ responseMimeType: "text/plain" }, { type: "text" }],
    [{ responseMimeType: "application/json" }, { type: "json" }],
    [
      { responseMimeType: "application/json", responseSchema: { type: "OBJECT" } },
      { type: "jsonSchema", schema: { type: "object" } },
    ],
    [
      { responseJsonSchema: { type: "object", $id: "x" } },
      { type: "jsonSchema", schema: { type: "object", $id: "x" } },
    ],
    [{}, undefined],
  ])("the output %j", (config, output) => {
    expect(optionsOf(config).output).toEqual(output)
  })

  test("what only this wire has goes to its hosts as it came", () => {
    const speechConfig = { voiceConfig: {} }
    const safetySettings = [{ category: "c", threshold: "OFF" }]
    expect(optionsOf({ speechConfig, topK: 1, responseModalities: ["AUDIO"] }, { safetySettings }).wire).toEqual({
      "google-generative-ai": {
        generationConfig: { speechConfig, responseModalities: ["AUDIO"] },
        safetySettings,
      },
    })
    expect(optionsOf({ responseModalities: ["TEXT"] }).wire).toBeUndefined()
  })

  test("a word out of a list goes to them alone", () => {
    const config = { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: ["a"] } }
    expect(optionsOf(config)).toEqual({
      showThinking: false,
      wire: { "google-generative-ai": { generationConfig: config } },
    })
    expect(lossesOf({ generationConfig: config })).toEqual(["dropped generationConfig.responseMimeType"])
  })

  test("the tier, labels, and a field that nobody knows", () => {
    expect(optionsOf({}, { serviceTier: "PRIORITY", labels: { a: "b" } })).toMatchObject({
      serviceTier: "priority",
      metadata: { a: "b" },
    })
    expect(lossesOf({ x_y: 1, model: "m" })).toEqual(["dropped xY"])
  })

  test("a cached prompt is known to its host alone, and is no earlier response", () => {
    const call = accept({ contents: [HI], cachedContent: "cachedContents/a" })
    expect(call.onlyPassed).toEqual({ field: "cachedContent", value: "cachedContents/a" })
    expect(call.previous).toBeUndefined()
    expect(call.options.wire).toEqual({ "google-generative-ai": { cachedContent: "cachedContents/a" } })
  })
})

describe("what is counted", () => {
  test("is a conversation, or a whole request", () => {
    const whole = { generateContentRequest: { contents: [HI], tools: [{ functionDeclarations: [{ name: "f" }] }] } }
    expect(accept({ contents: [HI] }, "m:countTokens").context.messages).toHaveLength(1)
    expect(accept(whole, "m:countTokens").context).toMatchObject({ messages: [{}], tools: [{ name: "f" }] })
  })
})

describe("what is refused, by the name of its field", () => {
  test.each([
    ["body", []],
    ["contents", {}],
    ["contents", { contents: [] }],
    ["contents", { contents: "hi" }],
    ["contents[0]", { contents: [1] }],
    ["contents[0].role", { contents: [{ role: "system", parts: [] }] }],
    ["contents[0].parts", { contents: [{ parts: "x" }] }],
    ["contents[0].parts[0].text", { contents: [user({ text: 1 })] }],
    ["contents[0].parts[0].inlineData.mimeType", { contents: [user({ inlineData: { data: "" } })] }],
    ["contents[0].parts[0].fileData.fileUri", { contents: [user({ fileData: {} })] }],
    ["contents[0].parts[0].functionCall.name", { contents: [model({ functionCall: {} })] }],
    ["contents[0].parts[0].functionCall.args", { contents: [model({ functionCall: { name: "f", args: "{}" } })] }],
    ["contents[0].parts[0].functionResponse.response", { contents: [user({ functionResponse: { response: 1 } })] }],
    ["systemInstruction.parts[0].text", { contents: [HI], systemInstruction: { parts: [{ text: 1 }] } }],
    ["tools[0].functionDeclarations[0].name", { contents: [HI], tools: [{ functionDeclarations: [{}] }] }],
    ["tools[0].functionDeclarations[0].name", { contents: [HI], tools: [{ functionDeclarations: [{ name: "" }] }] }],
    [
      "toolConfig.functionCallingConfig.mode",
      { contents: [HI], toolConfig: { functionCallingConfig: { mode: "SOME" } } },
    ],
    ["generationConfig.temperature", { contents: [HI], generationConfig: { temperature: "warm" } }],
    ["generationConfig.maxOutputTokens", { contents: [HI], generationConfig: { maxOutputTokens: 0 } }],
    [
      "generationConfig.thinkingConfig.thinkingLevel",
      { contents: [HI], generationConfig: { thinkingConfig: { thinkingLevel: "VERY" } } },
    ],
    [
      "generationConfig.thinkingConfig.includeThoughts",
      { contents: [HI], generationConfig: { thinkingConfig: { includeThoughts: "yes" } } },
    ],
  ])("%s", (param, body) => {
    const error = refusal(() => accept(body))
    expect(error).toMatchObject({ code: "invalid_request", param })
    expect(error.message.startsWith(param)).toBe(true)
  })

  test("WO-159: a cached prompt without a name", () => {
    expect(refusal(() => accept({ contents: [HI], cachedContent: " " })).param).toBe("cachedContent")
  })
})
