import { describe, expect, test } from "vitest"
import { SluiceError } from "../../model/errors.ts"
import { accept } from "./accept.ts"
import { seal } from "../server-seal.ts"
import { openaiResponsesServer } from "./server.ts"

function read(body: object, headers: Record<string, string> = {}, route = "/v1/responses") {
  return accept({
    route,
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: { model: "m", ...body },
    raw: new Uint8Array(),
  })
}

const messages = (input: unknown, more: object = {}) => read({ input, ...more }).context.messages

function refusal(body: object): SluiceError {
  try {
    read(body)
  } catch (error) {
    if (SluiceError.is(error)) return error
    throw error
  }
  throw new Error("accepted")
}

describe("the settings of a request", () => {
  test("are mapped", () => {
    const { options, stream, losses } = read({
      input: "hi",
      stream: true,
      stream_options: { include_obfuscation: false },
      max_output_tokens: 20,
      temperature: 0,
      top_p: 0.5,
      top_logprobs: 3,
      include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
      reasoning: { effort: "xhigh", summary: "auto" },
      text: { format: { type: "json_schema", name: "s", strict: true, schema: { type: "object" } }, verbosity: "low" },
      service_tier: "flex",
      parallel_tool_calls: false,
      prompt_cache_key: "k",
      prompt_cache_retention: "24h",
      safety_identifier: "who",
      metadata: { a: "b" },
      store: false,
      truncation: "disabled",
    })
    expect(stream).toBe(true)
    expect(options).toEqual({
      maxTokens: 20,
      temperature: 0,
      topP: 0.5,
      logprobs: 3,
      reasoning: "xhigh",
      showThinking: true,
      output: { type: "jsonSchema", name: "s", strict: true, schema: { type: "object" } },
      verbosity: "low",
      serviceTier: "flex",
      parallelToolCalls: false,
      promptCacheKey: "k",
      sessionId: "k",
      cacheRetention: "long",
      user: "who",
      metadata: { a: "b" },
    })
    expect(losses).toEqual([])
  })

  test("that say nothing are left out", () => {
    const idle = {
      temperature: null,
      tools: null,
      text: null,
      reasoning: { effort: null },
      metadata: {},
      include: null,
    }
    expect(read({ input: "hi", service_tier: "auto", background: false, ...idle }).options).toEqual({})
    expect(read({ input: "hi", reasoning: { effort: "none" } }).options.reasoning).toBe("off")
    expect(read({ input: "hi", include: ["message.output_text.logprobs"] }).options.logprobs).toBe(true)
    const alone = { input: "hi", include: ["message.output_text.logprobs"], top_logprobs: 0 }
    expect(read(alone).options.logprobs).toBe(0)
    expect(read({ input: "hi", text: { format: { type: "json_object" } } }).options.output).toEqual({ type: "json" })
  })

  test("that only hosts of this wire know go to them as they came", () => {
    const { options } = read({
      input: "hi",
      include: ["web_search_call.action.sources"],
      truncation: "auto",
      max_tool_calls: 2,
      tool_choice: { type: "web_search_preview" },
    })
    expect(options.wire).toEqual({
      "openai-responses": {
        include: ["web_search_call.action.sources", "reasoning.encrypted_content"],
        truncation: "auto",
        max_tool_calls: 2,
        tool_choice: { type: "web_search_preview" },
      },
    })
  })

  test("that are not known are reported", () => {
    const { losses } = read({ input: "hi", client_metadata: { a: "b" }, store: true, reasoning: { context: "all" } })
    expect(losses.map((loss) => loss.field)).toEqual(["request.reasoning.context", "request.client_metadata"])
  })

  test("an answer is kept unless the client says not to", () => {
    expect(read({ input: "hi" }).keep).toBe(true)
    expect(read({ input: "hi", store: null }).keep).toBe(true)
    expect(read({ input: "hi", store: false })).toMatchObject({ keep: false, losses: [] })
  })

  test("a request that is to generate nothing only announces what is to come", () => {
    expect(read({ input: "hi", generate: false }).op).toBe("prewarm")
    expect(read({ input: "hi", generate: true })).toMatchObject({ op: "generate", losses: [] })
  })

  test("what tells one conversation from another comes from the body or the headers", () => {
    expect(read({ input: "hi" }, { "session-id": "s" })).toMatchObject({ affinity: "s", options: { sessionId: "s" } })
    expect(read({ input: "hi", prompt_cache_key: "k" }, { "session-id": "s" }).affinity).toBe("k")
    expect(read({ input: "hi" }, { "openai-project": "p", "x-other": "o" }).forward).toEqual({ "openai-project": "p" })
  })

  test("an earlier response is named to the gateway, with only what is new as input", () => {
    const call = read({ previous_response_id: "resp_1", input: [] })
    expect(call.previous).toBe("resp_1")
    expect(call.context.messages).toEqual([])
  })

  test("the other path counts tokens", () => {
    expect(read({ input: "hi" }, {}, "/v1/responses/input_tokens").op).toBe("countTokens")
    expect(openaiResponsesServer.counted?.({ inputTokens: 3, provenance: "estimated" })).toEqual({
      object: "response.input_tokens",
      input_tokens: 3,
    })
  })
})

