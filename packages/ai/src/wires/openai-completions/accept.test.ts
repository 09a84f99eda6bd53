import { describe, expect, test } from "vitest"
import { SluiceError } from "../../model/errors.ts"
import { accept } from "./accept.ts"

const USER = [{ role: "user", content: "hi" }]

function read(body: unknown, headers: Record<string, string> = {}) {
  return accept({
    route: "/v1/chat/completions",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body,
    raw: new Uint8Array(),
  })
}

function refusal(body: unknown): SluiceError {
  try {
    read(body)
  } catch (error) {
    if (SluiceError.is(error)) return error
    throw error
  }
  throw new Error("accepted")
}

describe("accepting a request", () => {
  test("maps the options", () => {
    const { options, stream, wantsUsage } = read({
      model: "m",
      messages: USER,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 1,
      max_completion_tokens: 2,
      temperature: 0,
      top_p: 0.5,
      stop: "x",
      seed: 3,
      presence_penalty: 1,
      frequency_penalty: -1,
      reasoning_effort: "none",
      verbosity: "low",
      service_tier: "flex",
      logprobs: true,
      top_logprobs: 4,
      user: "u",
      metadata: { a: "b" },
      prompt_cache_key: "k",
      parallel_tool_calls: false,
      n: 2,
      response_format: { type: "json_schema", json_schema: { name: "s", strict: true, schema: { type: "object" } } },
    })
    expect([stream, wantsUsage]).toEqual([true, true])
    expect(options).toEqual({
      maxTokens: 2,
      temperature: 0,
      topP: 0.5,
      stop: ["x"],
      seed: 3,
      presencePenalty: 1,
      frequencyPenalty: -1,
      reasoning: "off",
      verbosity: "low",
      serviceTier: "flex",
      logprobs: 4,
      user: "u",
      metadata: { a: "b" },
      promptCacheKey: "k",
      sessionId: "k",
      parallelToolCalls: false,
      candidates: 2,
      output: { type: "jsonSchema", name: "s", strict: true, schema: { type: "object" } },
    })
  })

  test("takes null for absent", () => {
    const empty = {
      max_tokens: null,
      stop: null,
      tools: null,
      tool_choice: null,
      response_format: null,
      n: null,
      seed: null,
    }
    const { options, context, losses } = read({ model: "m", messages: USER, ...empty })
    expect([options, context, losses]).toEqual([{}, { messages: USER }, []])
  })

  test("reads every kind of message", () => {
    const { context } = read({
      model: "m",
      messages: [
        { role: "system", content: "a" },
        { role: "system", content: [{ type: "text", text: "b", cache_control: { type: "ephemeral", ttl: "1h" } }] },
        { role: "developer", content: "c" },
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image_url", image_url: { url: "data:image/png;base64,QUJD", detail: "low" } },
            { type: "image_url", image_url: { url: "https://x.example/a.png" } },
            { type: "input_audio", input_audio: { data: "QQ==", format: "mp3" } },
            { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,QUJD" } },
          ],
        },
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "function", name: "f", content: "1" },
        { role: "system", content: "later" },
        {
          role: "assistant",
          content: "x",
          tool_calls: [{ id: "i", type: "custom", custom: { name: "g", input: "raw" } }],
        },
        { role: "tool", tool_call_id: "i", content: [{ type: "text", text: "2" }] },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "j", type: "function", function: { name: "h", arguments: "{bad" } }],
        },
      ],
    })
    expect(context.systemPrompt).toEqual(["a", { type: "text", text: "b", cache: "long" }])
    expect(context.messages).toMatchObject([
      { role: "developer", content: "c" },
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image", source: { data: "QUJD", mimeType: "image/png" }, detail: "low" },
          { type: "image", source: { url: "https://x.example/a.png" } },
          { type: "audio", source: { data: "QQ==", mimeType: "audio/mpeg" } },
          { type: "document", source: { data: "QUJD", mimeType: "application/pdf" }, title: "a.pdf" },
        ],
      },
      { role: "assistant", content: [{ type: "toolCall", id: "call_function_1", name: "f", arguments: {} }] },
      { role: "toolResult", toolCallId: "call_function_1", toolName: "f", content: "1" },
      { role: "developer", content: "later" },
      {
        role: "assistant",
        content: [
          { type: "text", text: "x" },
          { type: "toolCall", id: "i", name: "g", custom: true, arguments: { input: "raw" } },
        ],
        stopReason: "toolUse",
      },
      { role: "toolResult", toolCallId: "i", toolName: "g", content: "2" },
      { role: "assistant", content: [{ type: "toolCall", id: "j", name: "h", arguments: {}, rawArguments: "{bad" }] },
    ])
  })

  test("reads tools and choices", () => {
    const tools = [
      { type: "function", function: { name: "f", parameters: { type: "object" }, strict: true } },
      {
        type: "custom",
        custom: { name: "g", format: { type: "grammar", grammar: { syntax: "lark", definition: "s: /x/" } } },
      },
      { type: "web_search", web_search: {} },
    ]
    const choice = (tool_choice: unknown) => read({ model: "m", messages: USER, tools, tool_choice })
    expect(choice("required").context.tools).toEqual([
      { name: "f", parameters: { type: "object" }, strict: true },
      { type: "custom", name: "g", grammar: { syntax: "lark", definition: "s: /x/" } },
      { type: "native", api: "openai-completions", item: { type: "web_search", web_search: {} } },
    ])
    expect(choice({ type: "function", function: { name: "f" } }).options.toolChoice).toEqual({ name: "f" })
    const allowed = { mode: "required", tools: [{ type: "function", function: { name: "f" } }] }
    const { options, context } = choice({ type: "allowed_tools", allowed_tools: allowed })
    expect([options.toolChoice, context.tools?.length]).toEqual(["required", 2])
    expect(read({ model: "m", messages: USER, tools: [] }).context.tools).toEqual([])
    expect(read({ model: "m", messages: USER }).context).not.toHaveProperty("tools")
  })

  test("reports what it leaves out", () => {
    const { losses } = read({
      model: "m",
      messages: [{ role: "user", content: [{ type: "hologram" }, { type: "text", text: "hi" }] }],
      logit_bias: { 1: 2 },
      store: false,
      something_new: 1,
    })
    expect(losses.map(({ field }) => field)).toEqual([
      "messages[0].content[0]",
      "request.logit_bias",
      "request.something_new",
    ])
  })

  test("passes on the vendor's headers and none that are ours", () => {
    const { forward, affinity } = read(
      { model: "m", messages: USER },
      { authorization: "Bearer x", cookie: "y", "openai-beta": "b", "x-stainless-lang": "js", "x-session-id": "s" },
    )
    expect([forward, affinity]).toEqual([{ "openai-beta": "b", "x-stainless-lang": "js" }, "s"])
  })

  test.each<[unknown, string]>([
    [[], "body"],
    [{ messages: USER }, "model"],
    [{ model: "m" }, "messages"],
    [{ model: "m", messages: [] }, "messages"],
    [{ model: "m", messages: ["x"] }, "messages[0]"],
    [{ model: "m", messages: [{ role: "wizard", content: "x" }] }, "messages[0].role"],
    [{ model: "m", messages: [...USER, { role: "user" }] }, "messages[1].content"],
    [{ model: "m", messages: [{ role: "user", content: [{ type: "text" }] }] }, "messages[0].content[0].text"],
    [
      { model: "m", messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] },
      "messages[0].content[0].image_url.url",
    ],
    [{ model: "m", messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
    [
      { model: "m", messages: [{ role: "assistant", tool_calls: [{ id: "i", type: "function" }] }] },
      "messages[0].tool_calls[0].function",
    ],
    [{ model: "m", messages: USER, tools: [{ type: "function" }] }, "tools[0].function"],
    [{ model: "m", messages: USER, tools: "x" }, "tools"],
    [{ model: "m", messages: USER, tool_choice: "maybe" }, "tool_choice"],
    [{ model: "m", messages: USER, temperature: "hot" }, "temperature"],
    [{ model: "m", messages: USER, max_tokens: 0 }, "max_tokens"],
    [{ model: "m", messages: USER, stop: [1] }, "stop[0]"],
    [{ model: "m", messages: USER, stream: "yes" }, "stream"],
    [{ model: "m", messages: USER, reasoning_effort: "huge" }, "reasoning_effort"],
    [{ model: "m", messages: USER, response_format: { type: "json_schema" } }, "response_format.json_schema"],
  ])("refuses %j and names %s", (body, param) => {
    const error = refusal(body)
    expect([error.code, error.param]).toEqual(["invalid_request", param])
    expect(error.message).toContain(param)
  })
})

describe("what both of OpenAI's APIs read alike", () => {
  test("the header thread-id names the conversation, behind the session's own", () => {
    const body = { model: "m", messages: USER }
    expect(read(body, { "thread-id": "t" })).toMatchObject({ affinity: "t", options: { sessionId: "t" } })
    expect(read(body, { "thread-id": "t", "session-id": "s" }).affinity).toBe("s")
  })

  test("safety_identifier counts before the user that it has taken the place of", () => {
    expect(read({ model: "m", messages: USER, user: "u", safety_identifier: "s" }).options.user).toBe("s")
    expect(read({ model: "m", messages: USER, user: "u" }).options.user).toBe("u")
  })

  test("a file may come by its address", () => {
    const file = { file_url: "https://a.example/b.pdf" }
    const { context } = read({ model: "m", messages: [{ role: "user", content: [{ type: "file", file }] }] })
    expect(context.messages[0]?.content).toEqual([{ type: "document", source: { url: "https://a.example/b.pdf" } }])
  })
})
