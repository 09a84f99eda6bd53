import { classify, type AssistantMessageEvent, type Call, type Message, type ToolResultMessage } from "@sluice/ai"
import { vertexEndpoint, vertexSettings } from "@sluice/ai/endpoints/vertex"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { resolveModel, type GoogleCompat, type Model } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { assistant, callOf, chunk, decode, encode, end, modelOf, user } from "../support/google-generative-ai.ts"

const at = (google: GoogleCompat): Partial<Model> => ({ compat: { google } })
const call = (id: string, name = "f", more: object = {}) =>
  ({ type: "toolCall", id, name, arguments: {}, ...more }) as const
const result = (toolCallId: string, fields: Partial<ToolResultMessage> = {}): ToolResultMessage => ({
  role: "toolResult",
  toolCallId,
  toolName: "f",
  content: "ok",
  ...fields,
})
const own = { api: "google-generative-ai", provider: "google", model: "gemini" }
const image = { type: "image", source: { data: "aGk=", mimeType: "image/png" } } as const
const schemaOf = (parameters: Record<string, unknown>, google: GoogleCompat = {}) => {
  const { body, losses } = encode({ model: at(google), context: { tools: [{ name: "f", parameters }] } })
  const { parametersJsonSchema, parameters: legacy } = body["tools"][0].functionDeclarations[0]
  return { schema: parametersJsonSchema ?? legacy, losses }
}
const withProperty = (property: unknown, google?: GoogleCompat) =>
  schemaOf({ type: "object", properties: { a: property } }, google).schema.properties.a
const partsOf = (messages: readonly Message[], model?: Partial<Model>) =>
  encode({ messages, ...(model ? { model } : {}) }).body["contents"].flatMap(
    (content: { parts: unknown }) => content.parts,
  )

describe("an answer's end", () => {
  test("WO-112: a stream without a finish reason was cut", () => {
    const message = decode([chunk([{ text: "half" }])])
    expect(message.error).toMatchObject({ code: "stream_incomplete", retryable: true })
    expect(message.content).toMatchObject([{ type: "text", text: "half" }])
  })

  test("WO-113: an error inside the stream counts with its own number", () => {
    const message = decode([
      chunk([{ text: "half" }]),
      { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } },
      end(),
    ])
    expect(message.error).toMatchObject({ code: "overloaded", status: 503, message: "The model is overloaded." })
  })

  test("WO-114: a blocked prompt is no empty answer, and is not asked again", () => {
    const message = decode([{ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 4 } }])
    expect(message.error).toMatchObject({ code: "content_blocked", retryable: false })
    expect(message.stopDetails).toEqual({ type: "refusal", category: "SAFETY" })
    expect(message.usage).toMatchObject({ input: 4, provenance: "reported" })
  })

  test("WO-115: a filter that stops the answer behind a whole call still makes it a failure", () => {
    const message = decode([chunk([{ functionCall: { name: "f", args: {} } }]), end("SAFETY")])
    expect(message).toMatchObject({ stopReason: "error", error: { code: "content_blocked" } })
  })

  test.each([
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "IMAGE_SAFETY",
    "NO_IMAGE",
    "FINISH_REASON_UNSPECIFIED",
  ])("WO-116: a failure names its finish reason (%s)", (reason) => {
    expect(decode([chunk([{ text: "a" }]), end(reason)]).error?.message).toContain(reason)
  })

  test("WO-117: a call that the model spelled wrong may be asked for again", () => {
    const { error } = decode([end("MALFORMED_FUNCTION_CALL")])
    expect(error).toMatchObject({ code: "stream_malformed", retryable: true })
  })

  test("WO-148: an answer that a filter stopped before its first word is no empty one", () => {
    expect(decode([end("SAFETY")]).error).toMatchObject({ code: "content_blocked", retryable: false })
  })
})

