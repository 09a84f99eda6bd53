import * as fc from "fast-check"
import { openaiResponsesServer as server } from "@sluice/ai/wires/openai-responses/server"
import type { Block, Frame, InboundCall } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import { CORPUS, hasCorpus } from "../conformance/harness.ts"
import { answerScripts, play } from "../generators/answers.ts"
import { checkResponse, checkResponsesError, checkResponsesStream } from "./openai-responses-stream.ts"
import { documentOf, framesOf, vendorAnswers } from "./recordings.ts"
import type { Fields, StreamFrame } from "./violations.ts"

/** A deep copy in which a test breaks something. */
type Edit = (events: Fields[]) => Fields[] | void

/** The field at a path of a JSON value, to be changed. */
function at(value: unknown, ...path: (string | number)[]): Fields {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value) as Fields
}

const HEAD = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "m",
  parallel_tool_calls: true,
  tools: [],
  tool_choice: "auto",
  instructions: null,
  metadata: {},
  temperature: null,
  top_p: null,
}
const OPEN = { ...HEAD, status: "in_progress", error: null, incomplete_details: null, output: [], usage: null }
const USAGE = {
  input_tokens: 3,
  input_tokens_details: { cached_tokens: 1 },
  output_tokens: 4,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 7,
}
const REASONING = { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "hm" }] }
const NOTE = { type: "url_citation", url: "https://x.invalid", title: "t", start_index: 0, end_index: 1 }
const MESSAGE = {
  id: "msg_1",
  type: "message",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", annotations: [NOTE], logprobs: [], text: "hello" }],
}
const CALL = {
  id: "fc_1",
  type: "function_call",
  status: "completed",
  call_id: "call_1",
  name: "look",
  arguments: '{"a":1}',
}
const SEARCH = { id: "ws_1", type: "web_search_call", status: "completed" }

const RS = { item_id: "rs_1", output_index: 0, summary_index: 0 }
const MSG = { item_id: "msg_1", output_index: 1, content_index: 0 }
const FC = { item_id: "fc_1", output_index: 2 }

/** A right stream: thinking, a text with an annotation, a call, a search of the vendor. */
const EVENTS: readonly Fields[] = [
  { type: "response.created", response: OPEN },
  { type: "response.in_progress", response: OPEN },
  { type: "response.output_item.added", output_index: 0, item: { ...REASONING, summary: [] } },
  { type: "response.reasoning_summary_part.added", ...RS, part: { type: "summary_text", text: "" } },
  { type: "response.reasoning_summary_text.delta", ...RS, delta: "hm" },
  { type: "response.reasoning_summary_text.done", ...RS, text: "hm" },
  { type: "response.reasoning_summary_part.done", ...RS, part: { type: "summary_text", text: "hm" } },
  { type: "response.output_item.done", output_index: 0, item: REASONING },
  { type: "response.output_item.added", output_index: 1, item: { ...MESSAGE, status: "in_progress", content: [] } },
  {
    type: "response.content_part.added",
    ...MSG,
    part: { type: "output_text", annotations: [], logprobs: [], text: "" },
  },
  { type: "response.output_text.delta", ...MSG, delta: "hel", logprobs: [] },
  { type: "response.output_text.delta", ...MSG, delta: "lo", logprobs: [] },
  { type: "response.output_text.annotation.added", ...MSG, annotation_index: 0, annotation: NOTE },
  { type: "response.output_text.done", ...MSG, text: "hello", logprobs: [] },
  { type: "response.content_part.done", ...MSG, part: MESSAGE.content[0] },
  { type: "response.output_item.done", output_index: 1, item: MESSAGE },
  { type: "response.output_item.added", output_index: 2, item: { ...CALL, status: "in_progress", arguments: "" } },
  { type: "response.function_call_arguments.delta", ...FC, delta: '{"a":1}' },
  { type: "response.function_call_arguments.done", ...FC, arguments: '{"a":1}' },
  { type: "response.output_item.done", output_index: 2, item: CALL },
  { type: "response.output_item.added", output_index: 3, item: { ...SEARCH, status: "in_progress" } },
  { type: "response.web_search_call.searching", item_id: "ws_1", output_index: 3 },
  { type: "response.output_item.done", output_index: 3, item: SEARCH },
  {
    type: "response.completed",
    response: { ...OPEN, status: "completed", output: [REASONING, MESSAGE, CALL, SEARCH], usage: USAGE },
  },
]
const LAST = EVENTS.length - 1
const FAILED = {
  type: "response.failed",
  response: { ...OPEN, status: "failed", error: { code: "server_error", message: "x" } },
}
const ERROR = { type: "error", code: null, message: "x", param: null }

