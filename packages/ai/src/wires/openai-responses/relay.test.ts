import type { Model, ResponsesCompat } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import { classify } from "../../errors/classify.ts"
import { readRecording } from "../../assemble/read-recording.ts"
import type { AssistantMessage } from "../../model/message.ts"
import type { InboundCall } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"
import { openaiResponses } from "./client.ts"
import { relay } from "./relay.ts"
import { seal } from "../server-seal.ts"

function inbound(body: object = {}): InboundCall {
  return accept({
    route: "/v1/responses",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "m", input: "hi", stream: true, ...body },
    raw: new Uint8Array(),
  })
}

const MODEL: Model = { id: "m", provider: "p", api: "openai-responses", baseUrl: "", input: [], output: [], compat: {} }

/** What a tap thinks of events; named as hosts name them, or only by what they hold. */
function watched(events: readonly (object | string)[], named = true) {
  const tap = relay.tap(inbound())
  const verdicts = events.map((event) =>
    tap.push(
      typeof event === "string"
        ? { data: event }
        : { ...(named && "type" in event ? { event: String(event.type) } : {}), data: JSON.stringify(event) },
    ),
  )
  return { verdicts, result: tap.result() }
}

const created = { type: "response.created", response: { id: "r", status: "in_progress", usage: null } }
const message = {
  type: "response.output_item.added",
  output_index: 0,
  item: { id: "msg", type: "message", content: [] },
}
const part = { type: "response.content_part.added", part: { type: "output_text", text: "" } }
const text = { type: "response.output_text.delta", delta: 'a "type":"error" "delta":"" b' }
const empty = { type: "response.output_text.delta", delta: "" }
const call = { type: "response.output_item.added", item: { id: "fc", type: "function_call", name: "f" } }
const usage = { input_tokens: 5, output_tokens: 2, total_tokens: 7, input_tokens_details: { cached_tokens: 1 } }
const completed = { type: "response.completed", response: { id: "r", status: "completed", usage } }

describe.each([[true], [false]])("watching a stream whose events are named: %s", (named) => {
  test("holds back what comes before content", () => {
    expect(watched(["", created, message, part, empty, text, "", empty, text, completed], named).verdicts).toEqual([
      "alive",
      "hold",
      "hold",
      "hold",
      "hold",
      "content",
      "alive",
      "alive",
      "content",
      "end",
    ])
    expect(watched([created, call], named).verdicts).toEqual(["hold", "content"])
  })

  test("finds the type of an event wherever it stands", () => {
    const late = { item: { id: "fc", type: "function_call" }, type: "response.output_item.added" }
    expect(
      watched([{ response: { id: "r", x: { type: "y" } }, type: "response.created" }, late], named).verdicts,
    ).toEqual(["hold", "content"])
  })

  test("knows the usage of a whole answer", () => {
    expect(watched([created, text, completed], named).result).toEqual({
      terminal: true,
      usage: { input: 4, cacheRead: 1, output: 2, totalTokens: 7, provenance: "reported" },
    })
  })

  test("OF-118: takes response.done for an end", () => {
    expect(watched([text, { ...completed, type: "response.done" }], named).result.terminal).toBe(true)
  })

  test("OF-116: an answer without its last event is not complete", () => {
    expect(watched([created, message, text], named).result).toEqual({ terminal: false })
  })

  test("OF-122: a response that failed has its usage and its error", () => {
    const failed = {
      type: "response.failed",
      response: { status: "failed", usage, error: { code: "rate_limit_exceeded", message: "Slow down." } },
    }
    expect(watched([created, failed], named)).toMatchObject({
      verdicts: ["hold", "hold"],
      result: {
        terminal: false,
        usage: { output: 2 },
        error: { inStream: true, code: "rate_limit_exceeded", message: "Slow down." },
      },
    })
  })

  test("OF-120: an answer that was filtered has failed", () => {
    const incomplete = (reason: string) => ({
      type: "response.incomplete",
      response: { status: "incomplete", usage, incomplete_details: { reason } },
    })
    expect(watched([text, incomplete("content_filter")], named).result).toMatchObject({
      terminal: false,
      error: { is: "content_blocked" },
    })
    expect(watched([text, incomplete("max_output_tokens")], named).result).toMatchObject({ terminal: true })
  })

  test.each([
    ["at the top", { type: "error", code: "server_error", message: "Oops." }],
    ["within", { type: "error", error: { code: "server_error", message: "Oops." } }],
    ["before its type", { error: { type: "api_error", code: "server_error", message: "Oops." }, type: "error" }],
    ["alone", { error: { code: "server_error", message: "Oops." } }],
  ])("OF-125: an error with its words %s", (_where, error) => {
    expect(watched([created, error], named).result).toMatchObject({
      terminal: false,
      error: { inStream: true, code: "server_error", message: "Oops." },
    })
  })
})