describe("an answer's parts", () => {
  test("WO-118: an empty text at the end opens no block", () => {
    const events: AssistantMessageEvent[] = []
    const message = decode([chunk([{ functionCall: { name: "f", args: {} } }]), end("STOP", [{ text: "" }])], {
      onEvents: (batch) => events.push(...batch),
    })
    expect(message.content.map((block) => block.type)).toEqual(["toolCall"])
    expect(events.some((event) => event.type === "text_start")).toBe(false)
  })

  test("WO-119: a signature on an empty text belongs to what stands open", () => {
    const { content } = decode([chunk([{ text: "a" }]), end("STOP", [{ text: "", thoughtSignature: "c2ln" }])])
    expect(content).toEqual([{ type: "text", text: "a", signature: { value: "c2ln", issuer: own } }])
  })

  test("WO-120: a call's signature is the call's", () => {
    const { content } = decode([
      chunk([{ text: "a", thoughtSignature: "dGV4" }]),
      end("STOP", [{ functionCall: { name: "f", args: {} }, thoughtSignature: "Y2Fs" }]),
    ])
    expect(content).toMatchObject([
      { signature: { value: "dGV4" } },
      { type: "toolCall", signature: { value: "Y2Fs" } },
    ])
  })

  test("WO-121: the last signature that is none of an empty text counts", () => {
    const { content } = decode([
      chunk([{ text: "a", thought: true, thoughtSignature: "b25l" }]),
      chunk([{ text: "b", thought: true, thoughtSignature: "dHdv" }]),
      chunk([{ text: "c", thought: true }]),
      end("STOP", [{ text: "d", thought: true, thoughtSignature: "" }, { text: "e" }]),
    ])
    expect(content).toMatchObject([
      { type: "thinking", thinking: "abcd", signature: { value: "dHdv" } },
      { type: "text", text: "e" },
    ])
  })

  test("WO-123: a call without arguments has none", () => {
    expect(decode([end("STOP", [{ functionCall: { name: "f" } }])])).toMatchObject({
      stopReason: "toolUse",
      content: [{ type: "toolCall", name: "f", arguments: {} }],
    })
  })

  test("WO-124: a call without an id, or with that of another, gets one of its own", () => {
    const { content } = decode([
      end("STOP", [
        { functionCall: { name: "f", id: "a" } },
        { functionCall: { name: "f", id: "a" } },
        { functionCall: { name: "f" } },
      ]),
    ])
    const ids = content.map((block) => (block.type === "toolCall" ? block.id : ""))
    expect(ids[0]).toBe("a")
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).not.toBe("")
  })
})

describe("signatures in requests", () => {
  test("WO-122: a call without a signature gets a word that stands for one, where the model wants one", () => {
    const messages = [user("q"), assistant([call("1")]), result("1")]
    const { body, losses } = encode({ messages, model: at({ needsSignatures: true }) })
    expect(body["contents"][1].parts[0].thoughtSignature).toBe("skip_thought_signature_validator")
    expect(losses).toContain("injected messages[1].content[0].signature")
    expect(encode({ messages }).body["contents"][1].parts[0]).not.toHaveProperty("thoughtSignature")
  })

  test("WO-122: calls beside a signed one need none", () => {
    const signed = call("1", "f", { signature: { value: "c2ln", issuer: own } })
    const parts = partsOf(
      [user("q"), assistant([signed, call("2")]), result("1"), result("2")],
      at({ needsSignatures: true }),
    )
    expect(parts[1].thoughtSignature).toBe("c2ln")
    expect(parts[2]).not.toHaveProperty("thoughtSignature")
  })

  test("WO-128: thinking that the model would pass over stands as text", () => {
    const unsigned = [
      user("q"),
      assistant([
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "a" },
      ]),
      user("r"),
    ]
    const foreign: Message[] = [
      user("q"),
      assistant([
        { type: "thinking", thinking: "hm", signature: { value: "c2ln", issuer: { ...own, model: "other" } } },
        { type: "text", text: "a" },
      ]),
      user("r"),
    ]
    for (const messages of [unsigned, foreign]) {
      const [, thought, text] = partsOf(messages)
      expect(thought.text).toContain("hm")
      expect(thought).not.toHaveProperty("thought")
      expect(thought).not.toHaveProperty("thoughtSignature")
      expect(text).toEqual({ text: "a" })
    }
  })

  test("WO-128: thinking goes back as it came where the turn carries what the model reads of it", () => {
    const signature = { value: "c2ln", issuer: own }
    const parts = partsOf([
      user("q"),
      assistant([
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "a", signature },
      ]),
      user("r"),
    ])
    expect(parts.slice(1, 3)).toEqual([
      { text: "hm", thought: true },
      { text: "a", thoughtSignature: "c2ln" },
    ])
  })
})

