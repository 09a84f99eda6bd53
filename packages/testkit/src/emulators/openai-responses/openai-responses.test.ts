import OpenAI, { AzureOpenAI } from "openai"
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses"
import { describe, expect, test } from "vitest"
import type { LoopbackServer } from "../../loopback.ts"
import { openaiResponsesEmulator } from "./server.ts"
import type { ResponsesAnswer } from "./types.ts"

const ASK = { model: "gpt-5.5", input: "Hi" }
const THINK = { reasoning: { summary: "auto" as const }, include: ["reasoning.encrypted_content" as const] }

function client(server: LoopbackServer, apiKey = "sk-good"): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 })
}

async function eventsOf(
  server: LoopbackServer,
  body: Omit<OpenAI.Responses.ResponseCreateParamsStreaming, "stream"> = ASK,
): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = []
  for await (const event of await client(server).responses.create({ ...body, stream: true })) events.push(event)
  return events
}

function lastResponse(events: readonly ResponseStreamEvent[]): Response {
  const last = events.at(-1)
  if (!last || !("response" in last)) throw new Error("The last event has no response.")
  return last.response
}

describe("answers that the vendor's own client reads", () => {
  const answer: ResponsesAnswer = {
    thinking: "First",
    summaries: ["Second"],
    hosted: [{ type: "web_search_call", action: { type: "search", query: "x" } }],
    commentary: "Looking",
    text: "Hello there",
    annotations: [{ type: "url_citation", start_index: 0, end_index: 5, url: "https://a.example", title: "A" }],
    toolCalls: [
      { name: "a", arguments: { x: 1 } },
      { name: "b", arguments: { y: "é" } },
    ],
    customCalls: [{ name: "patch", input: "*** Begin" }],
    serviceTier: "priority",
    usage: { prompt: 100, cached: 40, cacheWrite: 10, output: 7, reasoning: 2 },
  }

  test("every kind of item, usage and tier, streamed and whole", async () => {
    await using server = await openaiResponsesEmulator({ script: [answer, answer] })
    const streamed = await client(server)
      .responses.stream({ ...ASK, ...THINK })
      .finalResponse()
    const whole = await client(server).responses.create({ ...ASK, ...THINK })
    for (const response of [streamed, whole]) {
      expect(response.output).toMatchObject([
        {
          type: "reasoning",
          summary: [
            { type: "summary_text", text: "First" },
            { type: "summary_text", text: "Second" },
          ],
          encrypted_content: expect.stringMatching(/^gAAAAA/),
        },
        { type: "web_search_call", status: "completed", action: { query: "x" } },
        { type: "message", phase: "commentary", content: [{ type: "output_text", text: "Looking" }] },
        {
          type: "message",
          phase: "final_answer",
          content: [{ text: "Hello there", annotations: [{ type: "url_citation" }] }],
        },
        { type: "function_call", name: "a", arguments: '{"x":1}' },
        { type: "function_call", name: "b", arguments: '{"y":"é"}' },
        { type: "custom_tool_call", name: "patch", input: "*** Begin" },
      ])
      expect(response).toMatchObject({ status: "completed", service_tier: "priority", error: null })
      expect(response.usage).toEqual({
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 40, cache_write_tokens: 10 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 107,
      })
    }
  })

  test("a stream counts its events, hides lengths unless told not to, and its deltas make the whole", async () => {
    await using server = await openaiResponsesEmulator({
      script: () => ({ text: "Hello there", toolCalls: [{ name: "a", arguments: { x: 1 } }] }),
    })
    const events = await eventsOf(server)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, n) => n))
    const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("")
    expect(text).toBe("Hello there")
    const input = events.map((event) => (event.type === "response.function_call_arguments.delta" ? event.delta : ""))
    expect(input.join("")).toBe('{"x":1}')
    expect(events.some((event) => "obfuscation" in event)).toBe(true)
    const plain = await eventsOf(server, { ...ASK, stream_options: { include_obfuscation: false } })
    expect(plain.some((event) => "obfuscation" in event)).toBe(false)
  })

  test("an item that the provider runs is told step by step, another one is not", async () => {
    await using server = await openaiResponsesEmulator({
      script: [{ hosted: [{ type: "web_search_call" }, { type: "compaction", encrypted_content: "c" }] }],
    })
    const events = await eventsOf(server)
    expect(lastResponse(events).output.map(({ id }) => id?.split("_")[0])).toEqual(["ws", "cmp"])
    const types = events.map(({ type }) => type)
    expect(types.slice(2, -1)).toEqual([
      "response.output_item.added",
      "response.web_search_call.in_progress",
      "response.web_search_call.completed",
      "response.output_item.done",
      "response.output_item.added",
      "response.output_item.done",
    ])
  })

  test("thinking is shown and carried only when the request asks for it", async () => {
    await using server = await openaiResponsesEmulator({ script: () => ({ thinking: "hm", text: "x" }) })
    const { output } = await client(server).responses.create(ASK)
    expect(output[0]).toMatchObject({ type: "reasoning", summary: [] })
    expect(output[0]).not.toHaveProperty("encrypted_content")
  })

  test("a refusal, thinking in the open, and deltas of two calls in turns", async () => {
    await using server = await openaiResponsesEmulator({
      script: [
        { refusal: "I will not" },
        { reasoningText: "raw", text: "x" },
        {
          interleave: true,
          pace: { chars: 4 },
          toolCalls: [
            { name: "a", arguments: "12345678" },
            { name: "b", arguments: "87654321" },
          ],
        },
      ],
    })
    const refused = await eventsOf(server)
    expect(refused.map((event) => (event.type === "response.refusal.delta" ? event.delta : "")).join("")).toBe(
      "I will not",
    )
    const open = await eventsOf(server)
    expect(open.map((event) => (event.type === "response.reasoning_text.delta" ? event.delta : "")).join("")).toBe(
      "raw",
    )
    const turns = (await eventsOf(server)).flatMap((event) =>
      event.type === "response.function_call_arguments.delta" ? [[event.output_index, event.delta]] : [],
    )
    expect(turns).toEqual([
      [0, "1234"],
      [1, "8765"],
      [0, "5678"],
      [1, "4321"],
    ])
  })

  test.each([
    [{ length: true }, "response.incomplete", { incomplete_details: { reason: "max_output_tokens" } }],
    [
      { incomplete: "content_filter" as const },
      "response.incomplete",
      { incomplete_details: { reason: "content_filter" } },
    ],
    [
      { failed: { code: "rate_limit_exceeded", message: "Slow" }, usage: { prompt: 3, output: 1 } },
      "response.failed",
      { status: "failed", error: { code: "rate_limit_exceeded", message: "Slow" }, usage: { total_tokens: 4 } },
    ],
    [{ terminal: "response.done" }, "response.done", { status: "completed" }],
    [{ stop: "queued" }, "response.completed", { status: "queued" }],
  ])("an end of its own: %j", async (end, type, response) => {
    await using server = await openaiResponsesEmulator({ script: [{ text: "abc", ...end }] })
    const events = await eventsOf(server)
    expect(events.at(-1)?.type).toBe(type)
    expect(lastResponse(events)).toMatchObject(response)
  })
})

