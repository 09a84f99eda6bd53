import type { Model, OllamaCompat } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import type { InboundCall } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"
import { relay } from "./relay.ts"

function inbound(body: object = {}, route = "/api/chat"): InboundCall {
  return accept({
    route,
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "m", messages: [{ role: "user", content: "hi" }], prompt: "hi", ...body },
    raw: new Uint8Array(),
  })
}

function model(ollama: OllamaCompat = {}, more: Partial<Model> = {}): Model {
  return { id: "m", provider: "p", api: "ollama-chat", baseUrl: "", input: [], output: [], compat: { ollama }, ...more }
}

const pathOf = (call: InboundCall): string => (typeof relay.path === "string" ? relay.path : relay.path(call, "m"))

function watched(lines: readonly (object | string)[], body: object = {}) {
  const tap = relay.tap(inbound(body))
  const verdicts = lines.map((line) => tap.push({ data: typeof line === "string" ? line : JSON.stringify(line) }))
  return { verdicts, result: tap.result() }
}

const line = (message: object): object => ({
  model: "m",
  message: { role: "assistant", content: "", ...message },
  done: false,
})
const last = (more: object = {}): object => ({
  model: "m",
  message: { role: "assistant", content: "" },
  done: true,
  done_reason: "stop",
  prompt_eval_count: 5,
  eval_count: 2,
  ...more,
})
const odd = line({ content: '"done":true "error":"x" "content":""' })

describe("watching a stream", () => {
  test("holds back what comes before content, and counts", () => {
    const { verdicts, result } = watched(["", line({}), odd, line({}), line({ thinking: "hm" }), last()])
    expect(verdicts).toEqual(["alive", "hold", "content", "alive", "content", "end"])
    expect(result).toEqual({
      terminal: true,
      usage: { input: 5, output: 2, totalTokens: 7, provenance: "reported" },
    })
  })

  test("takes a call and an image for content", () => {
    const call = { function: { name: "f", arguments: { done: true, error: "no" } } }
    expect(watched([line({ tool_calls: [call] })]).verdicts).toEqual(["content"])
    expect(watched([line({ images: ["AA=="] }), line({ tool_calls: [] })]).verdicts).toEqual(["content", "alive"])
  })

  test("takes the text of a prompt's answer, and thinking under any of its names, for content", () => {
    const { verdicts, result } = watched([
      { model: "m", response: "", done: false },
      { model: "m", response: "", thinking: "hm", done: false },
      { model: "m", response: "a", done: false },
      { model: "m", response: "", done: true, done_reason: "stop", eval_count: 2, context: [1] },
    ])
    expect(verdicts).toEqual(["hold", "content", "content", "end"])
    expect(result).toMatchObject({ terminal: true, usage: { output: 2 } })
    expect(watched([line({ reasoning: "hm" })]).verdicts).toEqual(["content"])
    expect(watched([line({ reasoning_content: "hm" })]).verdicts).toEqual(["content"])
  })

  test("does not take the client's own cap for the window's", () => {
    const cut = last({ done_reason: "length", eval_count: 2 })
    expect(watched([cut], { options: { num_predict: 2 } }).result.terminal).toBe(true)
    expect(watched([cut], { options: { num_predict: 3 } }).result).toMatchObject({
      terminal: false,
      error: { is: "context_overflow" },
    })
  })

  test("is not complete without the last line", () => {
    expect(watched([line({ content: "a" })]).result).toEqual({ terminal: false })
  })

  test("knows an error, a prompt that filled the window and a model that was only loaded", () => {
    expect(watched([{ error: "It broke." }])).toMatchObject({
      verdicts: ["hold"],
      result: { terminal: false, error: { message: "It broke.", inStream: true } },
    })
    expect(watched([last({ done_reason: "length" })]).result).toMatchObject({
      terminal: false,
      error: { is: "context_overflow" },
    })
    expect(watched([line({ content: "a" }), last({ done_reason: "length" })]).result.terminal).toBe(true)
    expect(watched([last({ done_reason: "load" })]).result).toMatchObject({
      terminal: false,
      error: { is: "empty_response" },
    })
  })
})

describe("what may pass", () => {
  const tool = (properties: object): Record<string, unknown> => ({
    tools: [{ type: "function", function: { name: "f", parameters: { type: "object", properties } } }],
  })
  const thought = { messages: [{ role: "assistant", content: "a", thinking: "hm" }] }

  test.each([
    ["a plain request", {}, {}, true],
    ["a window of the client's", { options: { num_ctx: 9 } }, {}, true],
    ["a window of the host's entry", {}, { contextWindow: 9 }, false],
    ["a time in memory of the host's entry", {}, { keepAlive: "1m" }, false],
    ["fields of the host's entry", {}, { extraBody: { a: 1 } }, false],
    ["a cap within the host's", { options: { num_predict: 9 } }, { maxTokensCeiling: 9 }, true],
    ["a cap beyond the host's", { options: { num_predict: 10 } }, { maxTokensCeiling: 9 }, false],
    ["a cap for a host that takes none", { options: { num_predict: 1 } }, { outputCap: false }, false],
    ["a level for a host with words of its own", { think: "high" }, { effortMap: { high: "max" } }, false],
    ["thinking of earlier turns", thought, {}, true],
    ["thinking of earlier turns for a host that takes none", thought, { replayThinking: "never" as const }, false],
    ["a tool", tool({ a: { type: "string" } }), {}, true],
    ["a tool in words that hosts do not read", tool({ a: true }), {}, false],
  ])("%s", (_what, body, compat, passes) => {
    expect(relay.passes(inbound(body), model(compat))).toBe(passes)
  })

  test("a prompt passes on its own path; what a model without eyes is shown is translated", () => {
    const prompt = inbound({}, "/api/generate")
    expect(relay.passes(prompt, model())).toBe(true)
    expect(typeof relay.path === "function" && [inbound(), prompt].map((call) => pathOf(call))).toEqual([
      "/api/chat",
      "/api/generate",
    ])
    expect(relay.passes(inbound(), model({}, { compat: { textOnly: true } }))).toBe(false)
  })
})

test("only the model's name is put in the place of the client's", () => {
  const raw = new TextEncoder().encode('{ "model" : "ollama/m", "messages": [] , "x": 1.0 }')
  expect(new TextDecoder().decode(relay.edit(raw, { model: "m" }))).toBe('{ "model" : "m", "messages": [] , "x": 1.0 }')
  expect(relay.edit(raw, {})).toBe(raw)
  expect(relay.headers(inbound())).toEqual({ "content-type": "application/json", accept: "application/x-ndjson" })
})

test("an error that is none is no error", () => {
  const { result } = watched([
    { ...line({ content: "a" }), error: null },
    { ...last(), error: "" },
  ])
  expect(result.error).toBeUndefined()
})
