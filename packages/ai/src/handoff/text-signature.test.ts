import type { Model } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import type { Traits } from "../contract/wire-client.ts"
import type { AssistantMessage, TextBlock } from "../model/message.ts"
import { handoff } from "./handoff.ts"

const own = { api: "google-generative-ai", provider: "google", model: "m" }
const traits: Traits = {
  toolCallId: { pattern: /^\w+$/, maxLength: 64 },
  toolName: { pattern: /\S/, maxLength: 256 },
  media: { image: true, document: true, audio: true, inAnswer: false },
}

function handed(text: string, target: Partial<Model> = {}, message: Partial<AssistantMessage> = {}) {
  const model: Model = {
    id: "m",
    provider: "google",
    api: "google-generative-ai",
    baseUrl: "https://host.invalid",
    input: ["text"],
    output: ["text"],
    compat: {},
    ...target,
  }
  const answer: AssistantMessage = {
    role: "assistant",
    content: [{ type: "text", text, signature: { value: "c2ln", issuer: own } }],
    ...own,
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...message,
  }
  const { context, losses } = handoff({ messages: [answer, { role: "user", content: "q" }, answer] }, model, traits)
  const first = context.messages[0] as AssistantMessage | undefined
  return { block: first?.content[0] as TextBlock | undefined, losses: losses.map(({ field }) => field) }
}

describe("the signature of a text", () => {
  test("goes back to the model that made it, and keeps a text of blanks", () => {
    expect(handed("a")).toEqual({
      block: { type: "text", text: "a", signature: { value: "c2ln", issuer: own } },
      losses: [],
    })
    expect(handed(" ").block?.signature?.value).toBe("c2ln")
  })

  test.each([
    ["another model", { id: "n" }],
    ["another provider", { provider: "google-vertex", api: "google-vertex" }],
    ["another wire", { api: "anthropic-messages" }],
  ])("is left out for %s", (_name, target) => {
    const { block, losses } = handed("a", target)
    expect(block).toEqual({ type: "text", text: "a" })
    expect(losses).toContain("messages[0].content[0].signature")
  })

  test("is not trusted where the answer was cut short", () => {
    expect(handed("a", {}, { stopReason: "aborted" }).block).toEqual({ type: "text", text: "a" })
  })

  test("does not keep half a surrogate pair from being mended", () => {
    expect(handed("a\ud800").block).toMatchObject({ text: "a\ufffd", signature: { value: "c2ln" } })
  })
})