describe("dialects", () => {
  const script = (): ResponsesAnswer => ({
    text: "abcd",
    toolCalls: [{ id: "call_1", name: "a", arguments: { x: 1 } }],
  })

  test("no ids of items, no indexes, no numbers, events left out", async () => {
    await using server = await openaiResponsesEmulator({
      script,
      dialect: { noItemIds: true, noIndexes: true, noSequence: true, omit: ["response.content_part.added"] },
    })
    const events = await eventsOf(server)
    for (const event of events) {
      for (const name of ["item_id", "output_index", "content_index", "sequence_number"]) {
        expect(event).not.toHaveProperty(name)
      }
      if ("item" in event) expect(event.item).not.toHaveProperty("id")
    }
    expect(events.map(({ type }) => type)).not.toContain("response.content_part.added")
    expect(events.map(({ type }) => type)).toContain("response.content_part.done")
  })

  test("another id with every event", async () => {
    await using server = await openaiResponsesEmulator({ script, dialect: { rotateItemIds: true } })
    const ids = (await eventsOf(server)).flatMap((event) => ("item_id" in event ? [event.item_id] : []))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test("calls that are named by their call's id", async () => {
    await using server = await openaiResponsesEmulator({ script, dialect: { callAliases: true } })
    const events = await eventsOf(server)
    const added = events.find((event) => event.type === "response.output_item.added" && event.output_index === 1)
    expect(added).toMatchObject({ item: { call_id: "call_1" } })
    expect(added).not.toHaveProperty("item.id")
    expect(events).toContainEqual(
      expect.objectContaining({ type: "response.function_call_arguments.delta", item_id: "fc_call_1" }),
    )
  })
})

describe("chains", () => {
  test("go on from a response that was kept, and pair outputs with the calls in it", async () => {
    await using server = await openaiResponsesEmulator({
      script: [{ toolCalls: [{ id: "call_1", name: "a" }] }, { text: "done" }],
    })
    const first = await client(server).responses.create(ASK)
    const second = await client(server).responses.create({
      model: "gpt-5.5",
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: "call_1", output: "1" }],
    })
    expect(second.output_text).toBe("done")
    expect(await client(server).responses.retrieve(second.id)).toMatchObject({ previous_response_id: first.id })
    await client(server).responses.delete(second.id)
    await expect(client(server).responses.retrieve(second.id)).rejects.toMatchObject({ status: 404 })
  })

  test("an id that is unknown, or was not stored, is refused", async () => {
    await using server = await openaiResponsesEmulator()
    const { id } = await client(server).responses.create({ ...ASK, store: false })
    for (const previous of [id, "resp_none"]) {
      await expect(client(server).responses.create({ ...ASK, previous_response_id: previous })).rejects.toMatchObject({
        status: 400,
        code: "previous_response_not_found",
        param: "previous_response_id",
      })
    }
  })

  test("a call that is left open in the chain is refused", async () => {
    await using server = await openaiResponsesEmulator({ script: [{ toolCalls: [{ id: "call_1", name: "a" }] }] })
    const { id } = await client(server).responses.create(ASK)
    await expect(client(server).responses.create({ ...ASK, previous_response_id: id })).rejects.toThrow(
      "No tool output found for function call call_1.",
    )
  })

  test("with zero data retention no chain is taken and nothing is kept", async () => {
    await using server = await openaiResponsesEmulator({ zeroDataRetention: true })
    const first = await client(server).responses.create({ ...ASK, store: true })
    expect(first).toMatchObject({ store: false })
    await expect(client(server).responses.create({ ...ASK, previous_response_id: first.id })).rejects.toThrow(
      /Zero Data Retention/,
    )
  })
})

