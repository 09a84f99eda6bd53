import { describe, expect, test } from "vitest"
import { CORPUS, hasCorpus } from "../conformance/harness.ts"
import { checkAnthropicError, checkAnthropicMessage, checkAnthropicStream } from "./anthropic-messages-stream.ts"
import { checkChatCompletion, checkChatError, checkChatStream, type ChatGrammarOptions } from "./openai-chat-stream.ts"
import { documentOf, firstChoice, framesOf, vendorAnswers } from "./recordings.ts"
import type { Fields, StreamFrame } from "./violations.ts"

/** A deep copy in which a test breaks something. */
type Edit = (events: Fields[]) => Fields[] | void

function edited(events: readonly Fields[], edit: Edit): Fields[] {
  const copy = structuredClone(events) as Fields[]
  return edit(copy) ?? copy
}

/** The field at a path of a JSON value, to be changed. */
function at(value: unknown, ...path: (string | number)[]): Fields {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value) as Fields
}

describe("anthropic-messages", () => {
  const events: readonly Fields[] = [
    {
      type: "message_start",
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "m",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 1, cache_read_input_tokens: null },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
    { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "s" } },
    { type: "content_block_stop", index: 0 },
    { type: "ping" },
    { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "hi" } },
    {
      type: "content_block_delta",
      index: 1,
      delta: { type: "citations_delta", citation: { type: "char_location", cited_text: "x" } },
    },
    { type: "content_block_stop", index: 1 },
    { type: "content_block_start", index: 2, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"a":' } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "1}" } },
    { type: "content_block_stop", index: 2 },
    {
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: { output_tokens: 9 },
    },
    { type: "message_stop" },
  ]
  const frames = (list: readonly Fields[]): StreamFrame[] =>
    list.map((event) => ({ event: String(event["type"]), data: JSON.stringify(event) }))
  const failure = { type: "error", error: { type: "api_error", message: "x" } }

  test("a right stream passes", () => {
    expect(checkAnthropicStream(frames(events))).toEqual([])
    expect(checkAnthropicStream(frames([...events.slice(0, 8), failure]))).toEqual([])
    expect(checkAnthropicStream(frames([failure]))).toEqual([])
  })

  const broken: readonly [what: string, rule: string, index: number, edit: Edit][] = [
    ["no end", "no-end", 15, (list) => list.slice(0, -1)],
    ["nothing at all", "no-end", 0, () => []],
    ["a frame behind the end", "after-end", 16, (list) => [...list, { type: "ping" }]],
    ["a second end", "after-end", 16, (list) => [...list, { type: "message_stop" }]],
    ["an answer behind an error", "after-end", 4, (list) => [...list.slice(0, 3), failure, ...list.slice(3)]],
    ["no start", "order", 0, (list) => list.slice(1)],
    ["a second start", "order", 1, (list) => [list[0] as Fields, ...list]],
    ["the end without message_delta", "order", 14, (list) => void list.splice(14, 1)],
    [
      "content behind message_delta",
      "order",
      15,
      (list) => void list.splice(15, 0, structuredClone(list[6] as Fields)),
    ],
    ["a start with content", "start-content", 0, (list) => void (at(list, 0, "message")["content"] = [{}])],
    ["a start with a reason", "start-stop", 0, (list) => void (at(list, 0, "message")["stop_reason"] = "end_turn")],
    ["no stop_sequence at the start", "start-stop", 0, (list) => void delete at(list, 0, "message")["stop_sequence"]],
    ["no id", "type", 0, (list) => void delete at(list, 0, "message")["id"]],
    ["no usage at the start", "type", 0, (list) => void delete at(list, 0, "message")["usage"]],
    ["no input_tokens", "type", 0, (list) => void delete at(list, 0, "message", "usage")["input_tokens"]],
    ["a figure below zero", "type", 14, (list) => void (at(list, 14, "usage")["output_tokens"] = -1)],
    ["no usage at the end", "type", 14, (list) => void delete at(list, 14)["usage"]],
    ["an index that is left out", "index", 6, (list) => list.forEach((e) => e["index"] === 1 && (e["index"] = 3))],
    [
      "blocks that overlap",
      "overlap",
      9,
      (list) => void ([list[9], list[10]] = [list[10] as Fields, list[9] as Fields]),
    ],
    ["a delta for another block", "delta-index", 7, (list) => void (at(list, 7)["index"] = 0)],
    ["a delta outside of blocks", "delta-closed", 5, (list) => void (list[5] = structuredClone(list[2] as Fields))],
    ["a stop outside of blocks", "stop-closed", 5, (list) => void (list[5] = structuredClone(list[4] as Fields))],
    ["a stop for another block", "stop-index", 9, (list) => void (at(list, 9)["index"] = 0)],
    ["a delta of another type", "delta-type", 7, (list) => void (at(list, 7)["delta"] = at(list, 2, "delta"))],
    ["a signature in a text", "delta-type", 8, (list) => void (at(list, 8)["delta"] = at(list, 3, "delta"))],
    [
      "a signature too early",
      "signature-last",
      3,
      (list) => void ([list[2], list[3]] = [list[3] as Fields, list[2] as Fields]),
    ],
    ["two signatures", "signature-last", 4, (list) => void list.splice(3, 0, list[3] as Fields)],
    ["no signature", "signature", 3, (list) => void list.splice(3, 1)],
    [
      "thinking without a signature at its start",
      "start-empty",
      1,
      (list) => void delete at(list, 1, "content_block")["signature"],
    ],
    ["a text that begins with text", "start-empty", 6, (list) => void (at(list, 6, "content_block")["text"] = "h")],
    ["a tool without input", "start-input", 10, (list) => void delete at(list, 10, "content_block")["input"]],
    [
      "a tool that begins with input",
      "start-input",
      10,
      (list) => void (at(list, 10, "content_block")["input"] = { a: 1 }),
    ],
    ["a tool without an id", "type", 10, (list) => void (at(list, 10, "content_block")["id"] = "")],
    ["a tool without a name", "type", 10, (list) => void delete at(list, 10, "content_block")["name"]],
    ["input that is no JSON", "input-json", 12, (list) => void list.splice(12, 1)],
    ["a block open at the end", "open-at-end", 13, (list) => void list.splice(13, 1)],
    ["a call and end_turn", "stop-tool-use", 14, (list) => void (at(list, 14, "delta")["stop_reason"] = "end_turn")],
    ["tool_use without a call", "stop-tool-use", 10, (list) => void list.splice(10, 4)],
    ["an unknown reason", "word", 14, (list) => void (at(list, 14, "delta")["stop_reason"] = "stop")],
    ["no reason", "word", 14, (list) => void (at(list, 14, "delta")["stop_reason"] = null)],
    [
      "a sequence without its reason",
      "stop-sequence",
      14,
      (list) => void (at(list, 14, "delta")["stop_sequence"] = "x"),
    ],
    ["no stop_sequence at the end", "type", 14, (list) => void delete at(list, 14, "delta")["stop_sequence"]],
    [
      "a citation of an unknown kind",
      "word",
      8,
      (list) => void (at(list, 8, "delta", "citation")["type"] = "url_citation"),
    ],
    ["an unknown event", "event-type", 5, (list) => void (list[5] = { type: "pong" })],
    [
      "an error of an unknown type",
      "word",
      16 - 1,
      (list) => [...list.slice(0, -1), { type: "error", error: { type: "oops", message: "" } }],
    ],
  ]
  test.each(broken)("%s: %s", (_what, rule, index, edit) => {
    const found = checkAnthropicStream(frames(edited(events, edit)))
    expect(found.map((one) => `${one.at} ${one.rule}`)).toContain(`${index} ${rule}`)
  })

  test("an event whose name is not its type, and one that is no JSON", () => {
    const list = frames(events)
    expect(checkAnthropicStream(list.map((one) => ({ ...one, event: undefined }))).at(0)?.rule).toBe("event-name")
    expect(checkAnthropicStream([...list.slice(0, 5), { event: "ping", data: "{" }]).at(0)?.rule).toBe("json")
  })

  const message = {
    ...at(events, 0, "message"),
    content: [
      { type: "text", text: "hi" },
      { type: "tool_use", id: "t", name: "f", input: {} },
    ],
    stop_reason: "tool_use",
  }
  const brokenMessages: readonly [what: string, rule: string, fields: Fields][] = [
    ["no reason", "word", { stop_reason: null }],
    ["a call and end_turn", "stop-tool-use", { stop_reason: "end_turn" }],
    ["tool_use without a call", "stop-tool-use", { content: [] }],
    ["no content", "type", { content: undefined }],
    ["no usage", "type", { usage: undefined }],
    ["input as text", "type", { content: [{ type: "tool_use", id: "t", name: "f", input: "{}" }] }],
    [
      "thinking without a signature",
      "type",
      { content: [{ type: "thinking", thinking: "x" }], stop_reason: "end_turn" },
    ],
  ]
  test.each(brokenMessages)("a document with %s", (_what, rule, fields) => {
    expect(checkAnthropicMessage(message)).toEqual([])
    expect(checkAnthropicMessage({ ...message, ...fields }).map((one) => one.rule)).toContain(rule)
  })

  test("errors", () => {
    expect(checkAnthropicError({ ...failure, request_id: "r" })).toEqual([])
    expect(checkAnthropicError({ error: { type: "api_error" } })).toHaveLength(2)
  })
})

