import type { ChatCompat } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../assemble/read-recording.ts"
import type { Call } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import type { AssistantMessage, Context } from "../../model/message.ts"
import type { CallOptions } from "../../model/options.ts"
import { accept } from "./accept.ts"
import { encode } from "./request.ts"

function call(context: Partial<Context>, chat: ChatCompat = {}, options: CallOptions = {}, stream = true): Call {
  return {
    op: "generate",
    model: { id: "m", provider: "p", api: "openai-completions", baseUrl: "", input: [], output: [], compat: { chat } },
    options,
    context: { messages: [{ role: "user", content: "hi" }], ...context },
    auth: { kind: "key" },
    stream,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
}

function answer(content: AssistantMessage["content"]): AssistantMessage {
  const usage = { provenance: "absent" as const }
  return { role: "assistant", content, api: "a", provider: "p", model: "m", usage, stopReason: "stop", timestamp: 0 }
}

const IMAGE = { type: "image" as const, source: { data: "QQ==", mimeType: "image/png" } }

/** A conversation with everything in it. */
const RICH: Context = {
  systemPrompt: ["a", "b"],
  tools: [
    { name: "f", parameters: { type: "object" }, strict: true },
    { type: "custom", name: "g", grammar: { syntax: "regex", definition: "x+" } },
  ],
  messages: [
    { role: "developer", content: "dev" },
    {
      role: "user",
      content: [
        { type: "text", text: "x" },
        { type: "text", text: "y", cache: "long" },
        IMAGE,
        { type: "document", source: { data: "QQ==", mimeType: "application/pdf" }, title: "a.pdf" },
        { type: "audio", source: { data: "QQ==", mimeType: "audio/wav" } },
      ],
    },
    answer([
      { type: "thinking", thinking: "hm", signature: { value: '{"type":"reasoning.text","signature":"s"}' } },
      { type: "redactedThinking", data: { value: '{"type":"reasoning.encrypted","data":"d"}' } },
      { type: "text", text: "t" },
      {
        type: "toolCall",
        id: "call_a.b",
        name: "f",
        arguments: { a: 1 },
        signature: { value: '{"extra_content":{"k":1}}' },
      },
      { type: "toolCall", id: "c2", name: "g", custom: true, arguments: { input: "raw" } },
    ]),
    { role: "toolResult", toolCallId: "call_a.b", toolName: "f", content: [{ type: "text", text: "1" }, IMAGE] },
    { role: "toolResult", toolCallId: "c2", toolName: "g", content: "2", isError: true },
    { role: "developer", content: "mid" },
    { role: "user", content: "bye" },
    answer([
      { type: "thinking", thinking: "hm2" },
      { type: "text", text: "end" },
    ]),
  ],
}

describe("encoding", () => {
  test.each<ChatCompat>([
    {},
    { developerRole: true, multipleSystem: true, documents: true, customTools: true, strictTools: "per-tool" },
    { replayThinking: "all", cacheControl: true, cacheTtl: "1h", toolCallIds: "max-40" },
    { thinkingAsText: true, assistantAfterTool: "ok", toolCallIds: "nine-alphanumerics", toolResultName: true },
    { replayThinking: "never", emptyToolCallContent: ".", thinkingPlaceholder: "." },
  ])("what was encoded and accepted is encoded as before: %j", (chat) => {
    const again = (context: Context): Context =>
      accept({
        route: "",
        params: {},
        query: new URLSearchParams(),
        headers: new Headers(),
        body: encode(call(context, chat)).body,
        raw: new Uint8Array(),
      }).context
    const once = again(RICH)
    expect(again(once)).toEqual(once)
  })

  test("opaque thinking goes back as it came", () => {
    const messages = (encode(call(RICH)).body as { messages: Record<string, unknown>[] }).messages
    expect(messages.find(({ role }) => role === "assistant")).toMatchObject({
      reasoning_details: [
        { type: "reasoning.text", text: "hm", signature: "s" },
        { type: "reasoning.encrypted", data: "d" },
      ],
      tool_calls: [{ extra_content: { k: 1 } }, { type: "custom", custom: { name: "g", input: "raw" } }],
    })
  })

  test("a document asks neither for a stream nor for its usage", () => {
    expect(encode(call({}, {}, {}, false)).body).toEqual({ model: "m", messages: [{ role: "user", content: "hi" }] })
    expect(encode(call({})).body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(encode(call({}, { streamUsage: false })).body).not.toHaveProperty("stream_options")
  })

  test("options become fields", () => {
    const options: CallOptions = {
      temperature: 0,
      topP: 1,
      seed: 1,
      stop: ["a", "b"],
      maxTokens: 5,
      logprobs: 3,
      verbosity: "low",
      user: "u",
      metadata: { a: 1 },
      serviceTier: "flex",
      promptCacheKey: "k",
      output: { type: "jsonSchema", name: "my schema", schema: { type: "object" }, strict: true },
    }
    const { body, losses } = encode(call({}, { serviceTiers: ["flex"], promptCacheKey: true }, options))
    expect(losses).toEqual([])
    expect(body).toMatchObject({
      temperature: 0,
      top_p: 1,
      seed: 1,
      stop: ["a", "b"],
      max_completion_tokens: 5,
      logprobs: true,
      top_logprobs: 3,
      verbosity: "low",
      user: "u",
      metadata: { a: "1" },
      service_tier: "flex",
      prompt_cache_key: "k",
      response_format: {
        type: "json_schema",
        json_schema: { name: "my_schema", strict: true, schema: { type: "object" } },
      },
    })
  })

  test("what cannot be honoured is reported", () => {
    const options: CallOptions = {
      topK: 1,
      stop: ["1", "2", "3", "4", "5"],
      reasoning: "high",
      serviceTier: "flex",
      promptCacheKey: "k",
      output: { type: "json" },
    }
    const { losses } = encode(call({}, { structuredOutput: "none" }, options))
    expect(losses.map(({ field }) => field).sort()).toEqual([
      "options.output",
      "options.promptCacheKey",
      "options.reasoning",
      "options.serviceTier",
      "options.stop",
      "options.topK",
    ])
  })

  test("the caller's own fields come last", () => {
    const options: CallOptions = {
      seed: 1,
      wire: { "openai-completions": { seed: 2, stream_options: undefined, x: 1 } },
    }
    const { body } = encode(call({}, { extraBody: { x: 0, y: 1 } }, options))
    expect(body).toMatchObject({ seed: 2, x: 1, y: 1 })
    expect(body).not.toHaveProperty("stream_options")
  })

  test("a lone half of a character does not reach the host", () => {
    const { body } = encode(call({ messages: [{ role: "user", content: "a\ud83d" }] }))
    expect(JSON.stringify(body)).toContain("a\ufffd")
  })

  test("more than one answer is unsupported", () => {
    expect(() => encode(call({}, {}, { candidates: 2 }))).toThrow(SluiceError)
    expect(() => encode({ ...call({}), op: "prewarm" })).toThrow(SluiceError)
  })
})
