import { describe, expect, test } from "vitest"
import type { Fields } from "../check.ts"
import { codexLimitHeaders, codexUsageLimit } from "./errors.ts"
import { codexEmulator } from "./server.ts"
import { emulatedCodexToken } from "./token.ts"
import type { CodexEmulator } from "./types.ts"

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  accept: "text/event-stream",
  authorization: `Bearer ${emulatedCodexToken()}`,
  "chatgpt-account-id": "acct-emulated",
  "openai-beta": "responses=experimental",
  originator: "sluice",
  "user-agent": "sluice/test",
  session_id: "s1",
  conversation_id: "s1",
  "x-client-request-id": "s1",
}

const user = { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }
const BODY: Fields = { model: "gpt-5.5", instructions: "Be kind.", input: [user], stream: true, store: false }

interface Answered {
  status: number
  headers: Headers
  json: Fields
  events: Fields[]
}

async function post(
  server: CodexEmulator,
  body: unknown = BODY,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<Answered> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) if (value !== undefined) all[name] = value
  const response = await fetch(`${server.baseUrl}/codex/responses`, {
    method: "POST",
    headers: all,
    body: JSON.stringify(body),
  })
  const text = await response.text()
  const streamed = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false
  const events = streamed ? text.split("\n").filter((line) => line.startsWith("data: ")) : []
  return {
    status: response.status,
    headers: response.headers,
    json: streamed ? {} : (JSON.parse(text) as Fields),
    events: events.map((line) => JSON.parse(line.slice(6)) as Fields),
  }
}

test("tools of the lighter form stand in the input, and a choice is held against them", async () => {
  await using server = await codexEmulator()
  const tool = { type: "function", name: "t", parameters: {} }
  const tools = { type: "additional_tools", role: "developer", tools: [tool] }
  const choice = { ...BODY, tool_choice: "required" }
  expect((await post(server, { ...choice, input: [tools, user] })).status).toBe(200)
  expect(await post(server, choice)).toMatchObject({ status: 400, json: { error: { param: "tool_choice" } } })
})

describe("answers over SSE", () => {
  test("items, usage, a turn that is not over, and what belongs to the turn", async () => {
    await using server = await codexEmulator({
      script: [
        {
          thinking: "hm",
          commentary: "Looking around",
          customCalls: [{ name: "apply_patch", input: "*** Begin" }],
          endTurn: false,
          turnState: "state-1",
          modelsEtag: '"m1"',
          metadata: { openai_chatgpt_moderation_metadata: { x: 1 } },
          headers: codexLimitHeaders({ resetsAt: 1_800_000_000, primaryUsed: 12 }),
          usage: { prompt: 10, cached: 4, output: 3 },
        },
      ],
    })
    const { status, headers, events } = await post(server, { ...BODY, include: ["reasoning.encrypted_content"] })
    expect(status).toBe(200)
    expect(headers.get("x-codex-turn-state")).toBe("state-1")
    expect(headers.get("x-models-etag")).toBe('"m1"')
    expect(headers.get("x-codex-primary-used-percent")).toBe("12")
    expect(events[1]).toEqual({
      type: "response.metadata",
      headers: {},
      metadata: { openai_chatgpt_moderation_metadata: { x: 1 } },
    })
    expect(events.at(-1)).toMatchObject({
      type: "response.completed",
      response: {
        status: "completed",
        end_turn: false,
        store: false,
        output: [
          { type: "reasoning", summary: [], encrypted_content: expect.any(String) },
          { type: "message", phase: "commentary" },
          { type: "custom_tool_call", input: "*** Begin" },
        ],
        usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 3 },
      },
    })
    expect(server.calls).toMatchObject([{ transport: "sse", prewarm: false, continued: 0, body: BODY }])
  })

  test("its own encrypted reasoning comes back without an id; that of others does not pass", async () => {
    await using server = await codexEmulator({ script: () => ({ thinking: "hm", text: "a" }) })
    const { events } = await post(server, { ...BODY, include: ["reasoning.encrypted_content"] })
    const response = events.at(-1)?.["response"] as { output: Fields[] }
    const items = response.output.map(({ id: _id, ...item }) => item)
    expect(await post(server, { ...BODY, input: [user, ...items, user] })).toMatchObject({ status: 200 })
    const foreign = { type: "reasoning", summary: [], encrypted_content: "gAAAAAother" }
    expect(await post(server, { ...BODY, input: [user, foreign, user] })).toMatchObject({
      status: 400,
      json: { error: { code: "invalid_encrypted_content" } },
    })
  })
})