describe("calls and results in requests", () => {
  test("WO-125: the results of one batch share a turn, and their images stand behind it", () => {
    const messages: Message[] = [
      user("q"),
      assistant([call("1"), call("2", "g")]),
      result("1", { content: [{ type: "text", text: "one" }, image] }),
      result("2", { toolName: "g", content: [image] }),
      user("r"),
    ]
    const { contents } = encode({ messages }).body as { contents: { role: string; parts: Record<string, unknown>[] }[] }
    expect(contents.map(({ role }) => role)).toEqual(["user", "model", "user", "user", "user"])
    expect(contents[2]?.parts).toEqual([
      { functionResponse: { name: "f", response: { output: "one" } } },
      { functionResponse: { name: "g", response: { output: "(see attached image)" } } },
    ])
    const inline = { inlineData: { mimeType: "image/png", data: "aGk=" } }
    expect(contents[3]?.parts).toEqual([{ text: "Tool result image:" }, inline, inline])
    const within = encode({ messages, model: at({ mediaInToolResult: true }) }).body["contents"]
    expect(within).toHaveLength(4)
    expect(within[2].parts[0].functionResponse.parts).toEqual([inline])
  })

  test("WO-127: ids go only to hosts that take them", async () => {
    const messages = [user("q"), assistant([call("a1")]), result("a1", { isError: true, content: "no" })]
    const vertex = await resolveModel("google-vertex/gemini-3-pro-preview")
    const gemini = await resolveModel("google/gemini-3-pro-preview")
    const older = await resolveModel("google/gemini-2.5-pro")
    for (const model of [vertex, older]) expect(JSON.stringify(encode({ messages, model }).body)).not.toContain('"id"')
    const parts = partsOf(messages, gemini)
    expect(parts[1].functionCall.id).toBe("a1")
    expect(parts[2].functionResponse).toEqual({ name: "f", response: { error: "no" }, id: "a1" })
  })

  test("WO-126: the default of how tools are called goes without a word", () => {
    const tools = [{ name: "f", parameters: { type: "object" } }]
    expect(encode({ context: { tools }, options: { toolChoice: "auto" } }).body).not.toHaveProperty("toolConfig")
    expect(encode({ context: { tools } }).body).not.toHaveProperty("toolConfig")
    const mode = (toolChoice: NonNullable<Call["options"]["toolChoice"]>) =>
      encode({ context: { tools }, options: { toolChoice } }).body["toolConfig"].functionCallingConfig
    expect(mode("none")).toEqual({ mode: "NONE" })
    expect(mode("required")).toEqual({ mode: "ANY" })
    expect(mode({ name: "f" })).toEqual({ mode: "ANY", allowedFunctionNames: ["f"] })
  })
})

describe("schemas", () => {
  test("WO-129: what the host refuses becomes part of the description, for every form", () => {
    for (const schemas of ["json", "openapi", "flat"] as const) {
      const { schema, losses } = schemaOf(
        {
          $schema: "https://json-schema.org/draft/2020-12/schema",
          type: "object",
          additionalProperties: false,
          properties: { n: { type: "integer", minimum: 1, description: "a number" }, s: { type: ["string"] } },
        },
        { schemas },
      )
      expect(JSON.stringify(schema)).not.toMatch(/additionalProperties|\$schema/)
      expect(schema.properties.n).toEqual({ type: "integer", description: "a number\n\n{minimum: 1}" })
      expect(schema.properties.s).toEqual({ type: "string" })
      expect(losses).toContain("approximated tools[0].parameters")
    }
  })

  test("WO-130: a property may be called like a keyword", () => {
    const { schema } = schemaOf({
      type: "object",
      properties: {
        properties: { type: "object", properties: { pattern: { type: "string" }, any_of: { type: "string" } } },
      },
      required: ["properties"],
    })
    expect(schema).toEqual({
      type: "object",
      properties: {
        properties: { type: "object", properties: { pattern: { type: "string" }, any_of: { type: "string" } } },
      },
      required: ["properties"],
    })
  })

  test("WO-131: a union that becomes one type keeps that type's keywords only", () => {
    const union = {
      anyOf: [
        { type: "array", items: { type: "string" } },
        { type: "string", enum: ["a"] },
      ],
    }
    expect(withProperty(union, { schemas: "flat" })).toEqual({ type: "string", enum: ["a"] })
    expect(withProperty(union)).toEqual(union)
  })

  test("WO-132: a schema that is true or false is written as an object", () => {
    expect(withProperty(true)).toEqual({})
    expect(withProperty(false)).toEqual({ not: {} })
  })

  test("WO-133: a list of values that are not all texts is described instead", () => {
    expect(withProperty({ enum: [1, 2] })).toEqual({ type: "integer", description: "{enum: [1,2]}" })
    expect(withProperty({ enum: ["a", 1] })).not.toHaveProperty("enum")
    expect(withProperty({ const: "a" })).toEqual({ enum: ["a"], type: "string" })
  })

  test("WO-134: a schema that stands in two places is no circle, one that holds itself is cut off", () => {
    const shared = { type: "object", properties: { x: { type: "string" } } }
    const { schema } = schemaOf({ type: "object", properties: { a: shared, b: shared } })
    expect(schema.properties.b).toEqual(shared)
    const tree = schemaOf({
      $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" }, v: { type: "string" } } } },
      $ref: "#/$defs/node",
    }).schema
    expect(tree).toEqual({ type: "object", properties: { next: {}, v: { type: "string" } } })
  })

  test("WO-135: a schema that cannot be written costs its own tool only", () => {
    let deep: Record<string, unknown> = { type: "string" }
    for (let i = 0; i < 20; i++) deep = { type: "object", properties: { a: deep, b: deep } }
    const good = { type: "object", properties: { a: { type: "string" } } }
    const { body, losses } = encode({
      context: {
        tools: [
          { name: "bad", parameters: deep },
          { name: "good", parameters: good },
        ],
      },
    })
    expect(
      body["tools"][0].functionDeclarations.map((one: { parametersJsonSchema: unknown }) => one.parametersJsonSchema),
    ).toEqual([{ type: "object", properties: {} }, good])
    expect(losses).toEqual(["dropped tools[0].parameters"])
  })

  test("WO-136: null beside a type is a mark of it, and of no use to models that know no null", () => {
    expect(withProperty({ type: ["string", "null"] })).toEqual({ nullable: true, type: "string" })
    expect(withProperty({ anyOf: [{ type: "integer" }, { type: "null" }] })).toEqual({
      type: "integer",
      nullable: true,
    })
    const flat = schemaOf(
      { type: "object", properties: { a: { type: ["string", "null"] }, b: { type: "string" } }, required: ["a", "b"] },
      { schemas: "flat" },
    ).schema
    expect(flat).toEqual({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      required: ["b"],
    })
  })
})

