import type { DocumentBlock, ImageBlock, Message } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import {
  assistant,
  called,
  callOf,
  encode,
  known,
  modelOf,
  result,
  TOOL,
  user,
} from "../../../../../tests/support/bedrock-converse-stream.ts"
import { bedrockConverseStream } from "./client.ts"

const CLAUDE = known("us.anthropic.claude-sonnet-4-5-20250929-v1:0")
const NOVA2 = known("us.amazon.nova-2-lite-v1:0")
const LLAMA = known("meta.llama3-3-70b-instruct-v1:0")
const SCHEMA = { type: "object", properties: { a: { type: "string" } }, required: ["a"] }

test("a plain call", () => {
  const request = bedrockConverseStream.encode(
    callOf({
      model: CLAUDE,
      context: { systemPrompt: "Be brief.", tools: [TOOL] },
      options: { temperature: 0.5, maxTokens: 100, stop: ["END", " "], toolChoice: "auto", cacheRetention: "none" },
    }),
  )
  expect(request).toMatchObject({
    path: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
    headers: { "content-type": "application/json", accept: "application/vnd.amazon.eventstream" },
  })
  expect(request.body).toEqual({
    messages: [{ role: "user", content: [{ text: "hi" }] }],
    system: [{ text: "Be brief." }],
    inferenceConfig: { maxTokens: 100, temperature: 0.5, stopSequences: ["END"] },
    toolConfig: {
      tools: [{ toolSpec: { name: "f", description: "Does it", inputSchema: { json: TOOL.parameters } } }],
      toolChoice: { auto: {} },
    },
  })
  expect(request.losses).toEqual([{ field: "options.stop", kind: "dropped", reason: expect.any(String) }])
})

test("not streamed it is Converse, and an ARN is one segment of the path", () => {
  const model = modelOf({ id: "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a!b" })
  expect(encode({ model, stream: false }).path).toBe(
    "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Aapplication-inference-profile%2Fa%21b/converse",
  )
})

test("what is counted is the conversation alone, of the model and not of its profile", () => {
  const { encode: count, decode } = bedrockConverseStream.operations?.countTokens ?? {}
  const request = count?.(
    callOf({ model: CLAUDE, context: { systemPrompt: "s", tools: [TOOL] }, options: { maxTokens: 5 } }),
  )
  expect(request?.path).toBe("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens")
  const { input } = JSON.parse(JSON.stringify(request?.body)) as { input: { converse: object } }
  expect(Object.keys(input.converse)).toEqual(["messages", "system", "toolConfig"])
  expect(decode?.({ inputTokens: 18 })).toEqual({ inputTokens: 18, provenance: "reported" })
  expect(() => decode?.({})).toThrow("inputTokens")
})

test.each([
  [{ candidates: 2 }, "unsupported"],
  [{ reasoning: "low" as const, maxTokens: 1500 }, undefined],
])("options that cannot be: %j", (options, code) => {
  const run = () => encode({ model: CLAUDE, options })
  if (code) expect(run).toThrow(expect.objectContaining({ code }))
  else expect(run().body["inferenceConfig"].maxTokens).toBeGreaterThan(1500)
})

test("betas of Anthropic's header are a field of its models, and of no other", () => {
  const headers = { "Anthropic-Beta": "a-2025, interleaved-thinking-2025-05-14" }
  const model = { ...CLAUDE, headers: { "anthropic-beta": "b-2025" } }
  const context = { tools: [TOOL] }
  const own = (asked: Parameters<typeof encode>[0]): unknown =>
    (encode(asked).body["additionalModelRequestFields"] as Record<string, unknown> | undefined)?.["anthropic_beta"]
  expect(own({ model, context, options: { headers, reasoning: "low" } })).toEqual([
    "interleaved-thinking-2025-05-14",
    "b-2025",
    "a-2025",
  ])
  expect(own({ model: CLAUDE })).toBeUndefined()
  expect(encode({ model: LLAMA, options: { headers } }).losses).toEqual(["dropped options.headers"])
  expect(own({ model: LLAMA, options: { headers } })).toBeUndefined()
})

