import Anthropic from "@anthropic-ai/sdk"
import { describe, expect, test } from "vitest"
import type { LoopbackServer } from "../../loopback.ts"
import { anthropicMessagesEmulator } from "./server.ts"

const USER = { role: "user", content: "Hi" } as const
const THINKING = { type: "enabled", budget_tokens: 1024 } as const

function client(server: LoopbackServer): Anthropic {
  return new Anthropic({ apiKey: "sk-good", baseURL: server.url, maxRetries: 0 })
}

async function post(
  server: LoopbackServer,
  body: unknown,
  headers: Record<string, string> = {},
  path = "/v1/messages",
): Promise<{ status: number; type: string; message: string }> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-api-key": "sk-good",
      "anthropic-version": "2023-06-01",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
  const json = (await response.json()) as { error?: { type: string; message: string } }
  return { status: response.status, type: json.error?.type ?? "", message: json.error?.message ?? "" }
}

describe("answers that the vendor's own client reads", () => {
  test("thinking, text, parallel calls and usage, streamed and whole", async () => {
    const answer = {
      thinking: "Let me see",
      text: "Hello",
      toolCalls: [
        { name: "a", arguments: { x: 1 } },
        { name: "b", arguments: { y: "é" } },
      ],
      usage: { prompt: 100, cached: 40, cacheWrite: 10, output: 7 },
    }
    await using server = await anthropicMessagesEmulator({ script: [answer, answer] })
    const ask = { model: "claude-x", max_tokens: 4096, messages: [USER], thinking: THINKING }
    const streamed = await client(server).messages.stream(ask).finalMessage()
    const whole = await client(server).messages.create(ask)
    for (const message of [streamed, whole]) {
      expect(message.stop_reason).toBe("tool_use")
      expect(message.content).toMatchObject([
        { type: "thinking", thinking: "Let me see", signature: expect.stringMatching(/.{20}/) },
        { type: "text", text: "Hello" },
        { type: "tool_use", name: "a", input: { x: 1 } },
        { type: "tool_use", name: "b", input: { y: "é" } },
      ])
      expect(message.usage).toMatchObject({
        input_tokens: 50,
        cache_read_input_tokens: 40,
        cache_creation_input_tokens: 10,
        output_tokens: 7,
      })
    }
  })

  test("thinking comes only when it is asked for, and without its text when that is not wanted", async () => {
    const answer = { thinking: "hm", text: "x" }
    await using server = await anthropicMessagesEmulator({ script: [answer, answer] })
    const ask = { model: "m", max_tokens: 4096, messages: [USER] }
    expect((await client(server).messages.create(ask)).content).toMatchObject([{ type: "text" }])
    const hidden = await client(server).messages.create({ ...ask, thinking: { ...THINKING, display: "omitted" } })
    expect(hidden.content[0]).toMatchObject({ type: "thinking", thinking: "" })
  })

  test("refusal, length, counting and the list of models", async () => {
    await using server = await anthropicMessagesEmulator({
      script: [
        { refusal: "Not this.", refusalCategory: "cyber" },
        { text: "cut o", length: true },
      ],
      models: ["one", "two"],
    })
    const ask = { model: "one", max_tokens: 10, messages: [USER] }
    expect(await client(server).messages.stream(ask).finalMessage()).toMatchObject({
      stop_reason: "refusal",
      stop_details: { type: "refusal", category: "cyber", explanation: "Not this." },
    })
    expect((await client(server).messages.create(ask)).stop_reason).toBe("max_tokens")
    const { max_tokens: _max, ...count } = ask
    expect((await client(server).messages.countTokens(count)).input_tokens).toBeGreaterThan(0)
    const ids: string[] = []
    for await (const model of client(server).models.list()) ids.push(model.id)
    expect(ids).toEqual(["one", "two"])
  })
})

