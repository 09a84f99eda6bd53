import type {
  ChatCompat,
  Compat,
  ConverseCompat,
  GoogleCompat,
  MessagesCompat,
  OllamaCompat,
  ResponsesCompat,
} from "./compat.ts"

/**
 * Merges compat records from left to right; within a section a later field wins, an absent one stays. What is healed
 * adds up, until an empty list begins anew.
 */
export function mergeCompat(...parts: readonly (Compat | undefined)[]): Compat {
  const merged: Compat = {}
  for (const part of parts) {
    if (!part) continue
    const { chat, messages, responses, google, codeAssist, converse, ollama, timeouts, heal, ...rest } = part
    Object.assign(merged, rest)
    if (chat) merged.chat = mergeSection<ChatCompat>(merged.chat, chat)
    if (messages) merged.messages = mergeSection<MessagesCompat>(merged.messages, messages)
    if (responses) merged.responses = mergeSection<ResponsesCompat>(merged.responses, responses)
    if (google) merged.google = mergeSection<GoogleCompat>(merged.google, google)
    if (codeAssist) merged.codeAssist = { ...merged.codeAssist, ...codeAssist }
    if (converse) merged.converse = mergeSection<ConverseCompat>(merged.converse, converse)
    if (ollama) merged.ollama = mergeSection<OllamaCompat>(merged.ollama, ollama)
    if (timeouts) merged.timeouts = { ...merged.timeouts, ...timeouts }
    if (heal) merged.heal = heal.length === 0 ? heal : [...new Set([...(merged.heal ?? []), ...heal])]
  }
  return merged
}

function mergeSection<T extends { extraBody?: Readonly<Record<string, unknown>> }>(before: T | undefined, after: T): T {
  if (!before) return { ...after }
  const merged: T = { ...before, ...after }
  if (before.extraBody && after.extraBody) merged.extraBody = { ...before.extraBody, ...after.extraBody }
  return merged
}