describe("passing a request on", () => {
  test("sets the model and nothing else", () => {
    const raw = new TextEncoder().encode('{ "model":"a/b" , "input":"hi","store":true}')
    expect(new TextDecoder().decode(relay.edit(raw, { model: "b", wantUsage: true }))).toBe(
      '{ "model":"b" , "input":"hi","store":true}',
    )
    expect(relay.edit(raw, { wantUsage: true })).toBe(raw)
  })

  test("is left alone where a host takes texts only, or would get what we sealed", () => {
    const opaque = { value: "x", issuer: { api: "mock", provider: "p", model: "m" } }
    const encrypted_content = seal({ thoughts: [{ type: "redactedThinking", opaque }] })
    expect(relay.passes(inbound({ store: false }), MODEL)).toBe(true)
    expect(relay.passes(inbound({ store: false }), { ...MODEL, compat: { textOnly: true } })).toBe(false)
    const own = { type: "reasoning", summary: [], encrypted_content: "gAAA" }
    expect(relay.passes(inbound({ store: false, input: [own] }), MODEL)).toBe(true)
    expect(relay.passes(inbound({ store: false, input: [{ ...own, encrypted_content }] }), MODEL)).toBe(false)
  })

  test("is left alone where the host would keep it", () => {
    expect(relay.passes(inbound(), MODEL)).toBe(false)
    expect(relay.passes(inbound({ store: true }), MODEL)).toBe(false)
  })

  const thinking = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "So." }] }
  const image = { type: "input_image", image_url: "data:image/png;base64,AA==" }
  test.each<[string, object, ResponsesCompat, ResponsesCompat]>([
    ["a developer's message", { input: [{ role: "developer", content: "d" }] }, {}, { developerRole: true }],
    ["encrypted thinking", { include: ["reasoning.encrypted_content"] }, { encryptedThinking: false }, {}],
    ["summaries", { reasoning: { summary: "auto" } }, { thinkingSummary: false }, {}],
    ["an effort", { reasoning: { effort: "high" } }, { effortMap: { high: "max" } }, {}],
    ["thinking", { input: [thinking] }, { replayThinking: "never" }, {}],
    ["sampling", { temperature: 1 }, { sampling: false }, {}],
    ["a cap", { max_output_tokens: 5 }, { silentCap: true }, {}],
    ["a format", { text: { format: { type: "json_object" } } }, { structuredOutput: false }, {}],
    ["strict tools", { tools: [{ type: "function", name: "f", strict: true }] }, {}, { strictTools: "per-tool" }],
    ["grammar tools", { tools: [{ type: "custom", name: "f" }] }, {}, { customTools: true }],
    ["a choice", { tool_choice: { type: "function", name: "f" } }, { toolChoice: "strings" }, {}],
    [
      "an image in a result",
      { input: [{ type: "function_call_output", call_id: "c", output: [image] }] },
      {},
      { mediaInToolResult: true },
    ],
    ["a tier", { service_tier: "flex" }, {}, { serviceTiers: ["flex"] }],
    ["a cache key", { prompt_cache_key: "k" }, {}, { promptCacheKey: true }],
    ["the session", { prompt_cache_key: "k" }, { promptCacheKey: true, sessionField: "s" }, { promptCacheKey: true }],
  ])("is left alone where %s needs spelling differently, and not elsewhere", (_name, body, differs, same) => {
    const model = (responses: ResponsesCompat): Model => ({ ...MODEL, compat: { responses } })
    expect(relay.passes(inbound({ store: false, ...body }), model(differs))).toBe(false)
    expect(relay.passes(inbound({ store: false, ...body }), model(same))).toBe(true)
  })
})

describe("what a relay reads off a stream is what the decoder reads", () => {
  const decoded = (event: object): AssistantMessage =>
    readRecording(openaiResponses, MODEL, {
      stream: true,
      chunks: [new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`)],
    })

  test.each([
    "invalid_prompt",
    "image_parse_error",
    "bio_content_policy_violation",
    "rate_limit_exceeded",
    "server_error",
  ])("the error %s", (code) => {
    const event = { type: "response.failed", response: { status: "failed", error: { code, message: "No." } } }
    const tap = relay.tap(inbound())
    tap.push({ event: event.type, data: JSON.stringify(event) })
    const { error } = tap.result()
    const read = decoded(event).error
    expect(classify({ ...error, inStream: true }, {})).toMatchObject({ code: read?.code, message: read?.message })
  })

  test("usage", () => {
    const usage = {
      input_tokens: 50,
      input_tokens_details: { cached_tokens: 20, cache_write_tokens: 5 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 12 },
      total_tokens: 70,
    }
    const event = { type: "response.completed", response: { status: "completed", output: [], usage } }
    const tap = relay.tap(inbound())
    tap.push({ event: event.type, data: JSON.stringify(event) })
    expect(tap.result().usage).toEqual(decoded(event).usage)
    expect(tap.result().usage).toMatchObject({ input: 25, output: 20, cacheRead: 20, cacheWrite: 5, totalTokens: 70 })
  })
})