describe("requests that the backend refuses", () => {
  const call = { type: "function_call", call_id: "call_1", name: "t", arguments: "{}" }
  test.each<[string, Fields, unknown]>([
    ["temperature", { temperature: 1 }, { detail: "Unsupported parameter: temperature" }],
    ["a limit on the output", { max_output_tokens: 100 }, { detail: "Unsupported parameter: max_output_tokens" }],
    ["a chain over SSE", { previous_response_id: "r" }, { detail: "Unsupported parameter: previous_response_id" }],
    ["a type over SSE", { type: "response.create" }, { detail: "Unsupported parameter: type" }],
    ["what is to be stored", { store: true }, { detail: "Store must be set to false" }],
    ["what is not streamed", { stream: false }, { detail: "Stream must be set to true" }],
    ["no instructions", { instructions: "" }, { detail: "Instructions are required" }],
    ["input that is text", { input: "Hi" }, { detail: "Input must be a list" }],
    ["the tier auto", { service_tier: "auto" }, { detail: "Unsupported service_tier: auto" }],
    ["metadata that is no text", { client_metadata: { a: 1 } }, { detail: "client_metadata must be a map of strings" }],
    [
      "an item with an id",
      { input: [{ ...user, id: "msg_1" }] },
      { error: { message: /^Item with id 'msg_1' not found/ } },
    ],
    [
      "a reference to an item",
      { input: [user, { type: "item_reference", id: "msg_1" }] },
      { detail: "Unsupported input item: item_reference" },
    ],
    ["a call without its output", { input: [user, call] }, { error: { message: /No tool output found/ } }],
    ["an unknown effort", { reasoning: { effort: "much" } }, { error: { param: "reasoning.effort" } }],
    ["a summary that is null", { reasoning: { summary: null } }, { error: { param: "reasoning.summary" } }],
    [
      "a choice of a tool that is not there",
      { tool_choice: { type: "custom", name: "u" } },
      { error: { param: "tool_choice" } },
    ],
  ])("%s", async (_name, more, wanted) => {
    await using server = await codexEmulator()
    const { status, json } = await post(server, { ...BODY, ...more })
    expect(status).toBe(400)
    const { error } = wanted as { error?: Fields }
    if (error?.["message"] instanceof RegExp) {
      expect((json["error"] as Fields)["message"]).toMatch(error["message"])
    } else expect(json).toMatchObject(wanted as Fields)
    expect(server.calls[0]?.refused).toMatchObject({ status: 400 })
  })

  const other = `Bearer ${emulatedCodexToken({ serial: "other" })}`
  test.each<[string, Record<string, string | undefined>, number]>([
    ["no token", { authorization: undefined }, 401],
    ["a key in place of a token", { authorization: "Bearer sk-x" }, 401],
    ["a token that has expired", { authorization: `Bearer ${emulatedCodexToken({ expiresAt: 1 })}` }, 401],
    ["another account than the token's", { "chatgpt-account-id": "acct-other" }, 401],
    ["no account though the token names one", { "chatgpt-account-id": undefined }, 401],
    ["an originator that the token was not made for", { originator: "else" }, 401],
    ["a token that is not the good one", { authorization: other }, 401],
    ["no originator", { originator: undefined }, 403],
    ["the WebSocket's beta", { "openai-beta": "responses_websockets=2026-02-06" }, 400],
    ["no beta", { "openai-beta": undefined }, 400],
    ["two sessions", { session_id: "s2" }, 400],
    ["a key beside the token", { "x-api-key": "k" }, 400],
  ])("%s", async (_name, headers, status) => {
    const good = emulatedCodexToken()
    await using server = await codexEmulator({ originator: "sluice", token: () => good })
    const authorization = `Bearer ${good}`
    expect((await post(server, BODY, { authorization })).status).toBe(200)
    const answered = await post(server, BODY, { authorization, ...headers })
    expect(answered.status).toBe(status)
    expect(JSON.stringify(answered.json)).not.toContain(good)
  })

  test("a token that names no account goes without the header", async () => {
    await using server = await codexEmulator()
    const authorization = `Bearer ${emulatedCodexToken({ accountId: null })}`
    expect((await post(server, BODY, { authorization, "chatgpt-account-id": undefined })).status).toBe(200)
    expect((await post(server, BODY, { authorization })).status).toBe(401)
  })

  test("ids, foreign fields and no beta pass where the vendor's own client is to be served", async () => {
    await using server = await codexEmulator({ lenient: true })
    const items = [{ ...user, id: "msg_1", internal_chat_message_metadata_passthrough: { turn_id: "t" } }]
    const answered = await post(server, { ...BODY, input: items }, { "openai-beta": undefined })
    expect(answered.status).toBe(200)
    expect(server.calls[0]?.body["input"]).toEqual(items)
  })
})