describe("thinking", () => {
  const thinkingOf = async (name: string, options: Call["options"]) => {
    const { body, losses } = encode({ model: await resolveModel(name), options })
    return { config: body["generationConfig"]?.thinkingConfig, losses }
  }

  test("WO-137: hidden thinking keeps its level", async () => {
    expect(
      (await thinkingOf("google/gemini-3-flash-preview", { reasoning: "high", showThinking: false })).config,
    ).toEqual({
      includeThoughts: false,
      thinkingLevel: "HIGH",
    })
    expect((await thinkingOf("google/gemini-2.5-flash", { reasoning: "low", showThinking: false })).config).toEqual({
      includeThoughts: false,
      thinkingBudget: 2048,
    })
  })

  test("a host that does not know levels gets the tokens that they stand for", async () => {
    const model = await resolveModel("google/gemini-3-pro-preview")
    const known = { "google-generative-ai.noThinkingLevel": true }
    expect(encode({ model, options: { reasoning: "high" }, known }).body["generationConfig"].thinkingConfig).toEqual({
      includeThoughts: true,
      thinkingBudget: 24_576,
    })
  })

  test("Claude behind Google's own wire is asked for tokens, whatever it takes elsewhere", async () => {
    for (const id of ["claude-sonnet-4-5", "claude-opus-4-7", "claude-opus-5"]) {
      const { config } = await thinkingOf(`google-antigravity/${id}`, { reasoning: "high" })
      expect(config).toEqual({ includeThoughts: true, thinkingBudget: 16_384 })
    }
  })

  test("WO-138: no thinking is asked for in so many words", async () => {
    expect((await thinkingOf("google/gemini-2.5-flash", { reasoning: "off" })).config.thinkingBudget).toBe(0)
    expect((await thinkingOf("google/gemini-3-flash-preview", { reasoning: "off" })).config.thinkingLevel).toBe(
      "MINIMAL",
    )
    const pro = await thinkingOf("google/gemini-2.5-pro", { reasoning: "off" })
    expect(pro.config.thinkingBudget).toBe(128)
    expect(pro.losses).toContain("approximated options.reasoning")
  })

  test("WO-141: the level in the middle is never asked of a model that has only the two beside it", async () => {
    const { config, losses } = await thinkingOf("google/gemini-3-pro-preview", { reasoning: "medium" })
    expect(config.thinkingLevel).toBe("LOW")
    expect(losses).toEqual(["approximated options.reasoning"])
    expect((await thinkingOf("google/gemini-3-pro-preview", { reasoning: "max" })).config.thinkingLevel).toBe("HIGH")
  })
})

