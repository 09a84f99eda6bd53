import { describe, expect, test } from "vitest"
import {
  answer,
  encoded,
  sealed,
  THINKS,
  WEATHER,
  type CallInit,
} from "../../../../../tests/support/openai-responses.ts"
import type { CallOptions } from "../../model/options.ts"

const lost = (init: CallInit) => encoded(init).losses.map(({ field, kind }) => `${kind} ${field}`)
const body = (options: CallOptions, init: CallInit = {}) => encoded({ ...init, options }).body

describe("the body", () => {
  test("a plain call is a plain request", () => {
    expect(encoded()).toMatchObject({
      body: { model: "some-model", input: [{ role: "user", content: [{ type: "input_text", text: "hi" }] }] },
      headers: { accept: "text/event-stream" },
      losses: [],
    })
    expect(Object.keys(encoded().body)).toEqual(["model", "input", "stream", "store"])
    expect(encoded({ stream: false }).body).not.toHaveProperty("stream")
    expect(encoded({ model: { requestModelId: "on-the-wire" } }).body["model"]).toBe("on-the-wire")
  })

  test.each<[string, CallOptions, object]>([
    ["sampling", { temperature: 0.5, topP: 0.9 }, { temperature: 0.5, top_p: 0.9 }],
    ["a cap", { maxTokens: 100 }, { max_output_tokens: 100 }],
    ["log probabilities", { logprobs: 3 }, { include: ["message.output_text.logprobs"], top_logprobs: 3 }],
    ["verbosity", { verbosity: "low" }, { text: { verbosity: "low" } }],
    ["a JSON object", { output: { type: "json" } }, { text: { format: { type: "json_object" } } }],
    [
      "a schema",
      { output: { type: "jsonSchema", name: "a b", schema: { type: "object" }, strict: true } },
      { text: { format: { type: "json_schema", name: "a_b", schema: { type: "object" }, strict: true } } },
    ],
    ["a user and metadata", { user: "u", metadata: { n: 1 } }, { user: "u", metadata: { n: "1" } }],
    [
      "fields of this wire",
      { wire: { "openai-responses": { truncation: "auto", store: true } } },
      { truncation: "auto", store: true },
    ],
  ])("%s", (_name, options, expected) => {
    expect(body(options)).toMatchObject(expected)
  })

  test("what the API has no field for is put on record", () => {
    expect(lost({ options: { topK: 1, seed: 1, stop: ["x"], serviceTier: "flex", promptCacheKey: "k" } })).toEqual([
      "dropped options.topK",
      "dropped options.seed",
      "dropped options.stop",
      "dropped options.serviceTier",
      "dropped options.promptCacheKey",
    ])
    expect(lost({ model: { responses: { sampling: false } }, options: { temperature: 1 } })).toEqual([
      "dropped options.temperature",
    ])
    const held = { model: { responses: { structuredOutput: false } }, options: { output: { type: "json" } } } as const
    expect(lost(held)).toEqual(["dropped options.output"])
    expect(encoded(held).body).not.toHaveProperty("text")
    expect(() => encoded({ options: { candidates: 2 } })).toThrow("one answer")
  })

  test("a cap beyond the model's own is the model's own", () => {
    const init = { model: { maxTokens: 50 }, options: { maxTokens: 100 } }
    expect([encoded(init).body["max_output_tokens"], lost(init)]).toEqual([50, ["approximated options.maxTokens"]])
  })
})

describe("a cap on the answer", () => {
  test("is raised to the smallest that the host takes", () => {
    const model = { responses: { leastOutputCap: 16 } }
    expect(body({ maxTokens: 1 }, { model })["max_output_tokens"]).toBe(16)
    expect(lost({ model, options: { maxTokens: 1 } })).toEqual(["approximated options.maxTokens"])
    expect(body({ maxTokens: 16 }, { model })["max_output_tokens"]).toBe(16)
    expect(body({ maxTokens: 1 })["max_output_tokens"]).toBe(1)
  })

  test("stays out where the host takes none", () => {
    const model = { responses: { outputCap: false } }
    expect(body({ maxTokens: 100 }, { model })).not.toHaveProperty("max_output_tokens")
    expect(lost({ model, options: { maxTokens: 100 } })).toEqual(["dropped options.maxTokens"])
  })
})