describe("tools", () => {
  test("of the client, with a grammar, and of the vendor", () => {
    const { context } = read({
      input: "hi",
      tools: [
        { type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: null },
        { type: "function", name: "bare", parameters: null },
        { type: "custom", name: "c", format: { type: "grammar", syntax: "lark", definition: "start: A" } },
        { type: "custom", name: "free", format: { type: "text" } },
        { type: "web_search", external_web_access: true },
        { type: "from_the_future", x: 1 },
      ],
    })
    expect(context.tools).toEqual([
      { name: "f", description: "d", parameters: { type: "object" } },
      { name: "bare", parameters: { type: "object", properties: {} } },
      { type: "custom", name: "c", grammar: { syntax: "lark", definition: "start: A" } },
      { type: "custom", name: "free" },
      { type: "native", api: "openai-responses", item: { type: "web_search", external_web_access: true } },
      { type: "native", api: "openai-responses", item: { type: "from_the_future", x: 1 } },
    ])
    expect(read({ input: "hi" }).context).not.toHaveProperty("tools")
    expect(read({ input: "hi", tools: [] }).context.tools).toEqual([])
  })

  const TOOLS = [
    { type: "function", name: "f", parameters: {} },
    { type: "function", name: "g", parameters: {} },
    { type: "web_search" },
  ]
  test.each([
    ["auto", "auto", 3],
    ["required", "required", 3],
    [{ type: "function", name: "f" }, { name: "f" }, 3],
    [{ type: "custom", name: "c" }, { name: "c" }, 3],
    [{ type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "g" }] }, "required", 1],
    [{ type: "allowed_tools", mode: "auto", tools: [{ type: "web_search" }] }, "auto", 1],
    [{ type: "mcp", server_label: "s", name: "f" }, undefined, 3],
  ])("a choice %j", (tool_choice, choice, count) => {
    const { options, context } = read({ input: "hi", tools: TOOLS, tool_choice })
    expect(options.toolChoice).toEqual(choice)
    expect(context.tools).toHaveLength(count)
  })
})

