import type { Model } from "@sluice/catalog/core"
import type { Traits } from "../contract/wire-client.ts"
import type { AssistantMessage, Context, Loss, Message, TextBlock } from "../model/message.ts"
import { rewriteAssistant } from "./assistant.ts"
import { rewriteInput, wellFormed } from "./input.ts"
import { pairCalls, type Placed } from "./pairing.ts"
import { LossList } from "./losses.ts"

/**
 * Makes a conversation fit for a target: what the target cannot read is changed, and every change is named.
 *
 * In this order: text is made well-formed and blank system prompts are left out; calls without an id or a name go,
 * with their results; opaque values go back to their maker only; media become notes where the target cannot read
 * them; tool-call ids are made unique and spelled as the target takes them; every call gets exactly one result,
 * right behind its turn. The same conversation always gives the same result, and the input is not changed.
 */
export function handoff(context: Context, model: Model, traits: Traits): { context: Context; losses: readonly Loss[] } {
  const losses = new LossList()
  const latest = lastAssistant(context.messages)
  const messages: Placed[] = []
  context.messages.forEach((message, index) => {
    const path = `messages[${index}]`
    if (message.role === "assistant") {
      const kept = rewriteAssistant(message, { model, latest: message === latest, path, losses })
      if (kept) messages.push({ message: kept, index })
    } else messages.push({ message: rewriteInput(message, model, traits, path, losses), index })
  })
  const system = systemPrompt(context.systemPrompt)
  return {
    context: {
      ...(system === undefined ? {} : { systemPrompt: system }),
      messages: pairCalls(messages, traits, losses),
      ...(context.tools === undefined ? {} : { tools: context.tools }),
    },
    losses: losses.list,
  }
}

function lastAssistant(messages: readonly Message[]): AssistantMessage | undefined {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as Message
    if (message.role === "assistant") return message
  }
  return undefined
}

function systemPrompt(prompt: Context["systemPrompt"]): readonly TextBlock[] | undefined {
  if (prompt === undefined) return undefined
  const parts = typeof prompt === "string" ? [prompt] : prompt
  return parts
    .map((part): TextBlock =>
      typeof part === "string" ? { type: "text", text: wellFormed(part) } : { ...part, text: wellFormed(part.text) },
    )
    .filter((part) => part.text.trim() !== "")
}
