import type { ChatCompat } from "@sluice/catalog/core"
import type { Encoding as FamilyEncoding } from "../openai/encoding.ts"
import { wireFacts, type WireFacts } from "../facts.ts"

export { isObject, type Obj } from "../../model/json.ts"
export type { Body as ChatBody } from "../openai/encoding.ts"

/** Name of this wire. */
export const API = "openai-completions"

/** Fields of a message or delta that carry the text of thinking, in order of preference. */
export const THINKING_FIELDS = ["reasoning_content", "reasoning", "reasoning_text"] as const
type ThinkingField = (typeof THINKING_FIELDS)[number]

/** Whether `value` is a name of a thinking field. */
export function isThinkingField(value: unknown): value is ThinkingField {
  return THINKING_FIELDS.includes(value as ThinkingField)
}

/** What one encoding knows and collects. */
export type Encoding = FamilyEncoding<ChatCompat>

/** What was learned about hosts of this wire. */
export const facts: WireFacts = wireFacts("chat")

/** What was learned about this wire at the call's host. */
export const learned: WireFacts["learned"] = facts.learned
