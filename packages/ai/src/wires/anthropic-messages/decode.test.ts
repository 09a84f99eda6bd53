import type { AssistantMessage, AssistantMessageEvent } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import {
  closes,
  decode,
  delta,
  ends,
  modelOf,
  opens,
  start,
  stop,
  textBlock,
} from "../../../../../tests/support/anthropic-messages.ts"
import { readRecording } from "../../assemble/read-recording.ts"
import { anthropicMessages } from "./client.ts"
import { MessagesDecoder } from "./decode.ts"

const encoder = new TextEncoder()

function whole(body: unknown, status = 200): ReturnType<typeof readRecording> {
  return readRecording(anthropicMessages, modelOf(), {
    stream: false,
    status,
    chunks: [encoder.encode(JSON.stringify(body))],
  })
}

describe("stop reasons", () => {
  test.each([
    ["end_turn", "stop", undefined],
    ["max_tokens", "length", undefined],
    ["model_context_window_exceeded", "length", "model_context_window_exceeded"],
    ["pause_turn", "stop", "pause_turn"],
    ["compaction", "stop", "pause_turn"],
    ["something_new", "stop", "something_new"],
  ])("%s is %s", (reason, wanted, details) => {
    const message = decode([start, ...textBlock(0, "a"), ends(reason), stop])
    expect(message.stopReason).toBe(wanted)
    expect(message.stopDetails?.type).toBe(details)
  })

  test("a stop sequence is named", () => {
    const event = { type: "message_delta", delta: { stop_reason: "stop_sequence", stop_sequence: "END" }, usage: {} }
    expect(decode([start, event, stop]).stopDetails).toEqual({ type: "stop_sequence", sequence: "END" })
  })

  test("a refusal fails with what was said kept and its usage reported", () => {
    const refusal = {
      type: "message_delta",
      delta: { stop_reason: "refusal", stop_details: { type: "refusal", category: "cyber", explanation: "No." } },
      usage: { input_tokens: 9, output_tokens: 2 },
    }
    const message = decode([start, ...textBlock(0, "Well"), refusal, stop])
    expect(message).toMatchObject({
      stopReason: "error",
      stopDetails: { type: "refusal", category: "cyber", explanation: "No." },
      error: { code: "content_blocked", type: "refusal" },
      content: [{ type: "text", text: "Well" }],
      usage: { input: 9, output: 2, provenance: "reported" },
    })
  })
})

describe("usage", () => {
  test("later figures replace earlier ones, absent ones do not", () => {
    const message = decode([
      {
        type: "message_start",
        message: {
          id: "msg_1",
          usage: {
            input_tokens: 3,
            cache_read_input_tokens: 10,
            cache_creation_input_tokens: 6,
            cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 4 },
            output_tokens: 1,
          },
        },
      },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn" },
        usage: {
          output_tokens: 20,
          cache_read_input_tokens: null,
          output_tokens_details: { thinking_tokens: 12 },
          server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
        },
      },
      stop,
    ])
    expect(message.usage).toMatchObject({
      input: 3,
      cacheRead: 10,
      cacheWrite: 6,
      cacheWrite1h: 4,
      output: 20,
      reasoningTokens: 12,
      serverTools: { webSearch: 2, webFetch: 0 },
      totalTokens: 39,
      provenance: "reported",
    })
  })

  test("a fallback names the model that answered", () => {
    const event = {
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { output_tokens: 1, iterations: [{ type: "message" }, { type: "fallback_message", model: "other" }] },
    }
    expect(decode([start, event, stop]).servedModel).toBe("other")
  })
})

