import { handoff, type AssistantMessage, type Block, type Context } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { chat } from "./wires.ts"

function answer(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: "google-generative-ai",
    provider: "google",
    model: "gemini",
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
  }
}

const lossesOf = (context: Context): string[] =>
  handoff(context, chat.models.plain, chat.client.traits).losses.map((loss) => `${loss.kind} ${loss.field}`)

describe("what a hand-over reports", () => {
  test("the signature of a call that is left out is named", () => {
    const call: Block = { type: "toolCall", id: "a", name: "f", arguments: {}, signature: { value: "s" } }
    expect(lossesOf({ messages: [{ role: "user", content: "hi" }, answer([call])] })).toContain(
      "dropped messages[1].content[0].signature",
    )
  })

  test("losses of the pairing have the paths of the given conversation", () => {
    const cut = answer([{ type: "thinking", thinking: "hm" }], { stopReason: "aborted" })
    const call: Block = { type: "toolCall", id: "a", name: "f", arguments: {} }
    expect(lossesOf({ messages: [{ role: "user", content: "hi" }, cut, answer([call])] })).toContain(
      "injected messages[2]",
    )
  })
})
