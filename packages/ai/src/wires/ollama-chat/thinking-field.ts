import type { Obj } from "./types.ts"

/** Names of the field with the thinking: the vendor's, and those of servers that were made from its. */
export const THINKING_FIELDS = ["thinking", "reasoning", "reasoning_content"] as const

/** The thinking of a message, from the first field that holds any. */
export function thinkingIn(message: Obj): string | undefined {
  const texts = THINKING_FIELDS.map((name) => message[name])
  return texts.find((text): text is string => typeof text === "string" && text !== "")
}