describe("turns", () => {
  const roles = (body: { messages: { role: string }[] }): string => body.messages.map(({ role }) => role[0]).join("")

  test("alternate, begin and end with the user", () => {
    const messages = [
      assistant([{ type: "text", text: "a" }]),
      assistant([{ type: "text", text: "b" }]),
      user("c"),
      user("d"),
      assistant([{ type: "text", text: "e" }]),
    ]
    const { body, losses } = encode({ messages })
    expect(roles(body as never)).toBe("uauauau")
    expect(body["messages"][4].content).toEqual([{ text: "c" }, { text: "d" }])
    expect(losses.filter((loss) => loss.startsWith("injected"))).toHaveLength(3)
  })

  test("results that follow each other, and what the user says next, are one turn", () => {
    const messages = [
      user("q"),
      assistant([called("a"), called("b")], { stopReason: "toolUse" }),
      result("a", "one"),
      result("b", "", true),
      user("go on"),
    ]
    const { body } = encode({ messages, context: { tools: [TOOL] } })
    expect(body["messages"][2]).toEqual({
      role: "user",
      content: [
        { toolResult: { toolUseId: "a", content: [{ text: "one" }], status: "success" } },
        { toolResult: { toolUseId: "b", content: [{ text: "Tool failed with no output." }], status: "error" } },
        { text: "go on" },
      ],
    })
  })

  test("a model that takes no status of results is not sent one", () => {
    const messages = [user("q"), assistant([called("a")], { stopReason: "toolUse" }), result("a", "r", true)]
    const { body, losses } = encode({ model: LLAMA, messages, context: { tools: [TOOL] } })
    expect(body["messages"][2].content[0].toolResult).toEqual({ toolUseId: "a", content: [{ text: "r" }] })
    expect(losses).toContain("dropped messages[2].isError")
  })

  test("instructions at the head join the system prompt; later ones stand as the user's", () => {
    const developer = (content: string): Message => ({ role: "developer", content })
    const { body, losses } = encode({
      messages: [developer("Be kind."), user("q"), developer("Now.")],
      context: { systemPrompt: ["Be brief."] },
    })
    expect(body["system"]).toEqual([{ text: "Be brief." }, { text: "Be kind." }])
    expect(body["messages"]).toEqual([{ role: "user", content: [{ text: "q" }, { text: "Now." }] }])
    expect(losses).toEqual(["approximated messages[2].role", "approximated messages[0]"])
  })

  test("a model without a system prompt gets it before the user's words", () => {
    const model = modelOf({ compat: { converse: { system: false } } })
    const { body } = encode({ model, context: { systemPrompt: "s" } })
    expect(body["system"]).toBeUndefined()
    expect(body["messages"][0].content).toEqual([{ text: "s" }, { text: "hi" }])
  })

  test("nothing to say is an error that names the field", () => {
    expect(() => encode({ messages: [user(" ")] })).toThrow(
      expect.objectContaining({ code: "invalid_request", param: "messages" }),
    )
  })

  test("calls stand last in their turn, whose text is well-formed", () => {
    const block = { ...called("a"), arguments: { x: "\ud800" } } as never
    const messages = [
      user("q"),
      assistant([block, { type: "text", text: "t" }], { stopReason: "toolUse" }),
      result("a"),
    ]
    const { body } = encode({ messages, context: { tools: [TOOL] } })
    expect(body["messages"][1].content).toEqual([
      { text: "t" },
      { toolUse: { toolUseId: "a", name: "f", input: { x: "\ufffd" } } },
    ])
  })

  test("a call whose text was no JSON keeps it in an object", () => {
    const block = { ...called("a"), rawArguments: "{oops" } as never
    const messages = [user("q"), assistant([block], { stopReason: "toolUse" }), result("a")]
    const { body } = encode({ messages, context: { tools: [TOOL] } })
    expect(body["messages"][1].content[0].toolUse.input).toEqual({ raw_arguments: "{oops" })
  })
})