async function post(
  server: LoopbackServer,
  body: unknown,
  path = "/v1/responses",
  headers: Record<string, string> = { authorization: "Bearer sk-good" },
): Promise<{ status: number; error: Record<string, unknown> }> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
  const json = (await response.json()) as { error?: Record<string, unknown> | null }
  return { status: response.status, error: json.error ?? {} }
}

describe("Azure", () => {
  const options = { apiKey: "az-key", azure: { deployments: { mine: "gpt-5.5" }, entraToken: "entra" } }
  const path = "/openai/v1/responses?api-version=v1"
  const key = { "api-key": "az-key" }

  test("the vendor's client for it reads whole and streamed answers of a deployment", async () => {
    await using server = await openaiResponsesEmulator({ ...options, script: () => ({ text: "Hello" }) })
    const azure = new AzureOpenAI({
      apiKey: "az-key",
      apiVersion: "preview",
      baseURL: `${server.url}/openai/v1`,
      maxRetries: 0,
    })
    const whole = await azure.responses.create({ model: "mine", input: "Hi" })
    expect(whole).toMatchObject({ model: "gpt-5.5", output_text: "Hello", content_filters: null })
    const streamed = await azure.responses.stream({ model: "mine", input: "Hi" }).finalResponse()
    expect(streamed.output_text).toBe("Hello")
    expect(server.requests[0]?.headers["api-key"]).toBe("az-key")
  })

  test.each([
    ["no version", "/openai/v1/responses", key, {}, 400, { code: "MissingApiVersionParameter" }],
    ["a version that does not exist", "/openai/v1/responses?api-version=1", key, {}, 400, { code: "BadRequest" }],
    ["the key as a bearer", path, { authorization: "Bearer az-key" }, {}, 401, { code: "401" }],
    ["a wrong key", path, { "api-key": "x" }, {}, 401, { code: "401" }],
    ["a model in place of its deployment", path, key, { model: "gpt-5.5" }, 404, { code: "DeploymentNotFound" }],
    ["a wrong path", "/openai/v1/answers?api-version=v1", key, {}, 404, { code: "404" }],
    [
      "encrypted reasoning of what is stored",
      path,
      key,
      { include: ["reasoning.encrypted_content"] },
      400,
      { param: "include" },
    ],
    ["a choice without tools", path, key, { tool_choice: "none" }, 400, { param: "tool_choice" }],
  ])("%s is refused", async (_name, at, headers, body, status, error) => {
    await using server = await openaiResponsesEmulator(options)
    expect(await post(server, { model: "mine", input: "Hi", ...body }, at, headers)).toMatchObject({ status, error })
  })

  test("a token of Entra ID is taken as a bearer", async () => {
    await using server = await openaiResponsesEmulator(options)
    const headers = { authorization: "Bearer entra" }
    expect(await post(server, { model: "mine", input: "Hi" }, path, headers)).toMatchObject({ status: 200 })
  })
})

