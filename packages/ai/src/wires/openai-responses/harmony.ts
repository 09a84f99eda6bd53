import type { Body } from "./types.ts"

/**
 * Words that OpenAI's models read as the structure of a conversation. In a text the vendor takes them for an attempt to
 * break out of it and refuses the request.
 *
 * @see https://cookbook.openai.com/articles/openai-harmony
 */
const RESERVED = /<\|(start|end|message|channel|constrain|return|call)\|>/g

/** A text in which nothing is reserved: a backslash stands before each bar. */
export function withoutReserved(text: string): string {
  return text.includes("<|") ? text.replace(RESERVED, "<\\|$1\\|>") : text
}

/** Fields of items, and of parts of items, that hold texts. */
const TEXTS = ["text", "refusal", "input", "output", "content"] as const

/** An item of the input in which nothing is reserved; itself where that is so already. */
export function itemWithoutReserved(item: Body): Body {
  if (item["type"] === "reasoning" || !JSON.stringify(item).includes("<|")) return item
  const safe: Body = { ...item }
  for (const field of TEXTS) {
    const value = safe[field]
    if (typeof value === "string") safe[field] = withoutReserved(value)
    else if (Array.isArray(value)) safe[field] = value.map((part) => itemWithoutReserved(part as Body))
  }
  const { arguments: args } = safe
  // JSON within: there a backslash is written as two.
  if (typeof args === "string") safe["arguments"] = args.replace(RESERVED, "<\\\\|$1\\\\|>")
  return safe
}