describe("media", () => {
  const image = (source: ImageBlock["source"]): ImageBlock => ({ type: "image", source })
  const document = (fields: Partial<DocumentBlock>): DocumentBlock => ({
    type: "document",
    source: { data: "eA==", mimeType: "application/pdf" },
    ...fields,
  })
  const sent = (...content: (ImageBlock | DocumentBlock)[]) =>
    encode({ messages: [{ role: "user", content: [{ type: "text", text: "see" }, ...content] }] })

  test.each([
    [
      { data: "eA==", mimeType: "IMAGE/JPG; q=1" },
      { format: "jpeg", source: { bytes: "eA==" } },
    ],
    [
      { data: "eA==", mimeType: "image/webp" },
      { format: "webp", source: { bytes: "eA==" } },
    ],
    [{ url: "s3://b/x.png" }, { format: "png", source: { s3Location: { uri: "s3://b/x.png" } } }],
  ])("an image from %j", (source, wanted) => {
    expect(sent(image(source)).body["messages"][0].content[1]).toEqual({ image: wanted })
  })

  test.each([
    [{ url: "https://x/y.png" }, "[image: https://x/y.png]"],
    [{ data: "eA==", mimeType: "image/bmp" }, "[unsupported image: image/bmp]"],
    [{ fileId: "f" }, "[unsupported image: a file]"],
  ])("an image that the API does not take: %j", (source, note) => {
    const { body, losses } = sent(image(source))
    expect(body["messages"][0].content[1]).toEqual({ text: note })
    expect(losses).toEqual(["approximated messages[0].content[1]"])
  })

  test("names of documents have few signs, and each name once", () => {
    const { body, losses } = sent(
      document({ title: "Report  Q1_2025.pdf" }),
      document({ title: "Report Q1-2025-pdf" }),
      document({}),
      document({ source: { text: "grüß" }, title: "n", context: "c", citations: true }),
    )
    const names = body["messages"][0].content
      .slice(1)
      .map((block: { document: { name: string } }) => block.document.name)
    expect(names).toEqual(["Report Q1-2025-pdf", "Report Q1-2025-pdf (2)", "document", "n"])
    expect(body["messages"][0].content[4].document).toEqual({
      name: "n",
      format: "txt",
      source: { bytes: "Z3LDvMOf" },
      context: "c",
      citations: { enabled: true },
    })
    expect(losses).toEqual([
      "approximated messages[0].content[1].title",
      "approximated messages[0].content[2].title",
      "injected messages[0].content[3].title",
    ])
  })

  test("a long name is cut, also with its number", () => {
    const title = "n".repeat(300)
    const { body } = sent(document({ title }), document({ title }))
    for (const { document: one } of body["messages"][0].content.slice(1)) expect(one.name).toHaveLength(200)
  })

  test("a document alone gets a text beside it", () => {
    const { body, losses } = encode({ messages: [{ role: "user", content: [document({ title: "a" })] }] })
    expect(body["messages"][0].content).toHaveLength(2)
    expect(losses).toEqual(["injected messages"])
  })
})

