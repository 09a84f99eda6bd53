import type { Relay } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import {
  accept,
  closes,
  delta,
  ends,
  modelOf,
  opens,
  start,
  stop,
} from "../../../../../tests/support/anthropic-messages.ts"
import { anthropicMessagesServer } from "./server.ts"

const base = { model: "m", max_tokens: 10, messages: [{ role: "user", content: "hi" }] }
const relay = anthropicMessagesServer.relay as Relay

function tapped(events: readonly Record<string, unknown>[]): {
  verdicts: string[]
  result: ReturnType<ReturnType<typeof relay.tap>["result"]>
} {
  const tap = relay.tap(accept(base))
  const verdicts = events.map((event) => tap.push({ event: String(event["type"]), data: JSON.stringify(event) }))
  return { verdicts, result: tap.result() }
}

const text = [opens(0, { type: "text", text: "" }), delta(0, { type: "text_delta", text: "a" }), closes(0)]

describe("tap", () => {
  test("frames are held until there is content", () => {
    const { verdicts, result } = tapped([start, { type: "ping" }, ...text, { type: "ping" }, ends("end_turn"), stop])
    expect(verdicts).toEqual(["hold", "alive", "hold", "content", "pass", "alive", "content", "end"])
    expect(result).toEqual({ terminal: true, usage: { input: 7, output: 5, totalTokens: 12, provenance: "reported" } })
  })

  test.each(["", " ", "ping"])("the data %j is a sign of life wherever it comes", (data) => {
    const tap = relay.tap(accept(base))
    expect(tap.push({ data })).toBe("alive")
    for (const event of text) tap.push({ event: String(event["type"]), data: JSON.stringify(event) })
    expect(tap.push({ data })).toBe("alive")
  })

  test("what brings nothing is no content, and no progress behind it", () => {
    const empty = [delta(0, { type: "text_delta", text: "" }), { type: "something_new" }]
    expect(tapped([start, ...empty, text[1] as object as Record<string, unknown>, ...empty]).verdicts).toEqual([
      "hold",
      "hold",
      "hold",
      "content",
      "alive",
      "alive",
    ])
  })

  test("a call counts from its start", () => {
    expect(tapped([start, opens(0, { type: "tool_use", id: "t", name: "f", input: {} })]).verdicts).toEqual([
      "hold",
      "content",
    ])
  })

  test("an error before content is kept back, and known", () => {
    const { verdicts, result } = tapped([
      start,
      { type: "error", error: { type: "overloaded_error", message: "Busy" } },
    ])
    expect(verdicts).toEqual(["hold", "hold"])
    expect(result).toMatchObject({
      terminal: false,
      error: { type: "overloaded_error", message: "Busy", inStream: true },
      usage: { provenance: "partial" },
    })
  })

  test("a cut is no end, and a missing last event is made up for", () => {
    expect(tapped([start, ...text]).result.terminal).toBe(false)
    const { terminal, missing } = tapped([start, ...text, ends("end_turn")]).result
    expect(terminal).toBe(true)
    expect(new TextDecoder().decode(missing)).toBe('event: message_stop\ndata: {"type":"message_stop"}\n\n')
  })

  test("frames without a name are told by their type", () => {
    const tap = relay.tap(accept(base))
    expect(tap.push({ data: JSON.stringify(delta(0, { type: "text_delta", text: "a" })) })).toBe("content")
  })
})

test("only the model is changed in the bytes of a request", () => {
  const raw = new TextEncoder().encode('{ "model" : "m", "messages": [ ] , "x": 1.0 }')
  expect(new TextDecoder().decode(relay.edit(raw, { model: "n" }))).toBe(
    '{ "model" : "n", "messages": [ ] , "x": 1.0 }',
  )
  expect(relay.edit(raw, {})).toBe(raw)
})

test("the client's version of the API is kept", () => {
  expect(relay.headers(accept(base, { headers: { "anthropic-version": "2026-10-21" } }))["anthropic-version"]).toBe(
    "2026-10-21",
  )
  expect(relay.headers(accept(base))["anthropic-version"]).toBe("2023-06-01")
})

describe("what may pass", () => {
  test.each([
    [{}, {}, true],
    [{ temperature: 1 }, { sampling: false }, false],
    [{ output_config: { effort: "low" } }, { effort: false }, false],
    [{ context_management: { edits: [] } }, {}, false],
    [{ context_management: { edits: [] } }, { contextManagement: true }, true],
    [{ messages: [...base.messages, { role: "system", content: "Be brief." }] }, {}, false],
    [{ messages: [...base.messages, { role: "system", content: "Be brief." }] }, { midConversationSystem: true }, true],
    [{ tool_choice: { type: "any" } }, { refusesForcedTool: true }, false],
    [{}, { toolResultId: true }, false],
  ])("%j to a host with %j", (fields, messages, passes) => {
    expect(relay.passes(accept({ ...base, ...fields }), modelOf({ compat: { messages } }))).toBe(passes)
  })
})
