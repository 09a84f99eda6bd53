import OpenAI, { AzureOpenAI } from "openai"
import { describe, expect, test } from "vitest"
import { openaiChatEmulator } from "./server.ts"
import type { LoopbackServer } from "../../loopback.ts"

const MESSAGES = [{ role: "user" as const, content: "Hi" }]

function client(server: LoopbackServer, apiKey = "sk-good"): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 })
}

async function post(
  server: LoopbackServer,
  body: unknown,
  key = "sk-good",
): Promise<{ status: number; error: Record<string, unknown> }> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
  const json = (await response.json()) as { error?: Record<string, unknown> }
  return { status: response.status, error: json.error ?? {} }
}

describe("answers that the vendor's own client reads", () => {
  test("text, thinking, parallel calls and usage, streamed and whole", async () => {
    const answer = {
      thinking: "hm",
      text: "Hello there",
      toolCalls: [
        { name: "a", arguments: { x: 1 } },
        { name: "b", arguments: { y: "é" } },
      ],
      usage: { prompt: 100, cached: 40, output: 7, reasoning: 2 },
    }
    await using server = await openaiChatEmulator({ script: [answer, answer] })
    const streamed = client(server).chat.completions.stream({
      model: "gpt-x",
      messages: MESSAGES,
      stream_options: { include_usage: true },
    })
    const fromStream = await streamed.finalChatCompletion()
    const whole = await client(server).chat.completions.create({ model: "gpt-x", messages: MESSAGES })
    for (const completion of [fromStream, whole]) {
      const [choice] = completion.choices
      expect(choice?.message.content).toBe("Hello there")
      expect(choice?.finish_reason).toBe("tool_calls")
      const calls = (choice?.message.tool_calls ?? []).map((call) => call.type === "function" && call.function)
      expect(calls).toMatchObject([
        { name: "a", arguments: '{"x":1}' },
        { name: "b", arguments: '{"y":"é"}' },
      ])
      expect(completion.usage).toMatchObject({
        prompt_tokens: 100,
        completion_tokens: 7,
        total_tokens: 107,
        prompt_tokens_details: { cached_tokens: 40 },
        completion_tokens_details: { reasoning_tokens: 2 },
      })
    }
    expect(server.requests.map((request) => request.answered)).toEqual([true, true])
    expect(whole.choices[0]?.message).toMatchObject({ reasoning_content: "hm" })
  })

  test("refusal and length", async () => {
    await using server = await openaiChatEmulator({ script: [{ refusal: "No." }, { text: "cut o", length: true }] })
    const ask = { model: "gpt-x", messages: MESSAGES }
    const refused = await client(server).chat.completions.stream(ask).finalChatCompletion()
    expect(refused.choices[0]?.message).toMatchObject({ refusal: "No." })
    const short = await client(server).chat.completions.create(ask)
    expect(short.choices[0]?.finish_reason).toBe("length")
  })

  test("the list of models", async () => {
    await using server = await openaiChatEmulator({ models: ["one", "two"] })
    expect((await client(server).models.list()).data.map((model) => model.id)).toEqual(["one", "two"])
    await expect(client(server).models.retrieve("three")).rejects.toMatchObject({ status: 404 })
  })
})

