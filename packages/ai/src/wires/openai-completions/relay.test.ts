import type { ChatCompat, Model } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import type { InboundCall } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"
import { relay } from "./relay.ts"

const USER = [{ role: "user", content: "hi" }]

function inbound(body: Record<string, unknown> = {}): InboundCall {
  return accept({
    route: "/v1/chat/completions",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "m", messages: USER, stream: true, ...body },
    raw: new Uint8Array(),
  })
}

function model(chat: ChatCompat = {}): Model {
  return { id: "m", provider: "p", api: "openai-completions", baseUrl: "", input: [], output: [], compat: { chat } }
}

function watched(chunks: readonly (object | string)[], body: Record<string, unknown> = {}) {
  const tap = relay.tap(inbound(body))
  const verdicts = chunks.map((chunk) => tap.push({ data: typeof chunk === "string" ? chunk : JSON.stringify(chunk) }))
  return { verdicts, result: tap.result() }
}

const role = { choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] }
const text = {
  choices: [{ index: 0, delta: { content: '"usage":{ "finish_reason":"stop" "error":{' }, finish_reason: null }],
}
const finish = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }
const usage = {
  choices: [],
  usage: { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 1 } },
}
const wanted = { stream_options: { include_usage: true } }

describe("watching a stream", () => {
  test("holds back what comes before content", () => {
    expect(watched(["", role, text, "", text, finish, "[DONE]"]).verdicts).toEqual([
      "alive",
      "hold",
      "content",
      "alive",
      "pass",
      "pass",
      "end",
    ])
  })

  test("leaves out the usage that the client did not ask for, and counts it", () => {
    const ours = watched([role, text, finish, usage, "[DONE]"])
    expect(ours.verdicts[3]).toBe("drop")
    expect(ours.result).toEqual({
      terminal: true,
      usage: { input: 4, cacheRead: 1, output: 2, totalTokens: 7, provenance: "reported" },
    })
    expect(watched([role, text, finish, usage, "[DONE]"], wanted).verdicts[3]).toBe("pass")
  })

  test("a stream that is cut is not complete", () => {
    expect(watched([role, text]).result).toEqual({ terminal: false })
  })

  test("a host that leaves out the last frame is helped", () => {
    const { missing, terminal } = watched([role, text, finish]).result
    expect([terminal, new TextDecoder().decode(missing)]).toEqual([true, "data: [DONE]\n\n"])
  })

  test("an error before content is held back, one after it passes; neither is complete", () => {
    const error = { error: { message: "busy", type: "overloaded_error" } }
    const early = watched([role, error])
    expect(early.verdicts).toEqual(["hold", "hold"])
    expect(early.result).toEqual({
      terminal: false,
      error: { inStream: true, message: "busy", type: "overloaded_error" },
    })
    const late = watched([role, text, error, "[DONE]"])
    expect(late.verdicts[2]).toBe("pass")
    expect(late.result.terminal).toBe(false)
  })

  test("an answer with nothing but an end is content", () => {
    expect(watched([role, finish]).verdicts).toEqual(["hold", "content"])
  })
})

describe("signs of life", () => {
  test.each<[string, object | string]>([
    ["a comment", ""],
    ["blank data", "  "],
    ["a bare word", "keep-alive"],
    ["null", "null"],
  ])("%s is one wherever it comes", (_name, frame) => {
    expect(watched([frame, role, text, frame]).verdicts).toEqual(["alive", "hold", "content", "alive"])
  })

  test.each<[string, object]>([
    ["a chunk with nothing but a role", role],
    ["a chunk without choices", { id: "c", choices: [] }],
    ["an empty delta", { choices: [{ index: 0, delta: { content: "", tool_calls: [] }, finish_reason: null }] }],
    ["an empty object", {}],
  ])("%s is one behind content", (_name, frame) => {
    expect(watched([frame, text, frame]).verdicts).toEqual(["hold", "content", "alive"])
  })

  test.each([
    { content: "a" },
    { reasoning: "a" },
    { reasoning_details: [{ type: "reasoning.text", text: "a" }] },
    { tool_calls: [{ index: 1, function: { arguments: "{" } }] },
    { function_call: { arguments: "{" } },
  ])("%j is progress", (delta) => {
    expect(watched([text, { choices: [{ index: 0, delta, finish_reason: null }] }]).verdicts[1]).toBe("pass")
  })
})