/** Frames with numbers that count up, but where a test has set one. */
function frames(list: readonly Fields[]): StreamFrame[] {
  return list.map((event, i) => ({
    event: String(event["type"]),
    data: JSON.stringify({ sequence_number: i, ...event }),
  }))
}

describe("openai-responses", () => {
  test("a right stream passes", () => {
    expect(checkResponsesStream(frames(EVENTS))).toEqual([])
    expect(checkResponsesStream(frames([...EVENTS.slice(0, 4), FAILED]))).toEqual([])
    expect(checkResponsesStream(frames([...EVENTS.slice(0, 4), ERROR]))).toEqual([])
    expect(checkResponsesStream(frames([ERROR]))).toEqual([])
  })

  const swap = (list: Fields[], i: number): void => void list.splice(i, 2, list[i + 1] as Fields, list[i] as Fields)
  const broken: readonly [what: string, rule: string, index: number, edit: Edit][] = [
    ["no end", "no-end", LAST, (list) => list.slice(0, -1)],
    ["nothing at all", "no-end", 0, () => []],
    ["a frame behind the end", "after-end", LAST + 1, (list) => [...list, ERROR]],
    ["no start", "created-first", 0, (list) => list.slice(2)],
    ["a second start", "created-once", 1, (list) => [list[0] as Fields, ...list]],
    ["no response.in_progress", "order", 1, (list) => void list.splice(1, 1)],
    ["a number that is left out", "sequence", 5, (list) => void (at(list, 5)["sequence_number"] = 9)],
    ["another id", "same-id", LAST, (list) => void (at(list, LAST, "response")["id"] = "resp_2")],
    ["output at the start", "start-output", 0, (list) => void (at(list, 0, "response")["output"] = [SEARCH])],
    ["usage at the start", "start-usage", 0, (list) => void (at(list, 0, "response")["usage"] = USAGE)],
    ["no model", "type", 0, (list) => void delete at(list, 0, "response")["model"]],
    ["no instructions", "head-field", 0, (list) => void delete at(list, 0, "response")["instructions"]],
    ["no usage", "type", LAST, (list) => void (at(list, LAST, "response")["usage"] = null)],
    [
      "no cached_tokens",
      "type",
      LAST,
      (list) => void (at(list, LAST, "response", "usage")["input_tokens_details"] = {}),
    ],
    [
      "a total that is no sum",
      "usage-total",
      LAST,
      (list) => void (at(list, LAST, "response", "usage")["total_tokens"] = 8),
    ],
    [
      "another status than the event",
      "end-status",
      LAST,
      (list) => void (at(list, LAST)["type"] = "response.incomplete"),
    ],
    ["an error that did not fail", "end-error", LAST, (list) => void (at(list, LAST, "response")["error"] = {})],
    ["output that lacks an item", "output", LAST, (list) => void (at(list, LAST, "response")["output"] = [])],
    ["an item that is not done", "open-at-end", LAST - 1, (list) => void list.splice(LAST - 1, 1)],
    ["items that overlap", "overlap", 7, (list) => swap(list, 7)],
    ["a place that is left out", "output-index", 8, (list) => void (at(list, 8)["output_index"] = 5)],
    ["no place", "output-index", 10, (list) => void delete at(list, 10)["output_index"]],
    ["a delta for an item that is done", "item-closed", 10, (list) => void (at(list, 10)["output_index"] = 0)],
    ["a delta that names another item", "item-id", 10, (list) => void (at(list, 10)["item_id"] = "rs_1")],
    ["an item that changes its id", "same-item", 15, (list) => void (at(list, 15, "item")["id"] = "msg_2")],
    ["a message with content at its start", "start-content", 8, (list) => void (at(list, 8, "item")["content"] = [{}])],
    ["no content part", "part-closed", 9, (list) => void list.splice(9, 1)],
    ["a part that is not done", "part-open", 14, (list) => void list.splice(14, 1)],
    ["a part of another number", "part-index", 10, (list) => void (at(list, 10)["content_index"] = 1)],
    ["a delta without logprobs", "type", 10, (list) => void delete at(list, 10)["logprobs"]],
    ["a text that is no sum", "text-sum", 13, (list) => void (at(list, 13)["text"] = "hell")],
    ["no whole text", "text-done", 13, (list) => void list.splice(13, 1)],
    ["a delta behind the whole text", "text-closed", 13, (list) => swap(list, 11) ?? swap(list, 12)],
    ["an annotation that is not told", "annotations", 13, (list) => void list.splice(12, 1)],
    [
      "an annotation of another wire",
      "word",
      12,
      (list) => void (at(list, 12)["annotation"] = { type: "char_location" }),
    ],
    [
      "a summary in a message",
      "item-kind",
      10,
      (list) => void (at(list, 10)["type"] = "response.reasoning_summary_text.delta"),
    ],
    ["parts that were not streamed", "item-parts", 7, (list) => void (at(list, 7, "item")["summary"] = [])],
    ["a call without its call_id", "type", 16, (list) => void delete at(list, 16, "item")["call_id"]],
    [
      "a call that begins with arguments",
      "start-content",
      16,
      (list) => void (at(list, 16, "item")["arguments"] = "{"),
    ],
    ["arguments that are no sum", "args-sum", 18, (list) => void (at(list, 18)["arguments"] = "{}")],
    ["no whole arguments", "args-done", 18, (list) => void list.splice(18, 1)],
    [
      "input of a custom tool for a function",
      "item-kind",
      17,
      (list) => void (at(list, 17)["type"] = "response.custom_tool_call_input.delta"),
    ],
    ["an unknown event", "event-type", 21, (list) => void (at(list, 21)["type"] = "response.pong")],
    ["an error without a message", "type", 2, (list) => [...list.slice(0, 2), { ...ERROR, message: null }]],
    [
      "a failure without a code",
      "type",
      2,
      (list) => [...list.slice(0, 2), { ...FAILED, response: { ...FAILED.response, error: { message: "x" } } }],
    ],
    [
      "an incomplete response without a reason",
      "word",
      LAST,
      (list) =>
        void Object.assign(at(list, LAST), {
          type: "response.incomplete",
          response: { ...at(list, LAST, "response"), status: "incomplete", incomplete_details: {} },
        }),
    ],
  ]
  test.each(broken)("%s: %s", (_what, rule, index, edit) => {
    const copy = structuredClone(EVENTS) as Fields[]
    const found = checkResponsesStream(frames(edit(copy) ?? copy))
    expect(found.map((one) => `${one.at} ${one.rule}`)).toContain(`${index} ${rule}`)
  })

  test("an event whose name is not its type, and one that is no JSON", () => {
    const list = frames(EVENTS)
    expect(checkResponsesStream(list.map((one) => ({ ...one, event: undefined }))).at(0)?.rule).toBe("event-name")
    expect(checkResponsesStream([{ event: "error", data: "{" }]).at(0)?.rule).toBe("json")
  })

  const document = at(EVENTS, LAST, "response")
  const brokenDocuments: readonly [what: string, rule: string, fields: Fields][] = [
    ["no status", "word", { status: undefined }],
    ["no output", "type", { output: undefined }],
    ["no incomplete_details", "head-field", { incomplete_details: undefined }],
    ["a call in progress", "word", { output: [{ ...CALL, status: "in_progress" }] }],
    ["a part that is no text", "word", { output: [{ ...MESSAGE, content: [{ type: "text", text: "x" }] }] }],
    ["a text without annotations", "type", { output: [{ ...MESSAGE, content: [{ type: "output_text", text: "x" }] }] }],
  ]
  test.each(brokenDocuments)("a document with %s", (_what, rule, fields) => {
    expect(checkResponse(document)).toEqual([])
    const copy: Fields = JSON.parse(JSON.stringify({ ...document, ...fields }))
    expect(checkResponse(copy).map((one) => one.rule)).toContain(rule)
  })

  test("errors", () => {
    expect(checkResponsesError({ error: { message: "x", type: null, param: null, code: null } })).toEqual([])
    expect(checkResponsesError({ error: { message: 1 } })).toHaveLength(4)
  })
})