describe("errors", () => {
  const errorOf = (status: number, message: string, word: string, details: unknown[] = []) =>
    classify(
      googleGenerativeAi.readError(
        { status, headers: new Headers(), channel: "http" },
        {
          error: { code: status, message, status: word, details },
        },
      ),
    )

  test.each([
    ["WO-142", "You have exhausted your capacity on this model. Your quota will reset after 18h31m10s."],
    ["WO-143", "Individual quota reached. Please upgrade."],
  ])("%s: an allowance that is used up is the account's", (_row, message) => {
    expect(errorOf(429, message, "RESOURCE_EXHAUSTED")).toMatchObject({ code: "quota_exhausted", scope: "credential" })
  })

  test("WO-160: the message is what the vendor says, not the body", () => {
    const error = errorOf(400, "API key not valid.", "INVALID_ARGUMENT", [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" },
    ])
    expect(error).toMatchObject({ code: "auth_invalid", message: "API key not valid.", status: 400 })
  })

  test("WO-163: too many requests at a time are waited for, and no other account is taken", () => {
    const error = errorOf(429, "Online prediction concurrent requests quota exceeded for region.", "RESOURCE_EXHAUSTED")
    expect(error).toMatchObject({ code: "concurrency_limited", scope: "host" })
  })
})

describe("Vertex", () => {
  const key = { kind: "key", id: "k", secret: "s" } as const
  const token = { kind: "oauth", id: "t", secret: "s", projectId: "p" } as const
  const vertex = async () => modelOf(await resolveModel("google-vertex/gemini-2.5-flash"))
  const dressed = async (
    settings: Parameters<typeof vertexEndpoint>[0],
    credential: typeof key | typeof token,
    known: Call["known"] = {},
  ) => {
    const one = callOf({ model: await vertex(), known })
    return vertexEndpoint(settings).dress(googleGenerativeAi.encode(one), one, credential)
  }

  test.each([
    [{}, "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/"],
    [
      { location: "us-east5" },
      "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/google/models/",
    ],
    [
      { location: "eu" },
      "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu/publishers/google/models/",
    ],
    [
      { location: "US" },
      "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us/publishers/google/models/",
    ],
  ])("WO-157: the host of %o", async (settings, begin) => {
    const { url, headers } = await dressed(settings, token)
    expect(url).toBe(`${begin}gemini-2.5-flash:streamGenerateContent?alt=sse`)
    expect(headers["authorization"]).toBe("Bearer s")
  })

  test("WO-156: where the place is not the caller's choice, a model that is not there is asked for once everywhere", async () => {
    const ambient = vertexSettings((name) => (name === "GOOGLE_CLOUD_LOCATION" ? "europe-west1" : undefined))
    const call = callOf({ model: await vertex() })
    const missing = classify({ status: 404, message: "Publisher Model was not found." })
    const adaptation = vertexEndpoint(ambient).adapt?.(missing, call, [])
    expect(adaptation?.learn?.where).toBe("host")
    const known = adaptation?.learn?.facts ?? {}
    expect((await dressed(ambient, key)).url).toContain("https://europe-west1-aiplatform.googleapis.com/v1/publishers/")
    const { url, headers } = await dressed(ambient, key, known)
    expect(url).toContain("https://aiplatform.googleapis.com/v1/publishers/google/models/")
    expect(headers["x-goog-api-key"]).toBe("s")
    expect(vertexEndpoint(ambient).adapt?.(missing, { ...call, known }, [])).toBeUndefined()
    const chosen = vertexEndpoint({ location: "europe-west1" })
    expect(chosen.adapt?.(missing, call, [])).toBeUndefined()
  })

  test("WO-158: the tier is a header there", async () => {
    const { body, headers } = encode({ model: await vertex(), options: { serviceTier: "priority" } })
    expect(headers["x-vertex-ai-llm-shared-request-type"]).toBe("priority")
    expect(body).not.toHaveProperty("serviceTier")
    const gemini = encode({
      model: await resolveModel("google/gemini-2.5-flash"),
      options: { serviceTier: "priority" },
    })
    expect(gemini.body["serviceTier"]).toBe("priority")
  })
})

test.each(["", "  ", 7])("WO-159: a blank name of a cached prompt is refused here (%o)", (cachedContent) => {
  const wire = { "google-generative-ai": { cachedContent } }
  expect(() => encode({ options: { wire } })).toThrow(
    expect.objectContaining({ code: "invalid_request", param: "cachedContent" }),
  )
})