describe("openai-completions", () => {
  const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" }
  const chunk = (delta: Fields, finish: string | null = null): Fields => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
  })
  const events: readonly Fields[] = [
    chunk({ role: "assistant", content: "" }),
    chunk({ reasoning_content: "hm" }),
    chunk({ content: "hi" }),
    chunk({ tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }),
    chunk({ tool_calls: [{ index: 1, id: "b", type: "custom", custom: { name: "g", input: "" } }] }),
    chunk({ tool_calls: [{ index: 1, custom: { input: "x" } }] }),
    chunk({}, "tool_calls"),
    { ...head, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
    { done: true },
  ]
  const failure = { error: { message: "x", type: "server_error", param: null, code: null } }
  const frames = (list: readonly Fields[]): StreamFrame[] =>
    list.map((event) => ({ data: event["done"] === true ? "[DONE]" : JSON.stringify(event) }))
  const asked: ChatGrammarOptions = { usage: true }

  test("a right stream passes", () => {
    expect(checkChatStream(frames(events), asked)).toEqual([])
    expect(checkChatStream(frames(events.filter((_, i) => i !== 8)), { usage: false })).toEqual([])
    expect(checkChatStream(frames([...events.slice(0, 5), failure]), asked)).toEqual([])
    expect(checkChatStream(frames([failure]), asked)).toEqual([])
  })

  const choice = (list: Fields[], i: number): Fields => at(list, i, "choices", 0)
  const call = (list: Fields[], i: number): Fields => at(list, i, "choices", 0, "delta", "tool_calls", 0)
  const broken: readonly [what: string, rule: string, index: number, edit: Edit][] = [
    ["no end", "no-end", 9, (list) => list.slice(0, -1)],
    ["nothing at all", "no-end", 0, () => []],
    ["a chunk behind [DONE]", "after-end", 10, (list) => [...list, chunk({ content: "x" })]],
    ["[DONE] twice", "after-end", 10, (list) => [...list, { done: true }]],
    ["[DONE] behind an error", "after-end", 6, (list) => [...list.slice(0, 5), failure, { done: true }]],
    ["[DONE] without a reason", "done-early", 3, (list) => [...list.slice(0, 3), { done: true }]],
    ["no usage", "usage-missing", 8, (list) => void list.splice(8, 1)],
    ["usage beside a choice", "usage-empty-choices", 7, (list) => void (at(list, 7)["usage"] = at(list, 8, "usage"))],
    ["usage too early", "usage-place", 7, (list) => void ([list[7], list[8]] = [list[8] as Fields, list[7] as Fields])],
    ["a chunk behind the usage", "usage-last", 9, (list) => void list.splice(9, 0, chunk({ content: "x" }))],
    ["no usage: null", "usage-null", 2, (list) => void delete at(list, 2)["usage"]],
    ["a total that is no sum", "usage-total", 8, (list) => void (at(list, 8, "usage")["total_tokens"] = 4)],
    ["usage without prompt_tokens", "type", 8, (list) => void delete at(list, 8, "usage")["prompt_tokens"]],
    ["another id", "same-id", 2, (list) => void (at(list, 2)["id"] = "d")],
    ["another time", "same-created", 2, (list) => void (at(list, 2)["created"] = 2)],
    ["another model", "same-model", 8, (list) => void (at(list, 8)["model"] = "n")],
    ["another object", "word", 1, (list) => void (at(list, 1)["object"] = "chat.completion")],
    ["no role", "role-first", 0, (list) => list.slice(1)],
    ["the role twice", "role-once", 1, (list) => void (choice(list, 1)["delta"] = { role: "assistant" })],
    ["another choice", "choice-index", 2, (list) => void (choice(list, 2)["index"] = 1)],
    ["no finish_reason", "type", 2, (list) => void delete choice(list, 2)["finish_reason"]],
    ["an unknown reason", "word", 7, (list) => void (choice(list, 7)["finish_reason"] = "end_turn")],
    ["two reasons", "after-finish", 8, (list) => void list.splice(8, 0, chunk({}, "tool_calls"))],
    ["content behind the reason", "after-finish", 8, (list) => void list.splice(8, 0, chunk({ content: "x" }))],
    ["a call and stop", "finish-calls", 7, (list) => void (choice(list, 7)["finish_reason"] = "stop")],
    ["tool_calls without a call", "finish-calls", 3, (list) => void list.splice(3, 4)],
    ["calls that begin at 1", "call-index", 3, (list) => [3, 4].forEach((i) => (call(list, i)["index"] = 1))],
    ["a call without an index", "type", 3, (list) => void delete call(list, 3)["index"]],
    ["a call without an id", "call-head", 3, (list) => void delete call(list, 3)["id"]],
    ["a call with an empty id", "call-head", 3, (list) => void (call(list, 3)["id"] = "")],
    ["a call without a type", "call-head", 5, (list) => void delete call(list, 5)["type"]],
    ["a call without a name", "call-head", 3, (list) => void delete at(call(list, 3), "function")["name"]],
    ["an id that comes twice", "call-head-once", 4, (list) => void (call(list, 4)["id"] = "a")],
    ["a name that comes twice", "call-head-once", 4, (list) => void (at(call(list, 4), "function")["name"] = "f")],
    ["arguments that are no text", "type", 4, (list) => void (at(call(list, 4), "function")["arguments"] = {})],
    ["content that is no text", "type", 2, (list) => void (choice(list, 2)["delta"] = { content: [] })],
    ["an unknown field in a delta", "unknown-field", 2, (list) => void (choice(list, 2)["delta"] = { thinking: "x" })],
    ["an unknown field in a chunk", "unknown-field", 2, (list) => void (at(list, 2)["type"] = "chunk")],
    [
      "an error without a message",
      "type",
      3,
      (list) => [...list.slice(0, 3), { error: { ...failure.error, message: null } }],
    ],
  ]
  test.each(broken)("%s: %s", (_what, rule, index, edit) => {
    const found = checkChatStream(frames(edited(events, edit)), asked)
    expect(found.map((one) => `${one.at} ${one.rule}`)).toContain(`${index} ${rule}`)
  })

  test("usage that was not asked for, named frames, and frames that are no JSON", () => {
    expect(checkChatStream(frames(events), { usage: false }).map((one) => one.rule)).toEqual(["usage-unasked"])
    expect(checkChatStream([{ event: "message", data: "{" }]).map((one) => one.rule)).toContain("event-name")
    expect(checkChatStream([{ data: "{" }]).map((one) => one.rule)).toContain("json")
  })

  const completion = {
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: null,
          refusal: null,
          tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        finish_reason: "tool_calls",
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  }
  const brokenDocuments: readonly [what: string, rule: string, edit: (value: Fields) => void][] = [
    ["no choice", "choices", (value) => void (value["choices"] = [])],
    ["another reason", "finish-calls", (value) => void (at(value, "choices", 0)["finish_reason"] = "stop")],
    ["no reason", "word", (value) => void (at(value, "choices", 0)["finish_reason"] = null)],
    ["no content", "type", (value) => void delete at(value, "choices", 0, "message")["content"]],
    ["no refusal", "type", (value) => void delete at(value, "choices", 0, "message")["refusal"]],
    ["an empty list of calls", "calls-empty", (value) => void (at(value, "choices", 0, "message")["tool_calls"] = [])],
    ["a call without an id", "type", (value) => void delete at(value, "choices", 0, "message", "tool_calls", 0)["id"]],
  ]
  test.each(brokenDocuments)("a document with %s", (_what, rule, edit) => {
    expect(checkChatCompletion(completion)).toEqual([])
    const copy = structuredClone(completion) as Fields
    edit(copy)
    expect(checkChatCompletion(copy).map((one) => one.rule)).toContain(rule)
  })

  test("errors", () => {
    expect(checkChatError(failure)).toEqual([])
    expect(checkChatError({ error: { message: 1 } })).toHaveLength(4)
  })
})

describe("the vendors' own answers", () => {
  if (!hasCorpus) test.skip(`no recordings at ${CORPUS}: set SLUICE_CORPUS to the folder that holds them`, () => {})
  for (const one of vendorAnswers("anthropic-messages", "anthropic", "sse")) {
    test(one.id, () => expect(checkAnthropicStream(framesOf(one))).toEqual([]))
  }
  for (const one of vendorAnswers("anthropic-messages", "anthropic", "json")) {
    test(one.id, () => expect(checkAnthropicMessage(documentOf(one))).toEqual([]))
  }
  for (const one of vendorAnswers("openai-chat", "openai", "sse")) {
    test(one.id, () => expect(checkChatStream(firstChoice(framesOf(one)))).toEqual([]))
  }
  for (const one of vendorAnswers("openai-chat", "openai", "json")) {
    test(one.id, () => expect(checkChatCompletion(documentOf(one))).toEqual([]))
  }
})