describe("signatures", () => {
  const tools = [{ name: "t", input_schema: { type: "object" as const } }]
  const base = { model: "m", max_tokens: 4096, thinking: THINKING, tools }

  async function loop(): Promise<{
    server: Awaited<ReturnType<typeof anthropicMessagesEmulator>>
    blocks: Record<string, unknown>[]
  }> {
    const server = await anthropicMessagesEmulator({
      script: [{ thinking: "I call t", toolCalls: [{ name: "t" }], redactedThinking: "b3BhcXVl" }, { text: "Done" }],
    })
    const first = await client(server).messages.create({ ...base, messages: [USER] })
    return { server, blocks: first.content as unknown as Record<string, unknown>[] }
  }

  const replay = (blocks: unknown[]): unknown => ({
    ...base,
    messages: [
      USER,
      { role: "assistant", content: blocks },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_000000000000000000000001", content: "1" }] },
    ],
  })

  test("what was given out is taken back", async () => {
    const { server, blocks } = await loop()
    await using _ = server
    expect(await post(server, replay(blocks))).toMatchObject({ status: 200 })
  })

  test("a foreign or altered signature, changed thinking, foreign hidden thinking and a loop without any are refused", async () => {
    const { server, blocks } = await loop()
    await using _ = server
    const [thinking, hidden, call] = blocks
    const refused = async (...content: unknown[]): Promise<string> => {
      const { status, message } = await post(server, replay(content))
      expect(status).toBe(400)
      return message
    }
    const signature = String(thinking?.["signature"])
    expect(await refused({ ...thinking, signature: `${signature.slice(0, -2)}AA` }, call)).toBe(
      "messages.1.content.0: Invalid `signature` in `thinking` block",
    )
    expect(await refused({ ...thinking, signature: "" }, call)).toMatch(/Invalid `signature`/)
    expect(await refused({ ...thinking, thinking: "I call t " }, call)).toMatch(/cannot be modified/)
    expect(await refused(thinking, { ...hidden, data: "eHg=" }, call)).toMatch(/Invalid `data` in `redacted_thinking`/)
    expect(await refused(call)).toMatch(/Expected `thinking` or `redacted_thinking`, but found `tool_use`/)
    expect(await refused({ ...thinking, cache_control: { type: "ephemeral" } }, call)).toMatch(
      /cache_control: Extra inputs/,
    )
  })
})