describe("instructions", () => {
  const context = { systemPrompt: ["One.", "Two."], messages: [{ role: "user" as const, content: "hi" }] }

  test("go apart where the host does not read the developer role, or the model does not think", () => {
    expect(encoded({ context }).body["instructions"]).toBe("One.\n\nTwo.")
    expect(encoded({ context, model: { responses: { developerRole: true } } }).body["instructions"]).toBe(
      "One.\n\nTwo.",
    )
  })

  test("are developer messages for a model that thinks on a host that reads them", () => {
    const { body: sent, input } = encoded({ context, model: { responses: { developerRole: true }, ...THINKS } })
    expect(sent).not.toHaveProperty("instructions")
    expect(input.map(({ role }) => role)).toEqual(["developer", "developer", "user"])
  })

  test("alone become a user's message", () => {
    const alone = { systemPrompt: "One.", messages: [] }
    expect(encoded({ context: alone }).input).toMatchObject([{ role: "user" }])
    expect(lost({ context: alone })).toEqual(["approximated systemPrompt"])
  })

  test("of a developer in the conversation keep their role or become a user's", () => {
    const messages = [{ role: "developer" as const, content: "Be brief." }]
    expect(encoded({ context: { messages } }).input).toMatchObject([{ role: "user" }])
    expect(encoded({ context: { messages }, model: { responses: { developerRole: true } } }).input).toMatchObject([
      { role: "developer" },
    ])
  })
})

describe("thinking", () => {
  test("a level goes out as the model takes it", () => {
    const model = { ...THINKS }
    expect(body({ reasoning: "high" }, { model })["reasoning"]).toEqual({ effort: "high", summary: "auto" })
    expect(body({ reasoning: "max" }, { model })["reasoning"]).toEqual({ effort: "high", summary: "auto" })
    expect(lost({ model, options: { reasoning: "max" } })).toEqual(["approximated options.reasoning"])
    expect(lost({ options: { reasoning: "low" } })).toEqual(["dropped options.reasoning"])
  })

  test("off is the host's word for it, or the lowest level", () => {
    const off = { ...THINKS, responses: { effortOff: "none" } }
    expect(body({ reasoning: "off" }, { model: off })["reasoning"]).toEqual({ effort: "none" })
    expect(body({ reasoning: "off" }, { model: THINKS })["reasoning"]).toEqual({ effort: "low" })
    expect(lost({ model: THINKS, options: { reasoning: "off" } })).toEqual(["approximated options.reasoning"])
  })
})

