import type { Message, OutputFormat, UserMessage } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import {
  assistant,
  callOf,
  closes,
  delta,
  encode,
  ends,
  opens,
  start,
  stop,
  user,
} from "../../../../../tests/support/anthropic-messages.ts"
import { MessageBuilder } from "../../assemble/message-builder.ts"
import { countingMint } from "../../assemble/read-recording.ts"
import { classify } from "../../errors/classify.ts"
import { anthropicMessages } from "./client.ts"

const schema = { type: "object", properties: { a: { type: "string", minLength: 1 } }, required: ["a"] }
const format: OutputFormat = { type: "jsonSchema", schema }
const tool = { name: "f", parameters: { type: "object", properties: {} } }

test("the request's place, headers and order of fields", () => {
  const request = anthropicMessages.encode(
    callOf({
      context: { systemPrompt: "s", tools: [tool] },
      options: { user: "u", temperature: 0, stop: ["x"], toolChoice: "auto", serviceTier: "fast" },
    }),
  )
  expect(request.path).toBe("/v1/messages")
  expect(request.headers).toMatchObject({
    "content-type": "application/json",
    accept: "text/event-stream",
    "anthropic-version": "2023-06-01",
  })
  expect(Object.keys(request.body as object)).toEqual([
    "model",
    "messages",
    "system",
    "tools",
    "metadata",
    "max_tokens",
    "stream",
    "temperature",
    "stop_sequences",
    "speed",
    "tool_choice",
  ])
  expect(encode({ stream: false })).toMatchObject({ headers: { accept: "application/json" } })
  expect(encode({ stream: false }).body).not.toHaveProperty("stream")
})

describe("instructions at the head of the conversation", () => {
  const developer = (content: UserMessage["content"]): Message => ({ role: "developer", content })
  const text = (body: { system?: { text: string }[] }): string[] => (body.system ?? []).map((block) => block.text)

  test("join the system prompt, with their cache marks", () => {
    const marked = { type: "text", text: "Be kind.", cache: "short" } as const
    const messages = [developer("Be brief."), developer([marked]), user("q"), developer("Now."), user("r")]
    const { body, losses } = encode({ context: { systemPrompt: "You are.", messages } })
    expect(text(body)).toEqual(["You are.", "Be brief.", "Be kind."])
    expect(body["system"][2].cache_control).toEqual({ type: "ephemeral" })
    expect(body["messages"].map(({ content }: { content: { text: string }[] }) => content[0]?.text)).toEqual([
      "q",
      "Now.",
      "r",
    ])
    expect(losses).toEqual(["approximated messages[3].role", "approximated messages[0]", "approximated messages[1]"])
  })

  test.each<[string, Message[]]>([
    ["with an image among them", [developer([{ type: "image", source: { url: "https://i.example/a" } }]), user("q")]],
    ["before an answer", [developer("Be brief."), assistant([{ type: "text", text: "Yes." }]), user("q")]],
    ["and nothing else", [developer("Be brief.")]],
  ])("%s stand where they stood", (_name, messages) => {
    const { body } = encode({ context: { messages } })
    expect(text(body)).toEqual([])
    expect(body["messages"]).toHaveLength(messages.length)
    expect(body["messages"][0].role).toBe("user")
  })
})

describe("the shape of an answer", () => {
  test("is asked of the host where it can", () => {
    const { body, losses } = encode({
      model: { compat: { messages: { structuredOutput: true } } },
      options: { output: format },
    })
    expect(body["output_config"].format).toEqual({
      type: "json_schema",
      schema: {
        ...schema,
        properties: { a: { type: "string", description: "{minLength: 1}" } },
        additionalProperties: false,
      },
    })
    expect(losses).toEqual(["approximated options.output.schema"])
  })

  test("else a forced tool stands in, and its arguments are the answer's text", () => {
    const { body, losses } = encode({ options: { output: format } })
    expect(body["tool_choice"]).toEqual({ type: "tool", name: "structured_output" })
    expect(losses).toContain("approximated options.output")
    const out = new MessageBuilder({
      api: "anthropic-messages",
      provider: "p",
      model: "m",
      timestamp: 0,
      now: () => 0,
      mintId: countingMint().id,
      toError: (facts) => classify(facts),
    })
    const head = { status: 200, headers: new Headers(), channel: "http" as const }
    const decoder = anthropicMessages.decoder(callOf({ options: { output: format } }), head, out)
    for (const event of [
      start,
      opens(0, { type: "tool_use", id: "t", name: "structured_output", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"a":' }),
      delta(0, { type: "input_json_delta", partial_json: '"x"}' }),
      closes(0),
      ends("tool_use"),
      stop,
    ]) {
      decoder.push({ data: JSON.stringify(event) })
    }
    out.finish()
    expect(out.message).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: '{"a":"x"}' }] })
  })

  test.each([
    ["beside other tools", { context: { tools: [tool] }, options: { output: format } }],
    ["with thinking", { options: { output: format, reasoning: "high" as const } }],
    ["for a list", { options: { output: { type: "jsonSchema" as const, schema: { type: "array" } } } }],
    ["without a schema", { options: { output: { type: "json" as const } } }],
  ])("else it is put into words (%s)", (_name, fields) => {
    const { body, losses } = encode(fields)
    expect(body["system"].at(-1).text).toContain("JSON")
    expect(body["tool_choice"]).toBeUndefined()
    expect(losses).toContain("approximated options.output")
  })
})