describe("tools and choice", () => {
  const tools = [TOOL]
  test.each([
    [CLAUDE, "required", { any: {} }, []],
    [CLAUDE, { name: "f" }, { tool: { name: "f" } }, []],
    [LLAMA, "required", { auto: {} }, ["approximated options.toolChoice"]],
    [known("mistral.mistral-large-2407-v1:0"), { name: "f" }, { any: {} }, ["approximated options.toolChoice"]],
  ] as const)("%#: a choice as the model takes it", (model, toolChoice, wanted, lost) => {
    const { body, losses } = encode({ model, context: { tools }, options: { toolChoice } })
    expect(body["toolConfig"].toolChoice).toEqual(wanted)
    expect(losses).toEqual(lost)
  })

  test("a schema without a type is an object's, and a blank description is left out", () => {
    const { body } = encode({ context: { tools: [{ name: "g", description: " ", parameters: {} }] } })
    expect(body["toolConfig"].tools).toEqual([{ toolSpec: { name: "g", inputSchema: { json: { type: "object" } } } }])
  })

  test("strict tools where the model takes them", () => {
    const strict = [{ ...TOOL, strict: true }]
    expect(encode({ context: { tools: strict } }).losses).toEqual(["dropped tools[0].strict"])
    const model = modelOf({ compat: { converse: { strictTools: true } } })
    expect(encode({ model, context: { tools: strict } }).body["toolConfig"].tools[0].toolSpec.strict).toBe(true)
  })

  test("a strict tool is closed as its model's vendor wants it; one that is open is not strict", () => {
    const model = modelOf({ compat: { converse: { strictTools: true } } })
    const parameters = { type: "object", properties: { a: { type: "string", minLength: 1 } }, required: ["a"] }
    const map = { type: "object", properties: {}, additionalProperties: { type: "string" } }
    const strict = [
      { name: "f", parameters, strict: true },
      { name: "g", parameters: map, strict: true },
    ]
    const { body, losses } = encode({ model, context: { tools: strict } })
    expect(body["toolConfig"].tools.map(({ toolSpec }: { toolSpec: unknown }) => toolSpec)).toEqual([
      {
        name: "f",
        inputSchema: {
          json: {
            ...parameters,
            properties: { a: { type: "string", description: "{minLength: 1}" } },
            additionalProperties: false,
          },
        },
        strict: true,
      },
      { name: "g", inputSchema: { json: map } },
    ])
    expect(losses).toEqual(["approximated tools[0].parameters", "dropped tools[1].strict"])
    const known = encode({
      model,
      context: { tools: strict },
      known: { "bedrock-converse-stream.noStrictTools": true },
    }).body["toolConfig"].tools
    expect(known).toMatchObject([{ toolSpec: { inputSchema: { json: parameters } } }, {}])
    expect(JSON.stringify(known)).not.toContain("strict")
  })

  test("a union at a schema's root is told in words, and an older draft in those of the new one", () => {
    const older = { type: "object", properties: { p: { type: "array", items: [{ type: "string" }] } } }
    const tools = [
      { name: "f", parameters: { anyOf: [{ required: ["a"] }], description: "d" } },
      { name: "g", parameters: older },
    ]
    const { body, losses } = encode({ context: { tools } })
    expect(body["toolConfig"].tools).toMatchObject([
      { toolSpec: { inputSchema: { json: { type: "object", description: 'd\n\n{anyOf: [{"required":["a"]}]}' } } } },
      { toolSpec: { inputSchema: { json: { properties: { p: { prefixItems: [{ type: "string" }] } } } } } },
    ])
    expect(losses).toEqual(["approximated tools[0].parameters"])
  })

  test("tools of the wire itself and grammar tools", () => {
    const native = {
      type: "native" as const,
      api: "bedrock-converse-stream",
      item: { systemTool: { name: "nova_grounding" } },
    }
    const foreign = { type: "native" as const, api: "openai-responses", item: { type: "web_search" } }
    const custom = { type: "custom" as const, name: "c", description: "d" }
    const { body, losses } = encode({ context: { tools: [native, foreign, custom] } })
    expect(body["toolConfig"].tools).toMatchObject([
      { systemTool: { name: "nova_grounding" } },
      { toolSpec: { name: "c", inputSchema: { json: { required: ["input"] } } } },
    ])
    expect(losses).toEqual(["dropped tools[1]", "approximated tools[2]"])
  })
})

describe("the shape of the answer", () => {
  const output = { type: "jsonSchema" as const, name: "City", schema: SCHEMA }

  test("by the host, where it can", () => {
    const { body, losses } = encode({ model: CLAUDE, options: { output } })
    const { jsonSchema } = body["outputConfig"].textFormat.structure
    expect(jsonSchema).toEqual({ name: "City", schema: JSON.stringify({ ...SCHEMA, additionalProperties: false }) })
    expect(losses).toEqual([])
    const loose = { ...output, schema: { type: "object", properties: { a: { type: "string", minLength: 1 } } } }
    expect(encode({ model: CLAUDE, options: { output: loose } }).losses).toEqual(["approximated options.output.schema"])
  })

  test("by a forced tool, else by asking for it", () => {
    const forced = encode({ options: { output } })
    expect(forced.body["toolConfig"].toolChoice).toEqual({ tool: { name: "structured_output" } })
    expect(forced.losses).toEqual(["approximated options.output"])
    for (const fields of [
      { options: { output }, context: { tools: [TOOL] } },
      { options: { output }, model: LLAMA },
    ]) {
      expect(encode(fields).body["system"][0].text).toContain(JSON.stringify(SCHEMA))
    }
    expect(encode({ options: { output: { type: "json" } } }).body["system"][0].text).toContain("JSON alone")
  })
})

