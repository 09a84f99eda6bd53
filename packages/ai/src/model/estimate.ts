import type { Context, InputBlock, Block } from "./message.ts"

/** Tokens that a picture costs at a common size. */
const IMAGE_TOKENS = 1000
/** Bytes of a document that make one token, roughly, once it is text. */
const DOCUMENT_BYTES = 24
/** What the frame of one message costs. */
const MESSAGE_TOKENS = 4

/**
 * Tokens of a conversation, estimated from its text: about four letters of an alphabet, or one and a half signs of a
 * script without spaces, are one token. Good enough to show a number before the vendor has counted, and to be
 * flagged as an estimate wherever it is shown.
 */
export function estimateTokens(context: Context): number {
  let total = 0
  const system = context.systemPrompt
  if (typeof system === "string") total += textTokens(system)
  else for (const part of system ?? []) total += textTokens(typeof part === "string" ? part : part.text)
  for (const message of context.messages) {
    total += MESSAGE_TOKENS
    if (typeof message.content === "string") total += textTokens(message.content)
    else for (const block of message.content) total += blockTokens(block)
  }
  for (const tool of context.tools ?? []) total += textTokens(JSON.stringify(tool))
  return Math.ceil(total)
}

function blockTokens(block: InputBlock | Block): number {
  switch (block.type) {
    case "text":
      return textTokens(block.text)
    case "thinking":
      return textTokens(block.thinking)
    case "toolCall":
      return textTokens(block.name) + textTokens(JSON.stringify(block.arguments))
    case "image":
    case "audio":
      return IMAGE_TOKENS
    case "document":
      if ("text" in block.source) return textTokens(block.source.text)
      return "data" in block.source ? (block.source.data.length * 0.75) / DOCUMENT_BYTES : IMAGE_TOKENS
    case "redactedThinking":
      return 0
    case "native":
      return textTokens(JSON.stringify(block.item))
  }
}

function textTokens(text: string): number {
  let wide = 0
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x2e80) wide++
  return (text.length - wide) / 4 + wide / 1.5
}