describe("media", () => {
  test("documents of every kind", () => {
    const text = btoa("plain")
    const content = [
      { type: "document" as const, source: { data: "AA==", mimeType: "application/pdf" }, title: "T", citations: true },
      { type: "document" as const, source: { data: text, mimeType: "text/markdown" } },
      { type: "document" as const, source: { text: "t" } },
      { type: "document" as const, source: { fileId: "f" } },
      { type: "document" as const, source: { url: "https://x.invalid/a.pdf" } },
      { type: "document" as const, source: { data: "AA==", mimeType: "application/zip" } },
    ]
    const messages = [{ role: "user" as const, content }]
    const { body, betas, losses } = encode({ messages, options: { cacheRetention: "none" } })
    expect(body["messages"][0].content).toEqual([
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "AA==" },
        title: "T",
        citations: { enabled: true },
      },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "plain" } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "t" } },
      { type: "document", source: { type: "file", file_id: "f" } },
      { type: "text", text: "[document: https://x.invalid/a.pdf]" },
      { type: "text", text: "[unsupported document: application/zip]" },
    ])
    expect(betas).toEqual(["files-api-2025-04-14"])
    expect(losses).toHaveLength(2)
    const byUrl = encode({
      messages,
      model: { compat: { messages: { mediaUrls: true } } },
      options: { cacheRetention: "none" },
    })
    expect(byUrl.body["messages"][0].content[4].source).toEqual({ type: "url", url: "https://x.invalid/a.pdf" })
  })
})

test("tools of this wire pass as they are, those of others are named as lost, and grammars become advice", () => {
  const search = { type: "web_search_20250305", name: "web_search" }
  const { body, losses } = encode({
    context: {
      tools: [
        { type: "native", api: "anthropic-messages", item: search },
        { type: "native", api: "openai-responses", item: {} },
        { type: "custom", name: "patch", description: "d", grammar: { syntax: "lark", definition: "start: X" } },
      ],
    },
    options: { cacheRetention: "none" },
  })
  expect(body["tools"]).toMatchObject([search, { name: "patch", input_schema: { required: ["input"] } }])
  expect(body["tools"][1].description).toContain("start: X")
  expect(losses).toEqual(["dropped tools[1]", "approximated tools[2]"])
})

test("options without a field are named as lost", () => {
  const { losses } = encode({
    options: {
      seed: 1,
      minP: 0.1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      repetitionPenalty: 1,
      logprobs: true,
      verbosity: "low",
      promptCacheKey: "k",
      serviceTier: "flex",
    },
  })
  expect(losses).toHaveLength(9)
})

test("a host's own tiers of service stand in the vendor's field unless it has a header for them", () => {
  const body = (serviceTier: string): unknown =>
    encode({ model: { compat: { messages: { serviceTiers: ["flex"] } } }, options: { serviceTier } })
  expect(body("flex")).toMatchObject({ body: { service_tier: "flex" }, losses: [] })
  expect(body("priority")).toMatchObject({ losses: ["dropped options.serviceTier"] })
  expect(body("auto")).not.toHaveProperty("body.service_tier")
})

test("fields of the caller's are set last, and undefined removes one", () => {
  const { body } = encode({
    options: { wire: { "anthropic-messages": { max_tokens: 1, container: "c", stream: undefined } } },
  })
  expect(body).toMatchObject({ max_tokens: 1, container: "c" })
  expect(body).not.toHaveProperty("stream")
})

test.each([
  ["candidates", { options: { candidates: 2 } }],
  ["messages", { messages: [] }],
  ["messages", { messages: [user(" ")] }],
])("what the wire cannot say is refused (%s)", (param, fields) => {
  expect(() => encode(fields)).toThrow(expect.objectContaining({ param }))
})

test("encoding changes nothing of what it is given", () => {
  const item = Object.freeze({ type: "search_result", source: "s", title: "t", content: [] })
  const tools = [
    Object.freeze({ type: "native" as const, api: "anthropic-messages", item: Object.freeze({ type: "x" }) }),
  ]
  expect(() =>
    encode({
      context: { tools, messages: [{ role: "user", content: [{ type: "native", api: "anthropic-messages", item }] }] },
    }),
  ).not.toThrow()
})

describe("operations", () => {
  const { countTokens, models } = anthropicMessages.operations ?? {}

  test("counting sends the same prompt without what only an answer needs", () => {
    const request = countTokens?.encode(
      callOf({ options: { maxTokens: 5, temperature: 1, user: "u", stop: ["x"] }, context: { tools: [tool] } }),
    )
    expect(request?.path).toBe("/v1/messages/count_tokens")
    expect(Object.keys(request?.body as object)).toEqual(["model", "messages", "tools"])
    expect(countTokens?.decode({ input_tokens: 12 })).toEqual({ inputTokens: 12, provenance: "reported" })
    expect(() => countTokens?.decode({})).toThrow(/input_tokens/)
  })

  test("the list of models", () => {
    expect(
      models?.decode({ data: [{ id: "a", display_name: "A", max_input_tokens: 9, max_tokens: 3 }, { no: "id" }] }),
    ).toEqual([{ id: "a", name: "A", contextWindow: 9, maxTokens: 3 }])
  })
})

test("each text delta reaches the builder once, under its block's key", () => {
  const seen: unknown[] = []
  const sink = new Proxy(
    {},
    {
      get:
        (_target, name) =>
        (...args: unknown[]) =>
          void (name === "text" && seen.push(args)),
    },
  )
  const decoder = anthropicMessages.decoder(
    callOf(),
    { status: 200, headers: new Headers(), channel: "http" },
    sink as never,
  )
  for (const event of [
    opens(3, { type: "text", text: "" }),
    delta(3, { type: "text_delta", text: "a" }),
    delta(3, { type: "text_delta", text: "b" }),
  ]) {
    decoder.push({ data: JSON.stringify(event) })
  }
  expect(seen).toEqual([
    ["3", ""],
    ["3", "a"],
    ["3", "b"],
  ])
})