describe("the input", () => {
  test("a text is the user's, `instructions` and system messages at the head are the prompt", () => {
    expect(read({ input: "hi", instructions: "Be brief." }).context).toEqual({
      systemPrompt: ["Be brief."],
      messages: [{ role: "user", content: "hi" }],
    })
    const { context } = read({
      instructions: "One.",
      input: [
        { role: "system", content: "Two." },
        { role: "developer", content: [{ type: "input_text", text: "Three." }] },
        { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
        { role: "system", content: "Four." },
      ],
    })
    expect(context).toEqual({
      systemPrompt: ["One.", "Two."],
      messages: [
        { role: "developer", content: "Three." },
        { role: "user", content: "hi" },
        { role: "developer", content: "Four." },
      ],
    })
  })

  test("pictures, files and sound", () => {
    const content = [
      { type: "input_text", text: "look" },
      { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "low" },
      { type: "input_image", image_url: { url: "https://x.invalid/a.png" } },
      { type: "input_image", file_id: "file_1" },
      { type: "input_file", file_data: "data:application/pdf;base64,AA==", filename: "a.pdf" },
      { type: "input_file", file_data: "AA==", filename: "a.md" },
      { type: "input_file", file_url: "https://x.invalid/a.pdf" },
      { type: "input_file", file_id: "file_2" },
      { type: "input_audio", input_audio: { data: "AA==", format: "mp3" } },
      { type: "input_smell", smell: "rose" },
    ]
    expect(messages([{ role: "user", content }])).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image", source: { data: "AA==", mimeType: "image/png" }, detail: "low" },
          { type: "image", source: { url: "https://x.invalid/a.png" } },
          { type: "image", source: { fileId: "file_1" } },
          { type: "document", source: { data: "AA==", mimeType: "application/pdf" }, title: "a.pdf" },
          { type: "document", source: { data: "AA==", mimeType: "text/markdown" }, title: "a.md" },
          { type: "document", source: { url: "https://x.invalid/a.pdf" } },
          { type: "document", source: { fileId: "file_2" } },
          { type: "audio", source: { data: "AA==", mimeType: "audio/mpeg" } },
          { type: "native", api: "openai-responses", item: { type: "input_smell", smell: "rose" } },
        ],
      },
    ])
  })

  test("what the model said is one answer until somebody else speaks", () => {
    const search = { type: "web_search_call", id: "ws_1", status: "completed" }
    const note = { type: "url_citation", url: "u", title: "t", start_index: 0, end_index: 1 }
    const input = [
      { role: "user", content: "hi" },
      {
        type: "reasoning",
        id: "rs_1",
        status: "completed",
        summary: [
          { type: "summary_text", text: "One." },
          { type: "summary_text", text: "Two." },
        ],
        encrypted_content: "gAAA",
      },
      search,
      {
        type: "message",
        role: "assistant",
        id: "msg_1",
        status: "completed",
        phase: "commentary",
        content: [
          { type: "output_text", text: "I look.", annotations: [note] },
          { type: "output_text", text: "Again.", annotations: [], logprobs: [] },
        ],
      },
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: '{"a":1}', status: "completed" },
      { type: "custom_tool_call", id: "ctc_1", call_id: "call_2", name: "patch", input: "*** Begin" },
      { type: "function_call_output", call_id: "call_1", output: "done" },
      { type: "custom_tool_call_output", call_id: "call_2", output: [{ type: "input_text", text: "ok" }] },
      { role: "assistant", content: "Bye." },
    ]
    const [, answer, first, second, bye] = messages(input)
    expect(answer).toMatchObject({
      role: "assistant",
      api: "openai-responses",
      stopReason: "toolUse",
      content: [
        {
          type: "thinking",
          thinking: "One.\n\nTwo.",
          itemId: "rs_1",
          signature: {
            value: JSON.stringify({
              type: "reasoning",
              id: "rs_1",
              summary: [
                { type: "summary_text", text: "One." },
                { type: "summary_text", text: "Two." },
              ],
              encrypted_content: "gAAA",
            }),
          },
        },
        { type: "native", api: "openai-responses", item: search },
        { type: "text", text: "I look.", citations: [note], itemId: "msg_1", phase: "commentary" },
        { type: "text", text: "Again.", itemId: "msg_1", phase: "commentary" },
        { type: "toolCall", id: "call_1", name: "f", arguments: { a: 1 }, itemId: "fc_1" },
        {
          type: "toolCall",
          id: "call_2",
          name: "patch",
          arguments: { input: "*** Begin" },
          custom: true,
          itemId: "ctc_1",
        },
      ],
    })
    expect(first).toEqual({ role: "toolResult", toolCallId: "call_1", toolName: "f", content: "done" })
    expect(second).toEqual({ role: "toolResult", toolCallId: "call_2", toolName: "patch", content: "ok" })
    expect(bye).toMatchObject({ role: "assistant", stopReason: "stop", content: [{ type: "text", text: "Bye." }] })
  })

  test("thinking that nobody signed is a text, and empty thinking is nothing", () => {
    const content = [{ type: "reasoning_text", text: "hm" }]
    expect(
      messages([
        { type: "reasoning", id: "rs_1", summary: [], content },
        { role: "user", content: "go" },
      ]),
    ).toMatchObject([{ content: [{ type: "thinking", thinking: "hm", itemId: "rs_1" }] }, {}])
    expect(
      messages([
        { type: "reasoning", id: "rs_1", summary: [] },
        { role: "user", content: "go" },
      ]),
    ).toEqual([{ role: "user", content: "go" }])
  })

  test("another wire's signature is taken out of its seal, with the thinking it belongs to", () => {
    const opaque = { value: "sig ☃", issuer: { api: "anthropic-messages", provider: "p", model: "m" } }
    const sealed = seal({ thoughts: [{ type: "thinking", thinking: "All of it.", opaque }] })
    const hidden = seal({ thoughts: [{ type: "redactedThinking", opaque }] })
    const item = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Some." }] }
    const [answer] = messages([
      { ...item, encrypted_content: sealed },
      { ...item, encrypted_content: hidden },
    ])
    expect(answer).toMatchObject({
      content: [
        { type: "thinking", thinking: "All of it.", signature: opaque },
        { type: "redactedThinking", data: opaque },
      ],
    })
    const broken = read({ input: [{ ...item, encrypted_content: sealed.slice(0, -9) }] })
    expect(broken.context.messages).toMatchObject([{ content: [{ type: "thinking", thinking: "Some." }] }])
    expect(broken.losses.map((loss) => loss.field)).toEqual(["input[0].encrypted_content"])
  })

  test("arguments that are no JSON object are kept as they are; a result may be empty", () => {
    const [answer, result] = messages([
      { type: "function_call", call_id: "c", name: "f", arguments: "[1" },
      { type: "function_call_output", call_id: "c", output: "" },
    ])
    expect(answer).toMatchObject({ content: [{ arguments: {}, rawArguments: "[1" }] })
    expect(result).toMatchObject({ content: "" })
  })
})