describe("items", () => {
  test("the texts of one message stay together, and thinking stands before what followed from it", () => {
    const text = (value: string, itemId: string) => ({ type: "text" as const, text: value, itemId })
    const content = [text("a", "msg_1"), text("b", "msg_1"), text("c", "msg_2"), sealed(), text("d", "msg_3")]
    const { input } = encoded({ context: { messages: [answer(content)] } })
    expect(input.map((item) => [item["type"], item["id"], (item["content"] as unknown[] | undefined)?.length])).toEqual(
      [
        ["message", "msg_1", 2],
        ["message", "msg_2", 1],
        ["reasoning", "rs_1", undefined],
        ["message", "msg_3", 1],
      ],
    )
  })

  test("what the vendor ran goes back as it came, and its id beside thinking only", () => {
    const item = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search" } }
    const native = { type: "native" as const, api: "openai-responses", item }
    expect(encoded({ context: { messages: [answer([sealed(), native])] } }).input[1]).toEqual(item)
    const { id: _id, ...bare } = item
    expect(encoded({ context: { messages: [answer([native])] } }).input).toEqual([bare])
  })

  test("an answer to a question of the vendor stands on its own among what the user says", () => {
    const item = { type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true }
    const native = { type: "native" as const, api: "openai-responses", item }
    const content = [{ type: "text" as const, text: "a" }, native, { type: "text" as const, text: "b" }]
    expect(encoded({ context: { messages: [{ role: "user", content }] } }).input).toMatchObject([
      { role: "user" },
      item,
      { role: "user" },
    ])
  })

  test("documents go by data, address or id where the host takes them, and else as a note", () => {
    const source = { data: "aGk=", mimeType: "application/pdf" }
    const content = [
      { type: "document" as const, source, title: "a.pdf" },
      { type: "document" as const, source: { url: "https://a.example/b.pdf" } },
      { type: "document" as const, source: { fileId: "file-1" } },
    ]
    const context = { messages: [{ role: "user" as const, content }] }
    expect(encoded({ context, model: { responses: { documents: true } } }).input[0]?.["content"]).toEqual([
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,aGk=" },
      { type: "input_file", file_url: "https://a.example/b.pdf" },
      { type: "input_file", file_id: "file-1" },
    ])
    expect(JSON.stringify(encoded({ context }).input)).toContain("[document omitted: a.pdf]")
  })

  test("sources go back to the vendor that gave them", () => {
    const citations = [{ type: "url_citation", url: "https://a.example", title: "A", start_index: 0, end_index: 1 }]
    const said = (fields: object) => ({
      context: { messages: [answer([{ type: "text" as const, text: "a", citations }], fields)] },
    })
    expect(encoded(said({})).input).toMatchObject([{ content: [{ annotations: citations }] }])
    expect(encoded(said({ api: "anthropic-messages" })).input).toMatchObject([{ content: [{ annotations: [] }] }])
    expect(lost(said({ api: "anthropic-messages" }))).toEqual(["dropped messages[0].content[0].citations"])
    // A server of this API reads answers of which nobody says who made them.
    expect(encoded(said({ provider: "" })).input).toMatchObject([{ content: [{ annotations: citations }] }])
  })

  test("sources in another shape are left out and reported, whoever gave them", () => {
    const own = { type: "url_citation", url: "https://a.example", title: "A", start_index: 0, end_index: 1 }
    const citations = [{ type: "char_location" }, own, { type: "url_citation", url_citation: own }, "https://a.example"]
    const init = { context: { messages: [answer([{ type: "text" as const, text: "a", citations }])] } }
    expect(encoded(init).input).toMatchObject([{ content: [{ annotations: [own] }] }])
    expect(lost(init)).toEqual(["dropped messages[0].content[0].citations"])
  })

  test("thinking is reported where it does not go back: at its own place, and where its item shows another text", () => {
    const item = {
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: "a" }],
      encrypted_content: "x",
    }
    const thinking = (text: string) => ({
      type: "thinking" as const,
      thinking: text,
      signature: { value: JSON.stringify(item) },
    })
    const text = { type: "text" as const, text: "b" }
    const losses = (...content: Parameters<typeof answer>[0]) => lost({ context: { messages: [answer(content)] } })
    expect(losses(thinking("a"), text)).toEqual([])
    expect(losses(thinking("changed"), text)).toEqual(["approximated messages[0].content[0].thinking"])
    expect(losses(text, thinking("changed"))).toEqual(["dropped messages[0].content[1]"])
  })

  test("a call of a grammar tool goes as a function's where the host has none, which is reported", () => {
    const call = { type: "toolCall" as const, id: "c", name: "grep", arguments: { input: "x" }, custom: true }
    const init = { context: { messages: [answer([call])] } }
    expect(encoded(init).input).toMatchObject([{ type: "function_call", arguments: '{"input":"x"}' }])
    expect(lost(init)).toEqual(["dropped messages[0].content[0].custom"])
    expect(lost({ ...init, model: { responses: { customTools: true } } })).toEqual([])
  })
})

describe("tools", () => {
  test("the vendor's own tools go as they are and are named by their type", () => {
    const tools = [WEATHER, { type: "native" as const, api: "openai-responses", item: { type: "web_search" } }]
    const { body: sent } = encoded({
      context: { messages: [{ role: "user", content: "hi" }], tools },
      options: { toolChoice: { name: "web_search" } },
    })
    expect(sent["tools"]).toMatchObject([{ type: "function", name: "weather" }, { type: "web_search" }])
    expect(sent["tool_choice"]).toEqual({ type: "web_search" })
  })

  test("a grammar goes as one where the host takes it", () => {
    const grammar = { syntax: "lark" as const, definition: 'start: "a"' }
    const context = {
      messages: [{ role: "user" as const, content: "hi" }],
      tools: [{ type: "custom" as const, name: "patch", grammar }],
    }
    const own = encoded({
      context,
      model: { responses: { customTools: true } },
      options: { toolChoice: { name: "patch" } },
    })
    expect(own.body["tools"]).toEqual([{ type: "custom", name: "patch", format: { type: "grammar", ...grammar } }])
    expect(own.body["tool_choice"]).toEqual({ type: "custom", name: "patch" })
    expect(encoded({ context }).body["tools"]).toMatchObject([{ type: "function", name: "patch" }])
  })
})