describe("what the vendor refuses", () => {
  const use = { type: "tool_use", id: "toolu_1", name: "t", input: {} }
  const result = { type: "tool_result", tool_use_id: "toolu_1", content: "1" }
  const assistant = (...content: unknown[]): unknown => ({ role: "assistant", content })
  const user = (...content: unknown[]): unknown => ({ role: "user", content })
  const text = (t: string, ttl?: string): unknown => ({
    type: "text",
    text: t,
    ...(ttl ? { cache_control: { type: "ephemeral", ttl } } : {}),
  })
  const tool = { name: "t", input_schema: { type: "object" } }
  const rows: [string, Record<string, unknown>, RegExp][] = [
    ["no limit", { max_tokens: undefined }, /^max_tokens: Field required$/],
    ["no model", { model: undefined }, /^model: Field required$/],
    ["no messages", { messages: undefined }, /^messages: Field required$/],
    ["a limit of nothing", { max_tokens: 0 }, /^max_tokens: /],
    ["a limit above the model's", { max_tokens: 999_999 }, /999999 > 128000, which is the maximum/],
    ["no message", { messages: [] }, /at least one message/],
    ["a system message", { messages: [{ role: "system", content: "x" }, USER] }, /Unexpected role "system"/],
    [
      "an unknown role",
      { messages: [{ role: "tool", content: "x" }] },
      /messages\.0\.role: Input should be 'user' or 'assistant'/,
    ],
    ["an answer first", { messages: [assistant(text("x")), USER] }, /first message must use the "user" role/],
    ["an empty message", { messages: [{ role: "user", content: "" }] }, /non-empty content/],
    ["an empty text", { messages: [user(text(""))] }, /text content blocks must be non-empty/],
    ["a blank text", { messages: [user(text(" \n"))] }, /non-whitespace/],
    ["an unknown block", { messages: [user({ type: "poem" })] }, /Input tag 'poem' found using 'type'/],
    [
      "an image of a wrong type",
      { messages: [user({ type: "image", source: { type: "base64", media_type: "image/jpg", data: "AA" } })] },
      /media_type: Input should be/,
    ],
    ["a space at the end of a beginning", { messages: [USER, assistant(text("So "))] }, /trailing whitespace/],
    [
      "a call without a result",
      { messages: [USER, assistant(use), USER] },
      /ids were found without `tool_result` blocks immediately after: toolu_1/,
    ],
    [
      "a result behind a text",
      { messages: [USER, assistant(use), user(text("x"), result)] },
      /without `tool_result` blocks immediately after/,
    ],
    ["a text behind a call", { messages: [USER, assistant(use, text("x")), user(result)] }, /without `tool_result`/],
    [
      "a result without a call",
      { messages: [user(result)] },
      /unexpected `tool_use_id` found in `tool_result` blocks: toolu_1/,
    ],
    ["two results of one call", { messages: [USER, assistant(use), user(result, result)] }, /single result/],
    ["one id for two calls", { messages: [USER, assistant(use, use), user(result)] }, /ids must be unique/],
    [
      "an id with a wrong letter",
      { messages: [USER, assistant({ ...use, id: "call|1" }), user(result)] },
      /tool_use\.id: String should match pattern/,
    ],
    [
      "a call without input",
      { messages: [USER, assistant({ ...use, input: undefined }), user(result)] },
      /tool_use\.input: Field required/,
    ],
    [
      "an empty failure",
      { messages: [USER, assistant(use), user({ ...result, content: " ", is_error: true })] },
      /cannot be empty if `is_error`/,
    ],
    [
      "an image in a failure",
      {
        messages: [USER, assistant(use), user({ ...result, is_error: true, content: [{ type: "image", source: {} }] })],
      },
      /must be type "text" if `is_error`/,
    ],
    ["a tool that has no schema", { tools: [{ name: "t" }] }, /tools\.0\.custom\.input_schema: Field required/],
    [
      "a choice in a tool's schema",
      { tools: [{ name: "t", input_schema: { type: "object", anyOf: [] } }] },
      /at the top level/,
    ],
    ["two tools of one name", { tools: [tool, tool] }, /names must be unique/],
    ["a choice without tools", { tool_choice: { type: "auto" } }, /while providing tools/],
    [
      "a choice of a tool that is not there",
      { tools: [tool], tool_choice: { type: "tool", name: "u" } },
      /'u' not found/,
    ],
    ["an unknown choice", { tools: [tool], tool_choice: { type: "required" } }, /tool_choice: Input tag 'required'/],
    [
      "a forced tool with thinking",
      { tools: [tool], tool_choice: { type: "any" }, thinking: THINKING },
      /may not be enabled when tool_choice forces/,
    ],
    ["a small budget", { thinking: { type: "enabled", budget_tokens: 100 } }, /greater than or equal to 1024/],
    [
      "a budget above the limit",
      { thinking: { type: "enabled", budget_tokens: 8192 } },
      /`max_tokens` must be greater than `thinking\.budget_tokens`/,
    ],
    ["temperature with thinking", { thinking: THINKING, temperature: 0.5 }, /may only be set to 1/],
    ["top_k with thinking", { thinking: THINKING, top_k: 5 }, /`top_k` must be unset/],
    ["too hot", { temperature: 1.5 }, /less than or equal to 1/],
    [
      "five marks",
      {
        system: [text("a", "5m"), text("b", "5m")],
        messages: [user(text("c", "5m"), text("d", "5m"), text("e", "5m"))],
      },
      /maximum of 4 blocks with cache_control may be provided\. Found 5/,
    ],
    [
      "a long mark behind a short one",
      { system: [text("a", "5m")], messages: [user(text("c", "1h"))] },
      /ttl='1h' cache_control block must not come after/,
    ],
    ["five stops", { stop_sequences: ["1", "2", "3", "4", "5"] }, /at most 4 items/],
    ["a field nobody knows", { presence_penalty: 1 }, /^presence_penalty: Extra inputs are not permitted$/],
    ["a field without its beta", { context_management: {} }, /^context_management: Extra inputs/],
  ]
  test.each(rows)("%s", async (_name, changed, wanted) => {
    await using server = await anthropicMessagesEmulator()
    const answer = await post(server, { model: "m", max_tokens: 4096, messages: [USER], ...changed })
    expect(answer).toMatchObject({ status: 400, type: "invalid_request_error" })
    expect(answer.message).toMatch(wanted)
  })

  test("turns in a row only where that is asked for", async () => {
    const body = { model: "m", max_tokens: 10, messages: [USER, USER] }
    await using joins = await anthropicMessagesEmulator()
    expect((await post(joins, body)).status).toBe(200)
    await using strict = await anthropicMessagesEmulator({ alternation: true })
    expect((await post(strict, body)).message).toMatch(/roles must alternate/)
  })

  test("a beta opens its field and its role", async () => {
    await using server = await anthropicMessagesEmulator()
    const body = {
      model: "m",
      max_tokens: 10,
      messages: [USER, { role: "system", content: "x" }],
      context_management: {},
    }
    const betas = { "anthropic-beta": "context-management-2025-06-27,mid-conversation-system-2026-04-07" }
    expect((await post(server, body, betas)).status).toBe(200)
  })

  test("models that think as they see fit refuse sampling, disabled thinking and a begun answer", async () => {
    await using server = await anthropicMessagesEmulator({ adaptive: () => true })
    const base = { model: "m", max_tokens: 10, messages: [USER] }
    for (const more of [
      { temperature: 1 },
      { thinking: { type: "disabled" } },
      { messages: [USER, assistant(text("x"))] },
    ]) {
      expect((await post(server, { ...base, ...more })).status).toBe(400)
    }
    expect((await post(server, { ...base, thinking: { type: "adaptive" } })).status).toBe(200)
  })

  test("a missing version, key or path, an unknown model, a limit where tokens are only counted", async () => {
    await using server = await anthropicMessagesEmulator({ apiKey: "sk-good", models: ["m"] })
    const body = { model: "m", max_tokens: 10, messages: [USER] }
    expect(await post(server, body, { "anthropic-version": "1999-01-01" })).toMatchObject({
      status: 400,
      message: /not a valid version/,
    })
    expect(await post(server, body, { "x-api-key": "sk-bad" })).toMatchObject({
      status: 401,
      type: "authentication_error",
    })
    expect(await post(server, { ...body, model: "n" })).toMatchObject({ status: 404, message: "model: n" })
    expect(await post(server, body, {}, "/v1/complete")).toMatchObject({ status: 404, type: "not_found_error" })
    expect(await post(server, body, {}, "/v1/messages/count_tokens")).toMatchObject({
      message: /max_tokens: Extra inputs/,
    })
    expect(
      await (await fetch(`${server.url}/v1/models`, { headers: { "x-api-key": "sk-good" } })).json(),
    ).toMatchObject({ error: { message: "anthropic-version: header is required" } })
    expect(await (await fetch(`${server.url}/v1/models`)).json()).toMatchObject({
      type: "error",
      error: { message: "x-api-key header is required" },
    })
  })
})

