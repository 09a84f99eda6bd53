import { codecOf, type Api } from "@sluice/catalog/core"
import { sizeOfBase64 } from "../images/base64.ts"
import type { ImageSize } from "../images/size.ts"
import type { Block, Context, ImageBlock, InputBlock } from "../model/message.ts"

/** How the models behind one family of wires count. */
interface Family {
  /** Letters of an alphabet that make one token. */
  letters: number
  /** Signs of a script without spaces that make one token. */
  signs: number
  /** What the frame of one message costs. */
  message: number
  /** What it costs to have tools at all: instructions that the host puts before them. */
  tools: number
  /** Letters of a tool's schema that make one token: some hosts write it shorter than JSON. */
  schema: number
  /** Tokens of a picture; its size is absent where only the host knows it. */
  image(size: ImageSize | undefined, detail: ImageBlock["detail"]): number
}

/** Pictures by tiles of 512 pixels, as OpenAI counts them, shrunk to 768 on the shorter edge first. */
function tiles(size: ImageSize | undefined, detail: ImageBlock["detail"]): number {
  if (detail === "low") return 85
  if (!size) return 765
  const long = Math.max(size.width, size.height)
  const short = Math.min(size.width, size.height)
  const scale = Math.min(1, 2048 / long, 768 / short)
  return 85 + 170 * Math.ceil((long * scale) / 512) * Math.ceil((short * scale) / 512)
}

const OPENAI: Family = { letters: 4, signs: 1.4, message: 4, tools: 0, schema: 5.5, image: tiles }
/** Pictures by their area up to an edge of 1568 pixels. */
const ANTHROPIC: Family = {
  letters: 3.4,
  signs: 1.1,
  message: 4,
  tools: 340,
  schema: 3.2,
  image(size) {
    if (!size) return 1600
    const scale = Math.min(1, 1568 / Math.max(size.width, size.height))
    return Math.min(1600, Math.ceil((size.width * size.height * scale * scale) / 750))
  },
}
const GOOGLE: Family = { letters: 4.2, signs: 1.4, message: 1, tools: 0, schema: 5.5, image: () => 258 }
const OTHER: Family = { letters: 4, signs: 1.5, message: 4, tools: 60, schema: 4, image: () => 1000 }

const FAMILIES: Readonly<Record<string, Family>> = {
  // Spoken by hosts of all kinds of models.
  "openai-completions": { ...OTHER, schema: 4.5, image: tiles },
  "openai-responses": OPENAI,
  "anthropic-messages": ANTHROPIC,
  "bedrock-converse-stream": ANTHROPIC,
  "google-generative-ai": GOOGLE,
}

/** Bytes of a document that make one token, roughly, once it is text. */
const DOCUMENT_BYTES = 24
/** Tokens of a document that only the host can read. */
const DOCUMENT_TOKENS = 1000
/** Bytes of sound that make one token: about 25 tokens a second of common compression. */
const AUDIO_BYTES = 640

/**
 * Tokens of a conversation, estimated from its text and the sizes of its pictures. Good enough to show a number before
 * the vendor has counted and to see what will not fit, and to be flagged as an estimate wherever it is shown.
 *
 * @param api whose models count: families of wires differ in their letters per token, in pictures, and in what tools
 * cost. Absent: a middle way.
 */
export function estimateTokens(context: Context, api?: Api): number {
  const family = (api === undefined ? undefined : FAMILIES[codecOf(api)]) ?? OTHER
  let total = 0
  const system = context.systemPrompt
  if (typeof system === "string") total += textTokens(system, family)
  else for (const part of system ?? []) total += textTokens(typeof part === "string" ? part : part.text, family)
  for (const message of context.messages) {
    total += family.message
    if (typeof message.content === "string") total += textTokens(message.content, family)
    else for (const block of message.content) total += blockTokens(block, family)
  }
  const tools = context.tools ?? []
  if (tools.length > 0) total += family.tools
  for (const tool of tools) total += (textTokens(shown(tool), family) * family.letters) / family.schema
  return Math.ceil(total)
}

function blockTokens(block: InputBlock | Block, family: Family): number {
  switch (block.type) {
    case "text":
      return textTokens(block.text, family)
    case "thinking":
      return textTokens(block.thinking, family)
    case "toolCall":
      return textTokens(block.name, family) + textTokens(shown(block.arguments), family)
    case "image":
      return family.image("data" in block.source ? sizeOfBase64(block.source.data) : undefined, block.detail)
    case "audio":
      return "data" in block.source ? (block.source.data.length * 0.75) / AUDIO_BYTES : DOCUMENT_TOKENS
    case "document":
      if ("text" in block.source) return textTokens(block.source.text, family)
      return "data" in block.source ? (block.source.data.length * 0.75) / DOCUMENT_BYTES : DOCUMENT_TOKENS
    case "redactedThinking":
      return 0
    case "native":
      return textTokens(shown(block.item), family)
    default:
      return 0
  }
}

/** A value's JSON; nothing of one that has none, such as a schema that contains itself: an estimate does not fail. */
function shown(value: object): string {
  try {
    return JSON.stringify(value)
  } catch {
    return ""
  }
}

function textTokens(text: string, { letters, signs }: Family): number {
  let wide = 0
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x2e80) wide++
  return (text.length - wide) / letters + wide / signs
}
