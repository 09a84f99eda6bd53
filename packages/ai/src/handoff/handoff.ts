import type { Model } from "@sluice/catalog/core"
import type { Traits } from "../contract/wire-client.ts"
import { Losses } from "../model/losses.ts"
import type { Context, Loss, Message, TextBlock } from "../model/message.ts"
import { lastAnswer } from "../model/turns.ts"
import { isMalformed, rewriteAssistant } from "./assistant.ts"
import { IdMap } from "./ids.ts"
import { rewriteInput, wellFormedText } from "./input.ts"
import { pairCalls, type Placed } from "./pairing.ts"
import { handOverTools } from "./tool-names.ts"

/**
 * Makes a conversation fit for a target: what the target cannot read is changed, and every change is named.
 *
 * In this order: text is made well-formed and blank system prompts are left out; calls without an id or a name go,
 * with their results; opaque values go back to their maker only; media become notes where the target cannot read
 * them; tool-call ids are made unique and spelled as the target takes them; every call gets exactly one result,
 * right behind its turn; tools are spelled as the target takes their names, and so are their calls. The same
 * conversation always gives the same result, and the input is not changed.
 */
export function handoff(context: Context, model: Model, traits: Traits): { context: Context; losses: readonly Loss[] } {
  const { messages } = context
  const ids = new IdMap(traits.toolCallId)
  const part = { messages, from: 0, to: messages.length, latest: lastAnswer(messages) }
  const handed = handOver(part, model, traits, ids)
  return withMessages(context, handed.messages, handed.losses, traits)
}

/** A run of a conversation's messages, whose calls have no results outside it. */
export interface Part {
  messages: readonly Message[]
  from: number
  to: number
  /** Where the latest answer of the conversation stands; -1 where there is none. */
  latest: number
}

/** Hands over a part of a conversation. */
export function handOver(
  { messages, from, to, latest }: Part,
  model: Model,
  traits: Traits,
  ids: IdMap,
): { messages: Message[]; losses: readonly Loss[] } {
  const losses = new Losses()
  const placed: Placed[] = []
  for (let index = from; index < to; index++) {
    const message = messages[index] as Message
    const path = `messages[${index}]`
    if (message.role === "assistant") {
      const kept = rewriteAssistant(message, { model, traits, latest: index === latest, path, losses })
      const calls = message.content.flatMap((block) =>
        block.type === "toolCall" ? [{ id: block.id, gone: !kept || isMalformed(block) }] : [],
      )
      placed.push({ message: kept, index, calls })
    } else placed.push({ message: rewriteInput(message, model, traits, path, losses), index })
  }
  return { messages: pairCalls(placed, ids, losses), losses: losses.list }
}

/** The conversation with messages that were handed over, and what that took. */
export function withMessages(
  { systemPrompt, tools }: Context,
  messages: readonly Message[],
  before: readonly Loss[],
  traits: Traits,
): { context: Context; losses: readonly Loss[] } {
  const losses = new Losses()
  const system = systemTexts(systemPrompt)
  const context = {
    ...(system === undefined ? {} : { systemPrompt: system }),
    messages,
    ...(tools === undefined ? {} : { tools: handOverTools(tools, traits.toolName, losses) }),
  }
  return { context, losses: losses.list.length === 0 ? before : [...before, ...losses.list] }
}

function systemTexts(prompt: Context["systemPrompt"]): readonly TextBlock[] | undefined {
  if (prompt === undefined) return undefined
  const parts = typeof prompt === "string" ? [prompt] : prompt
  return parts
    .map((part): TextBlock =>
      typeof part === "string"
        ? { type: "text", text: wellFormedText(part) }
        : { ...part, text: wellFormedText(part.text) },
    )
    .filter((part) => part.text.trim() !== "")
}
