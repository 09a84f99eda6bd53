import type { AssistantMessage } from "../model/message.ts"

/**
 * Whether a conversation did not fit into the model: the host refused it, or it took a prompt that is longer than the
 * model's window and cut it without a word, as some do.
 *
 * @param contextWindow tokens of the model's window (`model.contextWindow`), where it is known
 */
export function isContextOverflow({ error, usage }: AssistantMessage, contextWindow?: number): boolean {
  if (error) return error.code === "context_overflow"
  if (contextWindow === undefined || usage.provenance !== "reported") return false
  const { input = 0, cacheRead = 0, cacheWrite = 0 } = usage
  return input + cacheRead + cacheWrite > contextWindow
}