describe("what goes wrong", () => {
  test("an error response, and one with a body of its own", async () => {
    await using server = await openaiResponsesEmulator({
      script: [
        { error: { status: 429, headers: { "retry-after": "7" } } },
        { error: { status: 400, body: { detail: "Unsupported parameter: previous_response_id" } } },
      ],
    })
    const failed = await client(server)
      .responses.create(ASK)
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ status: 429, code: "rate_limit_exceeded" })
    await expect(client(server).responses.create(ASK)).rejects.toMatchObject({ status: 400, code: undefined })
  })

  test("an error inside the stream, flat and nested", async () => {
    await using server = await openaiResponsesEmulator({
      script: [
        { text: "abcd", streamError: { afterEvents: 3, code: "server_error", message: "boom" } },
        { text: "abcd", streamError: { afterEvents: 3, code: "server_error", message: "boom", nested: true } },
      ],
    })
    const raw = async (): Promise<string> => {
      const body = JSON.stringify({ ...ASK, stream: true })
      const headers = { "content-type": "application/json", authorization: "Bearer sk-good" }
      return (await fetch(`${server.url}/v1/responses`, { method: "POST", body, headers })).text()
    }
    const lastOf = (text: string): unknown => JSON.parse(text.trim().split("data: ").at(-1) ?? "")
    expect(lastOf(await raw())).toEqual({
      type: "error",
      sequence_number: 3,
      code: "server_error",
      message: "boom",
      param: null,
    })
    expect(lastOf(await raw())).toMatchObject({ type: "error", error: { code: "server_error", message: "boom" } })
  })

  test.each(["before", "after"] as const)("a cut %s the first call is done", async (when) => {
    await using server = await openaiResponsesEmulator({
      script: [{ toolCalls: [{ name: "a" }, { name: "b" }], cutAtCall: { when } }],
    })
    const types: string[] = []
    await expect(async () => {
      for await (const event of await client(server).responses.create({ ...ASK, stream: true })) types.push(event.type)
    }).rejects.toThrow()
    expect(types.at(-1)).toBe(
      when === "before" ? "response.function_call_arguments.delta" : "response.output_item.done",
    )
  })

  test("arguments of white space alone", async () => {
    await using server = await openaiResponsesEmulator({
      script: [{ toolCalls: [{ name: "a", arguments: { x: 1 } }], whitespace: 300 }],
    })
    const deltas = (await eventsOf(server)).flatMap((event) =>
      event.type === "response.function_call_arguments.delta" ? [event.delta] : [],
    )
    expect(deltas.filter((delta) => delta.trim() === "")).toHaveLength(300)
    expect(JSON.parse(deltas.join(""))).toEqual({ x: 1 })
  })

  test("a silence that the client does not sit out", async () => {
    await using server = await openaiResponsesEmulator({ script: [{ text: "abcd", stall: { afterEvents: 5 } }] })
    const control = new AbortController()
    const stream = await client(server).responses.create({ ...ASK, stream: true }, { signal: control.signal })
    let text = ""
    for await (const event of stream) {
      if (event.type !== "response.output_text.delta") continue
      text += event.delta
      control.abort()
    }
    expect(text).toBe("a")
    await server.sockets.assertNone()
    expect(server.requests[0]?.answered).toBe(false)
  })
})
