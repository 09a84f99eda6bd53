import type { Model } from "@sluice/catalog/core"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { contexts } from "../../../../tests/generators/contexts.ts"
import type { Traits } from "../contract/wire-client.ts"
import type { AssistantMessage, Context, Message } from "../model/message.ts"
import { handoff } from "./handoff.ts"
import { keptHandoff } from "./kept.ts"

const model: Model = {
  id: "m",
  provider: "p",
  api: "openai-responses",
  baseUrl: "https://host.example",
  input: ["text", "image"],
  output: ["text"],
  compat: {},
}
const traits: Traits = {
  toolCallId: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 64 },
  toolName: { pattern: /\S/, maxLength: 256 },
  media: { image: true, document: false, audio: false, inAnswer: false },
}

function answer(content: AssistantMessage["content"]): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: "openai-responses",
    provider: "p",
    model: "m",
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
  }
}
const user = (content: string): Message => ({ role: "user", content })
const call = (id: string): AssistantMessage => answer([{ type: "toolCall", id, name: "t", arguments: {} }])
const result = (id: string): Message => ({ role: "toolResult", toolCallId: id, toolName: "t", content: "r" })

/** Hands over every beginning of a conversation in turn, as its turns would be. */
function grown(messages: readonly Message[]): void {
  for (let end = 1; end <= messages.length; end++) {
    const context: Context = { systemPrompt: "s", messages: messages.slice(0, end) }
    expect(keptHandoff(context, model, traits)).toEqual(handoff(context, model, traits))
  }
}

describe("the hand-over of a conversation that grows", () => {
  test.each<[string, Message[]]>([
    [
      "answers and questions",
      [user("a"), answer([{ type: "text", text: "b" }]), user("c"), answer([{ type: "text", text: "d" }])],
    ],
    ["calls and their results", [user("a"), call("1"), result("1"), call("2"), result("2"), user("x")]],
    ["one id for two calls", [user("a"), call("1"), result("1"), call("1"), result("1"), call("1"), result("1")]],
    ["a result that comes late", [user("a"), call("1"), user("b"), call("2"), result("2"), result("1"), call("3")]],
    ["a call without a result", [user("a"), call("1"), user("b"), answer([{ type: "text", text: "c" }]), user("d")]],
    [
      "a result without a call",
      [user("a"), result("9"), answer([{ type: "text", text: "c" }]), result("9"), user("d")],
    ],
    [
      "ids that must be spelled otherwise",
      [user("a"), call("ä|1"), result("ä|1"), call("ä|2"), result("ä|2"), user("b")],
    ],
  ])("is the same as the whole one's: %s", (_name, messages) => {
    grown(messages)
  })

  test("is the same for any conversation, at each of its turns", () => {
    const target = {
      own: { api: "openai-responses", provider: "p", model: "m" },
      signatures: ['{"type":"reasoning"}'],
      hidden: ["h"],
      callSignatures: ["c"],
      items: [{ type: "x" }],
      answerItems: [{ type: "web_search_call", id: "w" }],
      tools: [{ type: "web_search" }],
    }
    fc.assert(
      fc.property(contexts(target), ({ messages }) => grown(messages)),
      { numRuns: 150 },
    )
  })

  test("takes what it has by identity, and no message that has become another", () => {
    const messages = [
      user("a"),
      answer([{ type: "text", text: "b" }]),
      user("c"),
      answer([{ type: "text", text: "d" }]),
    ]
    const first = keptHandoff({ messages }, model, traits).context.messages
    const second = keptHandoff({ messages: [...messages, user("e")] }, model, traits).context.messages
    expect(second[1]).toBe(first[1])
    const edited = [...messages, user("e")]
    edited[1] = answer([{ type: "text", text: "other" }])
    expect(keptHandoff({ messages: edited }, model, traits).context.messages[1]).toMatchObject({
      content: [{ text: "other" }],
    })
    const inPlace = edited[1] as { content: unknown }
    inPlace.content = [{ type: "text", text: "another" }]
    expect(keptHandoff({ messages: edited }, model, traits).context.messages[1]).toMatchObject({
      content: [{ text: "another" }],
    })
  })
})
