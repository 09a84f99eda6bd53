import type { Model } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import type { Traits } from "../contract/wire-client.ts"
import type { AssistantMessage, Block, InputBlock, Message, ToolCallBlock } from "../model/message.ts"
import { isForeign } from "../wires/demoted-thinking.ts"
import { handoff } from "./handoff.ts"
import { refuseLosses } from "./strict.ts"

const own = { api: "anthropic-messages", provider: "p", model: "m" }
const model: Model = {
  id: "m",
  provider: "p",
  api: "anthropic-messages",
  baseUrl: "https://host.invalid",
  input: ["text", "image"],
  output: ["text"],
  compat: {},
}
const traits: Traits = {
  toolCallId: { pattern: /^\w+$/, maxLength: 64 },
  toolName: { pattern: /^\w+$/, maxLength: 64 },
  media: { image: true, document: true, audio: true, inAnswer: false },
}

function answer(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    ...own,
    content,
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
  }
}

const ask: Message = { role: "user", content: "q" }
const done = answer([{ type: "text", text: "done" }])
const call = (id: string, name = "t", more: Partial<ToolCallBlock> = {}): ToolCallBlock => ({
  type: "toolCall",
  id,
  name,
  arguments: {},
  ...more,
})
const result = (toolCallId: string, content: string, toolName = "t"): Message => ({
  role: "toolResult",
  toolCallId,
  toolName,
  content,
})

function handed(messages: Message[], to: Partial<Model> = {}, with_: Partial<Traits> = {}): readonly Message[] {
  return handoff({ messages }, { ...model, ...to }, { ...traits, ...with_ }).context.messages
}

/** What is left of an answer that is not the latest. */
function left(content: Block[], fields: Partial<AssistantMessage> = {}, to: Partial<Model> = {}): readonly Block[] {
  const [first] = handed([answer(content, fields), ask, done], to)
  return first?.role === "assistant" ? first.content : []
}

const said = (messages: readonly Message[]): unknown[] => messages.map(({ role, content }) => [role, content])

describe("of an earlier answer", () => {
  test("a call that was whole keeps its signature although the answer was cut behind it", () => {
    const signed = call("a", "t", { signature: { value: "s" } })
    expect(left([signed], { stopReason: "aborted" })).toEqual([signed])
    expect(left([{ ...signed, incomplete: true }], { stopReason: "aborted" })[0]).not.toHaveProperty("signature")
  })

  test("hidden thinking with nothing in it, and blank text, go", () => {
    expect(
      left([
        { type: "redactedThinking", data: { value: " " } },
        { type: "text", text: "x" },
      ]),
    ).toHaveLength(1)
    expect(left([{ type: "text", text: " \n" }, call("a")], { stopReason: "toolUse" })).toEqual([call("a")])
  })

  test("a signature of which nobody says who made it goes to hosts of its own wire alone", () => {
    const thinking: Block = { type: "thinking", thinking: "hm", signature: { value: "s" } }
    expect(left([thinking], {}, { provider: "other" })[0]).toEqual(thinking)
    expect(left([thinking], {}, { api: "google-generative-ai" })[0]).not.toHaveProperty("signature")
  })

  test("thinking that came as an empty field stays one, and half a character in it is replaced", () => {
    const empty: Block = { type: "thinking", thinking: "", field: "reasoning_content" }
    const text: Block = { type: "text", text: "x" }
    expect(left([empty, text])).toEqual([empty, text])
    expect(left([{ type: "thinking", thinking: "" }, text])).toEqual([text])
    expect(left([{ type: "thinking", thinking: "a\ud800" }, text])[0]).toMatchObject({ thinking: "a\ufffd" })
  })

  test("without a maker it is the model's own", () => {
    expect(isForeign(answer([], { provider: "", model: "" }), model)).toBe(false)
    expect(isForeign(answer([], { model: "n" }), model)).toBe(true)
  })
})

describe("of calls and results", () => {
  test("a second result that comes late is no note, and the first one stays", () => {
    const asked = answer([call("a")], { stopReason: "toolUse" })
    const kept = handed([asked, result("a", "1"), ask, result("a", "2"), ask])
    expect(said(kept)).toEqual(said([asked, result("a", "1"), ask, ask]))
  })

  test("a call that is left out takes a result out of its own window alone", () => {
    const nameless = answer([call("a", " "), { type: "text", text: "x" }], { stopReason: "toolUse" })
    const later = answer([call("a")], { stopReason: "toolUse" })
    expect(said(handed([nameless, ask, later, result("a", "1")]).slice(-1))).toEqual([["toolResult", "1"]])
    expect(said(handed([nameless, result("a", "1"), ask])).at(-1)).toEqual(["user", "q"])
  })

  test("a result has the name of the tool that was called", () => {
    const asked = answer([call("a", "right")], { stopReason: "toolUse" })
    expect(handed([asked, result("a", "1", "wrong")])[1]).toMatchObject({ toolName: "right" })
  })

  test("an id of two parts stands for its first, and none is longer than the target takes it", () => {
    const asked = answer([call("call_1|fc_2")], { stopReason: "toolUse" })
    const [turn, answered] = handed([asked, result("call_1|fc_2", "1")])
    expect([turn?.content[0], answered]).toMatchObject([{ id: "call_1" }, { toolCallId: "call_1" }])
    const short = { toolCallId: { pattern: /^[a-z0-9]+$/, maxLength: 9 } }
    const [brief] = handed([answer([call("é".repeat(40))], { stopReason: "toolUse" })], {}, short)
    expect(brief?.content[0]).toMatchObject({ id: expect.stringMatching(/^[a-z0-9]{1,9}$/) })
  })
})

describe("of what users say", () => {
  const image: InputBlock = { type: "image", source: { data: "AA==", mimeType: "image/png" } }
  const shown = (block: InputBlock, to: Partial<Model> = {}): unknown =>
    handed([{ role: "user", content: [block, { type: "text", text: "x" }] }], to)[0]?.content[0]

  test("a model of which the catalog knows nothing is shown what its wire carries, one that reads texts alone is not", () => {
    expect(shown(image)).toBe(image)
    expect(shown(image, { input: ["text"] })).toMatchObject({ type: "text" })
    expect(shown(image, { input: ["text"], assumed: ["input"] })).toBe(image)
    expect(shown(image, { compat: { textOnly: true } })).toMatchObject({ type: "text" })
  })

  test("what only another wire knows goes, and half a character is replaced", () => {
    const item = { type: "x" }
    expect(shown({ type: "native", api: "anthropic-messages", item })).toMatchObject({ item })
    expect(shown({ type: "native", api: "openai-responses", item })).toEqual({ type: "text", text: "x" })
    expect(shown({ type: "text", text: "a\ud800" })).toEqual({ type: "text", text: "a\ufffd" })
  })
})

test("what a host needs besides is no reason to refuse a call that is not to be changed", () => {
  const loss = { field: "tools", reason: "." }
  expect(() => refuseLosses([{ ...loss, kind: "injected" }])).not.toThrow()
  for (const kind of ["dropped", "approximated"] as const)
    expect(() => refuseLosses([{ ...loss, kind }])).toThrow(/tools/)
})