describe("models", () => {
  test("are listed with a tag, and not sent again to one who has them", async () => {
    await using server = await codexEmulator({ models: [{ slug: "a" }], modelsEtag: '"t"' })
    const get = (query: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${server.baseUrl}/codex/models${query}`, { headers: { ...HEADERS, ...headers } })
    const listed = await get("?client_version=1.0.0")
    expect(listed.headers.get("etag")).toBe('"t"')
    expect(await listed.json()).toEqual({ models: [{ slug: "a" }] })
    expect((await get("?client_version=1.0.0", { "if-none-match": '"t"' })).status).toBe(304)
    expect((await get("")).status).toBe(400)
    expect((await get("?client_version=1.0.0", { authorization: "Bearer x" })).status).toBe(401)
  })
})

describe("what goes wrong over SSE", () => {
  test("a plan that is used up, and other errors in the backend's words", async () => {
    await using server = await codexEmulator({
      script: [
        { error: codexUsageLimit({ planType: "team", resetsAt: 1_800_000_000 }) },
        { error: { status: 403 } },
        { error: { status: 503, code: "server_error", message: "Overloaded" } },
        { stale: true, error: { status: 400, code: "previous_response_not_found" } },
      ],
    })
    const limit = await post(server)
    expect(limit).toMatchObject({
      status: 429,
      json: { error: { type: "usage_limit_reached", plan_type: "team", resets_at: 1_800_000_000 } },
    })
    expect(limit.headers.get("x-codex-primary-reset-at")).toBe("1800000000")
    expect(await post(server)).toMatchObject({ status: 403, json: { detail: "Forbidden" } })
    expect(await post(server)).toMatchObject({ status: 503, json: { error: { code: "server_error" } } })
    expect(await post(server)).toMatchObject({ status: 400, json: { error: { code: "previous_response_not_found" } } })
    expect(await post(server)).toMatchObject({ status: 400, json: { detail: expect.stringMatching(/no answer left/) } })
  })

  test("an error inside the stream", async () => {
    await using server = await codexEmulator({
      script: [
        { text: "abcd", streamError: { afterEvents: 4, code: "server_error", message: "Try again", nested: true } },
      ],
    })
    const { events } = await post(server)
    expect(events).toHaveLength(5)
    expect(events.at(-1)).toMatchObject({ type: "error", error: { code: "server_error", message: "Try again" } })
  })
})
