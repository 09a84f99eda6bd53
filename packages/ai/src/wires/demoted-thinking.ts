import { codecOf, type Model } from "@sluice/catalog/core"
import type { AssistantMessage } from "../model/message.ts"

/**
 * Whether another model made an answer. One of which nobody says who made it is taken for the model's own: a client
 * that keeps its history itself sends it back to whom it had it from.
 */
export function isForeign({ api, provider, model: id }: AssistantMessage, model: Model): boolean {
  if (provider === "") return false
  return provider !== model.provider || id !== model.id || codecOf(api) !== codecOf(model.api)
}

/**
 * Thinking as text, for a model that does not take it back as thinking. Plain prose by default: some models refuse what
 * looks like an attempt to read out their reasoning, others know their own marks again.
 */
export function demotedThinking(thinking: string, { compat }: Model): string {
  const text = thinking.toWellFormed().trim()
  switch (compat.demotedThinking) {
    case "tags":
      return `<think>\n${text}\n</think>`
    case "fence":
      return `\`\`\`thinking\n${text}\n\`\`\``
    default:
      return text
  }
}