/** Recordings that were put together by hand: their events have no numbers. */
const BY_HAND = ["openai-responses/openai/vercel-ai--openai-custom-tool-1"]

describe("the vendor's own answers", () => {
  if (!hasCorpus) test.skip(`no recordings at ${CORPUS}: set SLUICE_CORPUS to the folder that holds them`, () => {})
  for (const one of vendorAnswers("openai-responses", "openai", "sse")) {
    if (BY_HAND.includes(one.id)) continue
    test(one.id, () => expect(checkResponsesStream(framesOf(one))).toEqual([]))
  }
  for (const one of vendorAnswers("openai-responses", "openai", "json")) {
    test(one.id, () => expect(checkResponse(documentOf(one))).toEqual([]))
  }
})

describe("the answers that the gateway gives", () => {
  const RUNS = Number(process.env["SLUICE_ROUNDTRIP_RUNS"] ?? 1000)
  const scripts = answerScripts({ api: "openai-responses", items: [SEARCH, { id: "cmp_1", type: "compaction" }] })
  const call = (stream: boolean): InboundCall =>
    server.accept({
      route: "/v1/responses",
      params: {},
      query: new URLSearchParams(),
      headers: new Headers(),
      body: { model: "m", input: "hi", stream },
      raw: new Uint8Array(),
    })
  const maker = { api: "mock", provider: "p", model: "m" }

  test("streams pass the grammar, whatever the host did", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const responder = server.responder(call(true), countingMint())
        const sent: Frame[] = []
        play(script, maker, (event) => sent.push(...responder.push(event)))
        expect(checkResponsesStream(sent), sent.map((frame) => frame.data).join("\n")).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  test("documents pass it too, and hold what the stream's last event does", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const streaming = server.responder(call(true), countingMint())
        const sent: Frame[] = []
        const message = play(script, maker, (event) => sent.push(...streaming.push(event)))
        if (message.error) return
        const responder = server.responder(call(false), countingMint())
        const whole = responder.whole(message)
        expect(checkResponse(whole)).toEqual([])
        // A call's signature that comes behind the call's beginning has a place in a document alone.
        const only = streaming.losses.filter(({ field }) => !responder.losses.some((loss) => loss.field === field))
        if (only.length > 0 && only.every(({ field }) => field.endsWith(".signature"))) return
        const last = JSON.parse(sent.at(-1)?.data as string) as { response: Fields }
        expect(inOnePart(whole as Fields)).toEqual(inOnePart(last.response))
        expect(responder.losses).toEqual(streaming.losses)
      }),
      { numRuns: RUNS },
    )
  })

  test("what was answered may be sent back, with its texts, its calls and what signs its thinking", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const message = play(script, maker)
        if (message.error || message.stopDetails?.type === "refusal") return
        const { output } = server.responder(call(false), countingMint()).whole(message) as { output: Fields[] }
        if (output.length === 0) return
        const request = { ...call(false).request, body: { model: "m", input: output } }
        const { context, losses } = server.accept(request)
        expect(losses).toEqual([])
        const again = context.messages.flatMap((one) => (one.role === "assistant" ? one.content : []))
        expect(again.flatMap(kept)).toEqual(message.content.flatMap(kept))
      }),
      { numRuns: RUNS },
    )
  })
})

/** What of a block this wire carries there and back. */
function kept(block: Block): unknown[] {
  switch (block.type) {
    case "text":
      return block.text === "" ? [] : [block.text]
    case "thinking": {
      const { thinking, signature } = block
      return thinking === "" && !signature ? [] : [{ thinking, signature }]
    }
    case "redactedThinking":
      return [block.data]
    case "toolCall": {
      const { id, name, arguments: args, rawArguments, custom } = block
      return [{ id, name, args, rawArguments, custom }]
    }
    case "native":
      // A picture stands as an item that the gateway made.
      return block.api !== "openai-responses" || block.item["type"] === "image_generation_call" ? [] : [block.item]
    default:
      return []
  }
}

/** A response whose summaries stand in one part: only a stream shows where a model paused in its thinking. */
function inOnePart(response: Fields): Fields {
  const output = (response["output"] as Fields[]).map((item) => {
    if (item["type"] !== "reasoning") return item
    const texts = (item["summary"] as { text: string }[]).map(({ text }) => text)
    return { ...item, summary: texts.join("\n\n") }
  })
  return { ...response, output }
}