describe("thinking", () => {
  test("Claude by a budget, with room for the answer and without sampling", () => {
    const { body, losses } = encode({
      model: CLAUDE,
      options: { reasoning: "low", maxTokens: 3000, temperature: 1, topK: 5 },
    })
    expect(body["additionalModelRequestFields"]).toEqual({
      thinking: { type: "enabled", budget_tokens: 4096, display: "summarized" },
    })
    expect(body["inferenceConfig"]).toEqual({ maxTokens: 8096 })
    expect(losses).toEqual(["approximated options.maxTokens", "dropped options.temperature", "dropped options.topK"])
  })

  test("with tools, Claude is asked to think between its calls", () => {
    const { body } = encode({ model: CLAUDE, context: { tools: [TOOL] }, options: { reasoning: "low" } })
    expect(body["additionalModelRequestFields"].anthropic_beta).toEqual(["interleaved-thinking-2025-05-14"])
  })

  test("newer Claude by a level", () => {
    const { body } = encode({ model: known("us.anthropic.claude-opus-4-6-v1"), options: { reasoning: "max" } })
    expect(body["additionalModelRequestFields"]).toEqual({
      thinking: { type: "adaptive" },
      output_config: { effort: "max" },
    })
  })

  test("Claude that takes both is given a budget alone", () => {
    const { body } = encode({
      model: known("us.anthropic.claude-opus-4-5-20251101-v1:0"),
      options: { reasoning: "low" },
    })
    expect(Object.keys(body["additionalModelRequestFields"])).toEqual(["thinking"])
  })

  test("Nova by a level, at whose highest there is no limit", () => {
    const low = encode({ model: NOVA2, options: { reasoning: "low", maxTokens: 100 } })
    expect(low.body["additionalModelRequestFields"]).toEqual({
      reasoningConfig: { type: "enabled", maxReasoningEffort: "low" },
    })
    expect(low.body["inferenceConfig"]).toEqual({ maxTokens: 100 })
    const high = encode({ model: NOVA2, options: { reasoning: "high", maxTokens: 100 } })
    expect(high.body["inferenceConfig"]).toBeUndefined()
    expect(high.losses).toEqual(["dropped options.maxTokens"])
    const off = encode({ model: NOVA2, options: { reasoning: "off" } })
    expect(off.body["additionalModelRequestFields"]).toEqual({ reasoningConfig: { type: "disabled" } })
  })

  test("gpt-oss by its effort, which it always has", () => {
    const model = known("openai.gpt-oss-120b-1:0")
    const { body, losses } = encode({ model, options: { reasoning: "off" } })
    expect(body["additionalModelRequestFields"]).toEqual({ reasoning_effort: "low" })
    expect(losses).toEqual(["approximated options.reasoning"])
  })

  test("a model that is not known to think is not asked to", () => {
    const { body, losses } = encode({ options: { reasoning: "high" } })
    expect(body["additionalModelRequestFields"]).toBeUndefined()
    expect(losses).toEqual(["dropped options.reasoning"])
  })

  test("what is too little for an answer is an error", () => {
    const model = modelOf({ ...CLAUDE, maxTokens: 1500 })
    expect(() => encode({ model, options: { reasoning: "low" } })).toThrow(
      expect.objectContaining({ param: "maxTokens" }),
    )
  })
})

