import type { ToolResultMessage } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { describe, expect, test } from "vitest"
import {
  callOf,
  closes,
  decode,
  delta,
  encode,
  ends,
  opens,
  start,
  stop,
  textBlock,
  user,
} from "../support/anthropic-messages.ts"

function result(id: string, fields: Partial<ToolResultMessage> = {}): ToolResultMessage {
  return { role: "toolResult", toolCallId: id, content: "ok", ...fields }
}

describe("stream", () => {
  test("WO-79: an end without a reason and without message_stop is no answer", () => {
    const message = decode([start, ...textBlock(0, "half")])
    expect(message).toMatchObject({
      stopReason: "error",
      error: { code: "stream_incomplete" },
      content: [{ text: "half" }],
    })
    expect(decode([]).error?.code).toBe("stream_incomplete")
  })

  test("WO-80: a missing message_stop alone does no harm", () => {
    expect(decode([start, ...textBlock(0, "a"), ends("end_turn")])).toMatchObject({
      stopReason: "stop",
      content: [{ text: "a" }],
    })
  })

  test("WO-81: a second message_start changes nothing, and closed blocks stay closed", () => {
    const second = { type: "message_start", message: { id: "msg_2", usage: { input_tokens: 99, output_tokens: 99 } } }
    const message = decode([
      start,
      ...textBlock(0, "a"),
      second,
      ...textBlock(0, "again"),
      ...textBlock(1, "b"),
      ends("end_turn"),
      stop,
    ])
    expect(message).toMatchObject({ responseId: "msg_1", usage: { input: 7 }, content: [{ text: "a" }, { text: "b" }] })
  })

  test("WO-82: what a second envelope says of the end does not count", () => {
    const message = decode([
      start,
      opens(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: "{}" }),
      closes(0),
      ends("tool_use", 5),
      start,
      ends("max_tokens", 1),
      stop,
    ])
    expect(message).toMatchObject({ stopReason: "toolUse", usage: { output: 5 } })
  })

  test("WO-83: a call that was never closed is no call to run", () => {
    const open = [start, opens(0, { type: "tool_use", id: "t", name: "f", input: {} })]
    for (const events of [
      [...open, ends("tool_use"), stop],
      [...open, ends("tool_use")],
    ]) {
      const message = decode(events)
      expect(message.error?.code).toBe("stream_incomplete")
      expect(message.content[0]).toMatchObject({ type: "toolCall", incomplete: true })
    }
  })

  test("WO-84: a block of an unknown kind does not disturb the others", () => {
    const message = decode([
      start,
      opens(0, { type: "hologram", light: 1 }),
      delta(0, { type: "photon_delta", photon: "x" }),
      closes(0),
      ...textBlock(1, "a"),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toMatchObject([{ type: "native", item: { type: "hologram", photon: "x" } }, { text: "a" }])
  })

  test("WO-85: deltas without a block, second starts and deltas of another kind are passed over", () => {
    const message = decode([
      start,
      delta(7, { type: "text_delta", text: "nowhere" }),
      opens(0, { type: "text", text: "" }),
      opens(0, { type: "tool_use", id: "t", name: "f" }),
      delta(0, { type: "thinking_delta", thinking: "wrong" }),
      delta(0, { type: "text_delta", text: "a" }),
      closes(0),
      closes(9),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toEqual([{ type: "text", text: "a" }])
  })

  test("WO-86: missing usage and delta objects are survived", () => {
    const message = decode([
      { type: "message_start" },
      { type: "content_block_start", index: 0 },
      { type: "content_block_delta", index: 0 },
      ...textBlock(1, "a"),
      { type: "message_delta" },
      { type: "message_delta", usage: null, delta: { stop_reason: "end_turn" } },
      stop,
    ])
    expect(message).toMatchObject({ stopReason: "stop", content: [{ text: "a" }], usage: { provenance: "absent" } })
  })

  test("WO-87: an unknown reason is a stop that keeps its name; a full window is a length", () => {
    expect(decode([start, ...textBlock(0, "a"), ends("novel"), stop])).toMatchObject({
      stopReason: "stop",
      stopDetails: { type: "novel" },
    })
    expect(decode([start, ends("model_context_window_exceeded"), stop]).stopReason).toBe("length")
  })

  test("WO-88: a refusal without details is a refusal all the same", () => {
    const message = decode([start, ends("refusal"), stop])
    expect(message).toMatchObject({
      stopReason: "error",
      stopDetails: { type: "refusal" },
      error: { code: "content_blocked", type: "refusal" },
    })
    expect(message.error?.message).toContain("no details")
    expect(decode([start, ends("sensitive"), stop]).error?.message).toContain("safety filters")
  })

  test.each([
    ["overloaded_error", "overloaded", 529],
    ["rate_limit_error", "rate_limited", 429],
    ["api_error", "server_error", 500],
    ["authentication_error", "auth_invalid", 401],
    ["invalid_request_error", "invalid_request", 400],
  ])("WO-89: an error in the stream is read by its type (%s)", (type, code, status) => {
    const message = decode([
      start,
      ...textBlock(0, "a"),
      { type: "error", error: { type, message: "Said so." }, request_id: "req_1" },
    ])
    expect(message.error).toMatchObject({ code, status, message: "Said so.", type, requestId: "req_1" })
  })

  test.each([
    `data: {"error":{"message":"bare"}}\n\n`,
    `data: {"message":"bare"}\n\n`,
    `event: error\ndata: {"error":"bare"}\n\n`,
  ])("WO-89: hosts that leave the envelope out are understood (%s)", (frame) => {
    expect(decode([start, frame]).error?.message).toBe("bare")
  })

  test("WO-90: a ping is no progress", () => {
    const calls: string[] = []
    const sink = new Proxy({}, { get: (_target, name) => () => void calls.push(String(name)) })
    const decoder = anthropicMessages.decoder(
      callOf(),
      { status: 200, headers: new Headers(), channel: "http" },
      sink as never,
    )
    decoder.push({ event: "ping", data: '{"type":"ping"}' })
    expect(calls).toEqual(["alive"])
  })

  test("WO-105: a later report without the split of the cache keeps the earlier one", () => {
    const usage = { input_tokens: 1, cache_creation_input_tokens: 9, cache_creation: { ephemeral_1h_input_tokens: 9 } }
    const first = { type: "message_start", message: { id: "m", usage } }
    const later = (more: object): Record<string, unknown> => ({
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { output_tokens: 1, cache_creation_input_tokens: 9, ...more },
    })
    expect(decode([first, later({}), stop]).usage.cacheWrite1h).toBe(9)
    expect(decode([first, later({ cache_creation: null }), stop]).usage.cacheWrite1h).toBe(9)
    expect(decode([first, later({ cache_creation: { ephemeral_1h_input_tokens: 0 } }), stop]).usage.cacheWrite1h).toBe(
      0,
    )
  })

  test("WO-107: arguments that are no JSON are kept as text beside an empty object", () => {
    const message = decode([
      start,
      opens(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"a": tru' }),
      closes(0),
      ends("tool_use"),
      stop,
    ])
    expect(message.content[0]).toMatchObject({ arguments: {}, rawArguments: '{"a": tru' })
    const { body, losses } = encode({ messages: [user("q"), message, result("t")] })
    expect(body["messages"][1].content[0].input).toEqual({ raw_arguments: '{"a": tru' })
    expect(losses).toContain("approximated messages[1].content[0].arguments")
  })
})
