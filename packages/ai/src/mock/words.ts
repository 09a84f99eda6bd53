import type { Context, Message } from "../model/message.ts"

/** Words of a text, which the mock takes for its tokens. */
export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}

/** The text of a message's content; media leave none. */
export function textOf(content: string | readonly { type: string }[]): string {
  if (typeof content === "string") return content
  const texts: string[] = []
  for (const block of content) {
    if (block.type === "text" && "text" in block && typeof block.text === "string") texts.push(block.text)
  }
  return texts.join("\n")
}

/** Words of all that a model is given; a medium counts as 100. */
export function promptWords(context: Context): number {
  const { systemPrompt, messages, tools } = context
  let count = tools ? countWords(JSON.stringify(tools).replace(/[{}[\]",:]+/g, " ")) : 0
  if (typeof systemPrompt === "string") count += countWords(systemPrompt)
  else for (const part of systemPrompt ?? []) count += countWords(typeof part === "string" ? part : part.text)
  for (const message of messages) count += messageWords(message)
  return count
}

function messageWords(message: Message): number {
  if (typeof message.content === "string") return countWords(message.content)
  let count = 0
  for (const block of message.content) {
    switch (block.type) {
      case "text":
        count += countWords(block.text)
        break
      case "thinking":
        count += countWords(block.thinking)
        break
      case "toolCall":
        count += 1 + countWords(JSON.stringify(block.arguments).replace(/[{}[\]",:]+/g, " "))
        break
      case "image":
      case "document":
      case "audio":
        count += 100
    }
  }
  return count
}