describe("sampling", () => {
  test("a model that takes one of the two", () => {
    const { body, losses } = encode({ model: CLAUDE, options: { temperature: 1.5, topP: 0.5 } })
    expect(body["inferenceConfig"]).toMatchObject({ temperature: 1 })
    expect(body["inferenceConfig"]).not.toHaveProperty("topP")
    expect(losses).toEqual(["approximated options.temperature", "dropped options.topP"])
  })

  test.each([
    [CLAUDE, { top_k: 5 }],
    [known("amazon.nova-lite-v1:0"), { inferenceConfig: { topK: 5 } }],
  ])("%#: topK in the words of the family", (model, wanted) => {
    expect(encode({ model, options: { topK: 5 } }).body["additionalModelRequestFields"]).toEqual(wanted)
  })

  test("a model that takes none, and options without a field", () => {
    const options = { temperature: 0, topP: 1, topK: 3, seed: 1, user: "u", minP: 0.1 }
    const { losses } = encode({ model: known("anthropic.claude-opus-4-7"), options })
    expect(losses).toEqual(
      ["temperature", "topP", "topK", "minP", "seed", "user"].map((name) => `dropped options.${name}`),
    )
  })
})

describe("what stands beside the conversation", () => {
  test.each([
    ["priority", { serviceTier: { type: "priority" } }],
    ["standard", { serviceTier: { type: "default" } }],
    ["fast", { performanceConfig: { latency: "optimized" } }],
    ["auto", {}],
  ])("the tier %s", (serviceTier, wanted) => {
    const { messages: _messages, ...rest } = encode({ options: { serviceTier } }).body
    expect(rest).toEqual(wanted)
  })

  test("a tier that is none is named", () => {
    expect(encode({ options: { serviceTier: "gold" } }).losses).toEqual(["dropped options.serviceTier"])
  })

  test("metadata of few plain characters", () => {
    const { body, losses } = encode({ options: { metadata: { team: "a b", n: 1, bad: "ü", "": "x" } } })
    expect(body["requestMetadata"]).toEqual({ team: "a b", n: "1" })
    expect(losses).toEqual(["dropped options.metadata.bad", "dropped options.metadata."])
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, "v"]))
    expect(Object.keys(encode({ options: { metadata: many } }).body["requestMetadata"])).toHaveLength(16)
  })

  test("a guardrail and other fields of the caller; those of the model are merged", () => {
    const guardrailConfig = { guardrailIdentifier: "g", guardrailVersion: "1", trace: "enabled" }
    const { body } = encode({
      model: CLAUDE,
      options: {
        reasoning: "low",
        wire: {
          "bedrock-converse-stream": {
            guardrailConfig,
            additionalModelRequestFields: { mine: 1 },
            inferenceConfig: undefined,
          },
        },
      },
    })
    expect(body["guardrailConfig"]).toEqual(guardrailConfig)
    expect(body["additionalModelRequestFields"]).toMatchObject({ mine: 1, thinking: { type: "enabled" } })
    expect(body).not.toHaveProperty("inferenceConfig")
  })
})

describe("cache points", () => {
  const point = { cachePoint: { type: "default" } }

  test("behind the last turn of the user and the system prompt, where the model is known to take them", () => {
    const { body } = encode({ model: CLAUDE, context: { systemPrompt: "s" } })
    expect(body["system"]).toEqual([{ text: "s" }, point])
    expect(body["messages"][0].content).toEqual([{ text: "hi" }, point])
    const unknown = encode({ context: { systemPrompt: "s" } })
    expect(JSON.stringify(unknown.body)).not.toContain("cachePoint")
    const none = encode({ model: CLAUDE, options: { cacheRetention: "none" } })
    expect(JSON.stringify(none.body)).not.toContain("cachePoint")
  })

  test("the caller's own marks are sent to any model, and no others", () => {
    const tools = [{ ...TOOL, cache: "short" as const }]
    const messages: Message[] = [
      {
        role: "user",
        content: [
          { type: "text", text: "a", cache: "short" },
          { type: "text", text: "b" },
        ],
      },
    ]
    const { body } = encode({ messages, context: { tools, systemPrompt: "s" } })
    expect(body["messages"][0].content).toEqual([{ text: "a" }, point, { text: "b" }])
    expect(body["toolConfig"].tools[1]).toEqual(point)
    expect(body["system"]).toEqual([{ text: "s" }])
    const nova = encode({ model: known("amazon.nova-lite-v1:0"), messages, context: { tools } })
    expect(nova.body["toolConfig"].tools).toHaveLength(1)
    expect(nova.losses).toContain("dropped tools.cache")
  })
})
