import type { Context, InputBlock } from "../model/message.ts"
import type { CacheMark } from "../model/tool.ts"
import { instructionsAtHead } from "./instructions-at-head.ts"
import type { Losses } from "../model/losses.ts"

/** A text of the system prompt, with the cache mark behind it. */
export interface SystemText {
  text: string
  cache?: CacheMark
}

/** The system prompt, and the instructions at the head of the conversation where an API has no other place for them. */
export function systemTexts({ systemPrompt, messages }: Context, losses: Losses): SystemText[] {
  const texts: SystemText[] = []
  const add = (part: string | InputBlock): void => {
    const block: SystemText = typeof part === "string" ? { text: part } : part.type === "text" ? part : { text: "" }
    if (block.text.trim() === "") return
    texts.push(block.cache ? { text: block.text, cache: block.cache } : { text: block.text })
  }
  for (const part of typeof systemPrompt === "string" ? [systemPrompt] : (systemPrompt ?? [])) add(part)
  messages.slice(0, instructionsAtHead(messages)).forEach(({ content }, index) => {
    const before = texts.length
    for (const part of typeof content === "string" ? [content] : (content as readonly InputBlock[])) add(part)
    if (texts.length > before) losses.approximated(`messages[${index}]`, "It joined the system prompt.")
  })
  return texts
}