describe("what the vendor refuses", () => {
  const call = { id: "call_1", type: "function", function: { name: "t", arguments: "{}" } }
  const asked = { role: "assistant", content: null, tool_calls: [call] }
  const user = { role: "user", content: "Hi" }
  const tool = (parameters: unknown, strict?: boolean): unknown => ({
    type: "function",
    function: { name: "t", parameters, ...(strict ? { strict } : {}) },
  })
  const rows: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ["no model", { messages: [user] }, { message: /model parameter/ }],
    ["no messages", { model: "m" }, { param: "messages", code: "missing_required_parameter" }],
    ["messages that are text", { model: "m", messages: "Hi" }, { param: "messages", code: "invalid_type" }],
    ["no message", { model: "m", messages: [] }, { code: "empty_array" }],
    [
      "an unknown role",
      { model: "m", messages: [{ role: "robot", content: "x" }] },
      { param: "messages[0].role", code: "invalid_value" },
    ],
    [
      "content that is null",
      { model: "m", messages: [{ role: "user", content: null }] },
      { param: "messages[0].content" },
    ],
    [
      "an image from the system",
      { model: "m", messages: [{ role: "system", content: [{ type: "image_url", image_url: { url: "data:," } }] }] },
      { param: "messages[0].content[0].type" },
    ],
    [
      "a result without a call",
      { model: "m", messages: [user, { role: "tool", tool_call_id: "x", content: "1" }] },
      { param: "messages.[1].role", message: /preceeding message with 'tool_calls'/ },
    ],
    [
      "a call without a result",
      { model: "m", messages: [user, asked, user] },
      { message: /did not have response messages: call_1/ },
    ],
    [
      "a call without a result at the end",
      { model: "m", messages: [user, asked] },
      { message: /did not have response messages: call_1/ },
    ],
    [
      "a result of another call",
      { model: "m", messages: [user, asked, { role: "tool", tool_call_id: "call_2", content: "1" }] },
      { param: "messages.[2].tool_call_id" },
    ],
    [
      "an id that is too long",
      { model: "m", messages: [user, { ...asked, tool_calls: [{ ...call, id: "x".repeat(41) }] }] },
      { code: "string_above_max_length" },
    ],
    [
      "arguments that are an object",
      { model: "m", messages: [user, { ...asked, tool_calls: [{ ...call, function: { name: "t", arguments: {} } }] }] },
      { param: "messages[1].tool_calls[0].function.arguments" },
    ],
    ["a choice without tools", { model: "m", messages: [user], tool_choice: "auto" }, { param: "tool_choice" }],
    [
      "a choice that is unknown",
      { model: "m", messages: [user], tools: [tool({ type: "object" })], tool_choice: "any" },
      { code: "invalid_value" },
    ],
    [
      "a choice of a tool that is not there",
      {
        model: "m",
        messages: [user],
        tools: [tool({ type: "object" })],
        tool_choice: { type: "function", function: { name: "u" } },
      },
      { message: /'u' not found/ },
    ],
    [
      "parallel calls without tools",
      { model: "m", messages: [user], parallel_tool_calls: true },
      { param: "parallel_tool_calls" },
    ],
    ["no tool in a list", { model: "m", messages: [user], tools: [] }, { code: "empty_array" }],
    [
      "a tool whose schema is no object",
      { model: "m", messages: [user], tools: [tool({ type: "string" })] },
      { code: "invalid_function_parameters" },
    ],
    [
      "a strict tool with an open object",
      { model: "m", messages: [user], tools: [tool({ type: "object", properties: {} }, true)] },
      { message: /additionalProperties/ },
    ],
    [
      "a strict tool with an optional property",
      {
        model: "m",
        messages: [user],
        tools: [tool({ type: "object", properties: { a: {} }, required: [], additionalProperties: false }, true)],
      },
      { message: /Missing 'a'/ },
    ],
    [
      "two limits",
      { model: "m", messages: [user], max_tokens: 1, max_completion_tokens: 1 },
      { code: "invalid_parameter_combination" },
    ],
    ["a limit of nothing", { model: "m", messages: [user], max_tokens: 0 }, { code: "integer_below_min_value" }],
    [
      "max_tokens to a model that thinks",
      { model: "gpt-5.5", messages: [user], max_tokens: 10 },
      { code: "unsupported_parameter" },
    ],
    [
      "temperature to a model that thinks",
      { model: "o3", messages: [user], temperature: 0.2 },
      { code: "unsupported_value" },
    ],
    ["too hot", { model: "m", messages: [user], temperature: 3 }, { code: "decimal_above_max_value" }],
    [
      "five stops",
      { model: "m", messages: [user], stop: ["1", "2", "3", "4", "5"] },
      { code: "array_above_max_length" },
    ],
    [
      "stream options without a stream",
      { model: "m", messages: [user], stream_options: {} },
      { param: "stream_options" },
    ],
    [
      "JSON without the word",
      { model: "m", messages: [user], response_format: { type: "json_object" } },
      { message: /contain the word 'json'/ },
    ],
    [
      "a schema without a name",
      { model: "m", messages: [user], response_format: { type: "json_schema", json_schema: {} } },
      { param: "response_format.json_schema.name" },
    ],
    ["a field nobody knows", { model: "m", messages: [user], top_k: 3 }, { param: "top_k", code: "unknown_parameter" }],
  ]
  test.each(rows)("%s", async (_name, body, wanted) => {
    await using server = await openaiChatEmulator()
    const { status, error } = await post(server, body)
    expect(status).toBe(400)
    const { message, ...rest } = wanted
    expect(error).toMatchObject({ type: "invalid_request_error", ...rest })
    if (message) expect(error["message"]).toMatch(message as RegExp)
  })

  test("a body that is no JSON, a key that is wrong or missing, a model that does not exist, a path that is wrong", async () => {
    await using server = await openaiChatEmulator({ apiKey: "sk-good", models: ["m"] })
    expect(await post(server, "{")).toMatchObject({ status: 400, error: { message: /parse the JSON body/ } })
    expect(await post(server, {}, "sk-bad-and-secret")).toMatchObject({
      status: 401,
      error: { code: "invalid_api_key", message: expect.not.stringContaining("sk-bad-and-secret") },
    })
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(401)
    expect(await post(server, { model: "n", messages: MESSAGES })).toMatchObject({
      status: 404,
      error: { code: "model_not_found" },
    })
    expect((await fetch(`${server.url}/v2`, { headers: { authorization: "Bearer sk-good" } })).status).toBe(404)
  })

  test("a refused request uses no step of the script", async () => {
    await using server = await openaiChatEmulator({ script: [{ text: "first" }] })
    await post(server, { model: "m", messages: [] })
    const completion = await client(server).chat.completions.create({ model: "m", messages: MESSAGES })
    expect(completion.choices[0]?.message.content).toBe("first")
    expect(await post(server, { model: "m", messages: MESSAGES })).toMatchObject({
      error: { message: /no answer left/ },
    })
  })

  test("a whole tool loop passes", async () => {
    await using server = await openaiChatEmulator()
    const messages = [
      user,
      asked,
      { role: "tool", tool_call_id: "call_1", content: "1" },
      { role: "developer", content: "Go on" },
    ]
    expect(
      (await post(server, { model: "m", messages, tools: [tool({ type: "object" })], tool_choice: "auto" })).status,
    ).toBe(200)
  })
})

