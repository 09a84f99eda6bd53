import type { Model } from "@sluice/catalog/core"
import type { Traits } from "../contract/wire-client.ts"
import type { Context, Loss, Message } from "../model/message.ts"
import { lastAnswer } from "../model/turns.ts"
import { isMalformed } from "./assistant.ts"
import { handoff, handOver, withMessages } from "./handoff.ts"
import { IdMap } from "./ids.ts"

/** What was handed over of one conversation: all that came before its latest answer, which nothing changes any more. */
interface Kept {
  model: Model
  traits: Traits
  /** The messages as the caller has them, and what each held. */
  given: Message[]
  contents: Message["content"][]
  handed: Message[]
  losses: Loss[]
  ids: IdMap
}

/** By the last message of what is kept, so that it goes when its conversation does. */
const conversations = new WeakMap<Message, Kept>()

/**
 * `handoff` for conversations that grow: what was handed over before is taken as it was, so that the next turn costs
 * no more than what is new. The result is the same. Messages are told by identity: one that is changed in place must
 * become another object, or have another `content`.
 */
export function keptHandoff(
  context: Context,
  model: Model,
  traits: Traits,
): { context: Context; losses: readonly Loss[] } {
  const { messages } = context
  const latest = lastAnswer(messages)
  if (latest < 1) return handoff(context, model, traits)
  const kept = taken(messages, latest, model, traits) ?? {
    model,
    traits,
    given: [],
    contents: [],
    handed: [],
    losses: [],
    ids: new IdMap(traits.toolCallId),
  }
  const from = kept.given.length
  // Calls and results that do not stand together: only the whole conversation tells which belong to which.
  if (!isClosed(messages, from, latest, true) || !isClosed(messages, latest, messages.length, false)) {
    return handoff(context, model, traits)
  }
  const past = handOver({ messages, from, to: latest, latest: -1 }, model, traits, kept.ids)
  for (let i = from; i < latest; i++) {
    const message = messages[i] as Message
    kept.given.push(message)
    kept.contents.push(message.content)
  }
  kept.handed.push(...past.messages)
  kept.losses.push(...past.losses)
  conversations.set(messages[latest - 1] as Message, kept)
  const rest = { messages, from: latest, to: messages.length, latest }
  const now = handOver(rest, model, traits, new IdMap(traits.toolCallId, kept.ids))
  const losses = kept.losses.length + now.losses.length === 0 ? [] : kept.losses.concat(now.losses)
  return withMessages(context, kept.handed.concat(now.messages), losses, traits)
}

/** What is kept of a conversation's beginning. It is taken, since it is added to: another branch begins anew. */
function taken(messages: readonly Message[], latest: number, model: Model, traits: Traits): Kept | undefined {
  for (let i = latest - 1; i >= 0; i--) {
    const kept = conversations.get(messages[i] as Message)
    if (!kept || kept.given.length !== i + 1) continue
    if (kept.model !== model || kept.traits !== traits || !begins(kept, messages, latest)) return undefined
    conversations.delete(messages[i] as Message)
    return kept
  }
  return undefined
}

/** Whether a conversation begins with what is kept, and has its latest answer behind that. */
function begins({ given, contents }: Kept, messages: readonly Message[], latest: number): boolean {
  if (given.length > latest) return false
  for (let i = 0; i < given.length; i++) {
    const message = messages[i] as Message
    if (message !== given[i] || message.content !== contents[i]) return false
  }
  return true
}

/**
 * Whether the results of a run are those of its own calls. `answered`: each call has exactly one.
 * A run that begins with results has the results of other calls.
 */
function isClosed(messages: readonly Message[], from: number, to: number, answered: boolean): boolean {
  const open = new Set<string>()
  const all = new Set<string>()
  for (let i = from; i < to; i++) {
    const message = messages[i] as Message
    if (message.role === "toolResult") {
      if (!open.delete(message.toolCallId)) return false
    } else if (message.role === "assistant") {
      for (const block of message.content) {
        if (block.type !== "toolCall") continue
        if (isMalformed(block) || all.has(block.id)) return false
        open.add(block.id)
        all.add(block.id)
      }
    }
  }
  return !answered || open.size === 0
}