describe("several choices", () => {
  const of = (index: number, delta: object, finish_reason: string | null = null) => ({
    choices: [{ index, delta, finish_reason }],
  })
  const one = of(0, { content: "a" })
  const two = of(1, { content: "b" })
  const ends = (index: number) => of(index, {}, "stop")

  test("the answer is complete when all that were asked for have ended", () => {
    expect(watched([one, ends(0)], { n: 2 }).result.terminal).toBe(false)
    expect(watched([one, two, ends(0)], { n: 2 }).result.terminal).toBe(false)
    expect(watched([one, two, ends(0), two, ends(1)], { n: 2 }).result.terminal).toBe(true)
    expect(watched([one, two, { choices: [ends(0).choices[0], ends(1).choices[0]] }], { n: 2 }).result.terminal).toBe(
      true,
    )
  })

  test("one that appears without having been asked for counts as well", () => {
    expect(watched([one, two, ends(0)]).result.terminal).toBe(false)
    expect(watched([one, two, ends(0), ends(1)]).result.terminal).toBe(true)
  })

  test("the last frame ends what a host leaves out, but none that it broke off", () => {
    expect(watched([one, ends(0), "[DONE]"], { n: 2 }).result.terminal).toBe(true)
    expect(watched([one, two, ends(0), "[DONE]"], { n: 2 }).result.terminal).toBe(false)
  })

  test("content of any choice opens the stream", () => {
    expect(watched([of(0, { role: "assistant" }), two], { n: 2 }).verdicts).toEqual(["hold", "content"])
  })
})

describe("editing a request", () => {
  test("sets model and usage, and leaves the rest alone", () => {
    const raw = new TextEncoder().encode('{"messages":[{"model":"x"}],"model":"a","n":1.0}')
    const edited = relay.edit(raw, { model: "b", wantUsage: true })
    expect(new TextDecoder().decode(edited)).toBe(
      '{"stream_options":{"include_usage":true},"messages":[{"model":"x"}],"model":"b","n":1.0}',
    )
    expect(relay.edit(raw, {})).toBe(raw)
  })
})

describe("whether bytes may pass", () => {
  test.each<[string, ChatCompat, Record<string, unknown>, boolean]>([
    ["a plain request", {}, {}, true],
    ["a cap in the other field", { maxTokensField: "max_tokens" }, { max_completion_tokens: 5 }, false],
    ["a cap in the host's field", { maxTokensField: "max_tokens" }, { max_tokens: 5 }, true],
    ["sampling that is refused", { sampling: false }, { temperature: 1 }, false],
    ["an effort in the host's own format", { thinkingFormat: "openrouter" }, { reasoning_effort: "low" }, false],
    ["usage that the host cannot report", { streamUsage: false }, wanted, false],
    ["a tier that is not offered", {}, { service_tier: "flex" }, false],
    ["a tier that is offered", { serviceTiers: ["flex"] }, { service_tier: "flex" }, true],
    ["a developer's message", {}, { messages: [{ role: "developer", content: "x" }, ...USER] }, false],
    [
      "a developer's message where it is read",
      { developerRole: true },
      { messages: [{ role: "developer", content: "x" }, ...USER] },
      true,
    ],
    [
      "a schema where there is only JSON",
      { structuredOutput: "json_object" },
      { response_format: { type: "json_schema", json_schema: { name: "a", schema: {} } } },
      false,
    ],
  ])("%s", (_name, chat, body, expected) => {
    expect(relay.passes(inbound(body), model(chat))).toBe(expected)
  })
})