describe("what goes wrong", () => {
  const ask = { model: "m", messages: MESSAGES, stream: true as const }

  async function textOf(server: LoopbackServer): Promise<string> {
    let text = ""
    for await (const chunk of await client(server).chat.completions.create(ask))
      text += chunk.choices[0]?.delta.content ?? ""
    return text
  }

  test("an error response with headers", async () => {
    await using server = await openaiChatEmulator({
      script: [{ error: { status: 429, headers: { "retry-after": "7" } } }],
    })
    await expect(textOf(server)).rejects.toMatchObject({ status: 429, code: "rate_limit_exceeded" })
  })

  test("an error inside the stream", async () => {
    await using server = await openaiChatEmulator({
      script: [{ text: "abcd", streamError: { afterEvents: 3, message: "boom" } }],
    })
    await expect(textOf(server)).rejects.toThrow("boom")
  })

  test("a cut, and an end that comes too early", async () => {
    await using server = await openaiChatEmulator({
      script: [
        { text: "abcd", cut: { afterEvents: 3 } },
        { text: "abcd", endEarly: { afterEvents: 3 } },
      ],
    })
    await expect(textOf(server)).rejects.toThrow()
    expect(await textOf(server)).toBe("ab")
  })

  test("a silence that the client does not sit out", async () => {
    await using server = await openaiChatEmulator({ script: [{ text: "abcd", stall: { afterEvents: 2 } }] })
    const control = new AbortController()
    const stream = await client(server).chat.completions.create(ask, { signal: control.signal })
    let text = ""
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ""
      if (text !== "") control.abort()
    }
    expect(text).toBe("a")
    await server.sockets.assertNone()
    expect(server.requests[0]?.abortedAtMs).toBeGreaterThan(0)
    expect(server.requests[0]?.answered).toBe(false)
  })
})

describe("the paths of Azure", () => {
  const azure = { deployments: { mine: "gpt-5.5" }, entraToken: "entra" }
  const options = { apiKey: "az-key", azure, script: () => ({ text: "From a deployment." }) }

  test("are served to the vendor's own client, by the name of the deployment", async () => {
    await using server = await openaiChatEmulator(options)
    const own = new AzureOpenAI({
      apiKey: "az-key",
      endpoint: server.url,
      apiVersion: "2025-04-01-preview",
      maxRetries: 0,
    })
    const answer = await own.chat.completions.create({ model: "mine", messages: MESSAGES })
    expect(answer).toMatchObject({ model: "gpt-5.5", choices: [{ message: { content: "From a deployment." } }] })
    expect(server.requests[0]?.path).toContain("/openai/deployments/mine/chat/completions?api-version=")
  })

  test.each([
    ["a key", { "api-key": "az-key" }, "mine", "?api-version=v1", 200, undefined],
    ["a token of Entra", { authorization: "Bearer entra" }, "mine", "?api-version=v1", 200, undefined],
    ["the key as a bearer", { authorization: "Bearer az-key" }, "mine", "?api-version=v1", 401, "401"],
    ["no version", { "api-key": "az-key" }, "mine", "", 400, "MissingApiVersionParameter"],
    ["no such deployment", { "api-key": "az-key" }, "gpt-5.5", "?api-version=v1", 404, "DeploymentNotFound"],
  ])("take or refuse %s", async (_name, headers, model, query, status, code) => {
    await using server = await openaiChatEmulator(options)
    const response = await fetch(`${server.url}/openai/v1/chat/completions${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers } as Record<string, string>,
      body: JSON.stringify({ model, messages: MESSAGES }),
    })
    expect(response.status).toBe(status)
    const body = (await response.json()) as { error?: { code?: string } }
    expect(body.error?.code).toBe(code)
  })
})