describe("what is refused", () => {
  const item = (fields: object): object => ({ input: [{ role: "user", content: "hi" }, fields] })
  test.each([
    ["model", { model: 1, input: "hi" }],
    ["model", { model: "", input: "hi" }],
    ["input", {}],
    ["input", { input: [] }],
    ["input", { input: 5 }],
    ["input[1]", { input: [{ role: "user", content: "hi" }, "x"] }],
    ["input[1].type", item({ id: "x" })],
    ["input[1].role", item({ role: "tool", content: "x" })],
    ["input[1].content", item({ role: "user" })],
    ["input[1].content[0].text", item({ role: "user", content: [{ type: "input_text" }] })],
    ["input[1].content[0].image_url", item({ role: "user", content: [{ type: "input_image", image_url: "" }] })],
    ["input[1].content[0].file_data", item({ role: "user", content: [{ type: "input_file" }] })],
    ["input[1].call_id", item({ type: "function_call", name: "f", arguments: "{}" })],
    ["input[1].name", item({ type: "function_call", call_id: "c", arguments: "{}" })],
    ["input[1].input", item({ type: "custom_tool_call", call_id: "c", name: "f" })],
    ["input[1].output", item({ type: "function_call_output", call_id: "c", output: 1 })],
    ["input[1].summary", item({ type: "reasoning", summary: "x" })],
    ["instructions", { input: "hi", instructions: [] }],
    ["tools", { input: "hi", tools: {} }],
    ["tools[0].name", { input: "hi", tools: [{ type: "function" }] }],
    ["tools[0].parameters", { input: "hi", tools: [{ type: "function", name: "f", parameters: "x" }] }],
    ["tool_choice", { input: "hi", tool_choice: "f" }],
    ["tool_choice.name", { input: "hi", tool_choice: { type: "function" } }],
    ["text.format.schema", { input: "hi", text: { format: { type: "json_schema", name: "s" } } }],
    ["text.verbosity", { input: "hi", text: { verbosity: "loud" } }],
    ["reasoning.effort", { input: "hi", reasoning: { effort: "huge" } }],
    ["max_output_tokens", { input: "hi", max_output_tokens: 0 }],
    ["temperature", { input: "hi", temperature: "hot" }],
    ["include[0]", { input: "hi", include: [1] }],
    ["stream", { input: "hi", stream: "yes" }],
  ])("%s of the wrong shape, by its path: %j", (param, body) => {
    const error = refusal(body)
    expect(error.code).toBe("invalid_request")
    expect(error.param).toBe(param)
    expect(openaiResponsesServer.failure(error)).toMatchObject({
      status: 400,
      body: { error: { type: "invalid_request_error", param, message: expect.stringContaining(param) } },
    })
  })

  test.each([
    ["background", { input: "hi", background: true }],
    ["conversation", { input: "hi", conversation: "conv_1" }],
    ["prompt", { prompt: { id: "pmpt_1" } }],
    ["input[0]", { input: [{ type: "item_reference", id: "msg_1" }] }],
  ])("%s, which would need a socket or something that is kept", (param, body) => {
    expect(refusal(body)).toMatchObject({ code: "unsupported", param, hint: expect.any(String) })
  })

  test("a conversation that is lost is told in the words that clients know", () => {
    const error = new SluiceError({ code: "state_lost", status: 404, message: "Gone." })
    expect(openaiResponsesServer.failure(error)).toMatchObject({
      status: 404,
      body: {
        error: { code: "previous_response_not_found", param: "previous_response_id", type: "invalid_request_error" },
      },
    })
  })
})

describe("what both of OpenAI's APIs read alike", () => {
  test("the key of a cache within the metadata names the conversation", () => {
    expect(read({ input: "hi", metadata: { prompt_cache_key: "k", session_id: "s" } }).affinity).toBe("k")
  })

  test("an address in the place of a file's data is one", () => {
    const content = [{ type: "input_file", file_data: "https://a.example/b.pdf" }]
    expect(messages([{ role: "user", content }])[0]?.content).toEqual([
      { type: "document", source: { url: "https://a.example/b.pdf" } },
    ])
  })

  test("a grammar may stand where Chat Completions has it", () => {
    const grammar = { syntax: "lark", definition: "start: WORD" }
    const tool = { type: "custom", name: "write", format: { type: "grammar", grammar } }
    expect(read({ input: "hi", tools: [tool] }).context.tools).toEqual([{ type: "custom", name: "write", grammar }])
  })
})