describe("blocks", () => {
  test("blocks that overlap keep their order and text", () => {
    const message = decode([
      start,
      opens(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "hm" }),
      opens(1, { type: "text", text: "" }),
      delta(1, { type: "text_delta", text: "a" }),
      delta(0, { type: "signature_delta", signature: "s1" }),
      delta(1, { type: "text_delta", text: "b" }),
      delta(0, { type: "signature_delta", signature: "s2" }),
      closes(0),
      closes(1),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm", signature: { value: "s1s2", issuer: { api: "anthropic-messages" } } },
      { type: "text", text: "ab" },
    ])
  })

  test("arguments that come with the start count where no deltas follow", () => {
    const message = decode([
      start,
      opens(0, { type: "tool_use", id: "t1", name: "f", input: { a: 1 } }),
      closes(0),
      opens(1, { type: "tool_use", id: "t2", name: "g", input: {} }),
      delta(1, { type: "input_json_delta", partial_json: "" }),
      closes(1),
      ends("tool_use"),
      stop,
    ])
    expect(message.content).toMatchObject([{ arguments: { a: 1 } }, { arguments: {} }])
    expect(message.stopReason).toBe("toolUse")
  })

  test("what the provider ran and what is not known stays whole and in order", () => {
    const message = decode([
      start,
      opens(0, { type: "server_tool_use", id: "s1", name: "web_search", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"query":' }),
      delta(0, { type: "input_json_delta", partial_json: '"x"}' }),
      closes(0),
      opens(1, { type: "web_search_tool_result", tool_use_id: "s1", content: [] }),
      closes(1),
      opens(2, { type: "compaction", content: null }),
      delta(2, { type: "compaction_delta", content: "sum" }),
      delta(2, { type: "compaction_delta", content: "mary" }),
      closes(2),
      opens(3, { type: "brand_new", field: 1 }),
      closes(3),
      ...textBlock(4, "done"),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toMatchObject([
      { type: "native", item: { type: "server_tool_use", input: { query: "x" } } },
      { type: "native", item: { type: "web_search_tool_result", tool_use_id: "s1" } },
      { type: "native", item: { type: "compaction", content: "summary" } },
      { type: "native", item: { type: "brand_new", field: 1 } },
      { type: "text", text: "done" },
    ])
  })

  test("citations are kept", () => {
    const citation = { type: "page_location", cited_text: "x" }
    const message = decode([
      start,
      opens(0, { type: "text", text: "", citations: [] }),
      delta(0, { type: "text_delta", text: "a" }),
      delta(0, { type: "citations_delta", citation }),
      closes(0),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toEqual([{ type: "text", text: "a", citations: [citation] }])
  })
})

describe("frames", () => {
  test("the event's name stands in for a missing type", () => {
    const message = decode([
      `event: message_start\ndata: {"message":{"id":"m"}}\n\n`,
      `event: content_block_start\ndata: {"index":0,"content_block":{"type":"text","text":""}}\n\n`,
      `event: content_block_delta\ndata: {"index":0,"delta":{"type":"text_delta","text":"x"}}\n\n`,
      `event: message_stop\ndata: {}\n\n`,
    ])
    expect(message).toMatchObject({ content: [{ text: "x" }], stopReason: "stop" })
  })

  test("nothing after the end counts", () => {
    const events: AssistantMessageEvent[] = []
    const message = decode(
      [
        start,
        ...textBlock(0, "a"),
        ends("end_turn"),
        stop,
        ...textBlock(1, "late"),
        { type: "error", error: { message: "late" } },
      ],
      {
        onEvents: (batch) => events.push(...batch),
      },
    )
    expect(message.content).toHaveLength(1)
    expect(events.filter((event) => event.type === "done" || event.type === "error")).toHaveLength(1)
  })

  test("a frame that is not JSON fails the answer", () => {
    expect(decode([start, 'data: {"type": "content_\n\n', stop]).error?.code).toBe("stream_malformed")
  })

  test("the message_stop asks the driver to stop reading", () => {
    const sink = new Proxy({}, { get: () => () => undefined })
    const decoder = new MessagesDecoder(sink as never)
    expect(decoder.push({ data: '{"type":"message_stop"}' })).toEqual([{ do: "finish", withinMs: 0 }])
  })
})

describe("documents", () => {
  test("a message is read whole", () => {
    const message = whole({
      id: "msg_2",
      type: "message",
      model: "claude-x",
      content: [
        { type: "thinking", thinking: "t", signature: "sig" },
        { type: "redacted_thinking", data: "zzz" },
        { type: "text", text: "hi", citations: null },
        { type: "tool_use", id: "t", name: "f", input: { deep: { x: [1] } } },
      ],
      stop_reason: "tool_use",
      usage: { input_tokens: 1, output_tokens: 2 },
    })
    expect(message).toMatchObject({
      responseId: "msg_2",
      servedModel: "claude-x",
      stopReason: "toolUse",
      content: [
        { type: "thinking", thinking: "t", signature: { value: "sig" } },
        { type: "redactedThinking", data: { value: "zzz" } },
        { type: "text", text: "hi" },
        { type: "toolCall", arguments: { deep: { x: [1] } } },
      ],
    })
  })

  test.each([
    [{ type: "error", error: { type: "overloaded_error", message: "Busy" } }, "overloaded"],
    [{ error: { code: 500, type: "server_error", message: "Busy" } }, "server_error"],
    [{ message: "Busy" }, "server_error"],
    [{ hello: 1 }, "stream_malformed"],
  ])("an error under status 200 is an error: %j", (body, code) => {
    expect(whole(body).error?.code).toBe(code)
  })
})

describe("hosts that count wrongly", () => {
  const decodeEvents = (events: readonly object[]): AssistantMessage => {
    const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")
    const model = { id: "m", provider: "p", api: "anthropic-messages", baseUrl: "", input: [], output: [], compat: {} }
    return readRecording(anthropicMessages, model, { stream: true, chunks: [new TextEncoder().encode(text)] })
  }
  const block = (content_block: object, delta: object, index?: number): object[] => [
    { type: "content_block_start", index, content_block },
    { type: "content_block_delta", index, delta },
    { type: "content_block_stop", index },
  ]
  const begin = { type: "message_start", message: { id: "msg_1", content: [], usage: { input_tokens: 1 } } }
  const finished = (reason: string): object[] => [
    { type: "message_delta", delta: { stop_reason: reason }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ]
  const thinking = (index?: number): object[] =>
    block({ type: "thinking", thinking: "" }, { type: "thinking_delta", thinking: "hm" }, index)
  const text = (index?: number): object[] =>
    block({ type: "text", text: "" }, { type: "text_delta", text: "answer" }, index)

  test.each([0, undefined])("an index that is used again is another block: %s", (index) => {
    const message = decodeEvents([begin, ...thinking(index), ...text(index), ...finished("end_turn")])
    expect(message.content).toMatchObject([{ thinking: "hm" }, { text: "answer" }])
  })

  test("a call that is not ended but whole is a call; one that is not whole is none", () => {
    const call = (partial_json: string): object[] => [
      { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json } },
    ]
    expect(decodeEvents([begin, ...call(`{"a":1}`), ...finished("tool_use")])).toMatchObject({
      stopReason: "toolUse",
      content: [{ arguments: { a: 1 } }],
    })
    expect(decodeEvents([begin, ...call(`{"a":`), ...finished("tool_use")]).error?.code).toBe("stream_incomplete")
  })

  test("an error that is null is none", () => {
    expect(
      decodeEvents([begin, { type: "status", error: null }, ...text(0), ...finished("end_turn")]).error,
    ).toBeUndefined()
  })
})