describe("what goes wrong", () => {
  const ask = { model: "m", max_tokens: 100, messages: [USER] }

  test("an error response, and the same one where a stream was to carry it", async () => {
    await using server = await anthropicMessagesEmulator({
      script: [{ error: { type: "overloaded_error" } }, { text: "x", streamError: { type: "rate_limit_error" } }],
    })
    await expect(client(server).messages.create(ask)).rejects.toMatchObject({ status: 529 })
    await expect(client(server).messages.create(ask)).rejects.toMatchObject({ status: 429 })
  })

  test("an error inside the stream, a cut, an early end", async () => {
    await using server = await anthropicMessagesEmulator({
      script: [
        { text: "abcd", streamError: { type: "overloaded_error", message: "Overloaded", afterEvents: 4 } },
        { text: "abcd", cut: { afterEvents: 4, how: "reset" } },
        { text: "abcd", endEarly: { afterEvents: 4 } },
      ],
    })
    await expect(client(server).messages.stream(ask).finalMessage()).rejects.toThrow("Overloaded")
    for (let n = 0; n < 2; n++) {
      const stream = client(server).messages.stream(ask)
      await expect(stream.finalMessage()).rejects.toThrow()
    }
    expect(server.requests.map((request) => request.answered)).toEqual([true, false, true])
  })
})
