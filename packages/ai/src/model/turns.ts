import type { Message } from "./message.ts"

/** Where the latest answer of a conversation stands; -1 where there is none. */
export function lastAnswer(messages: readonly Message[]): number {
  let index = messages.length - 1
  while (index >= 0 && messages[index]?.role !== "assistant") index--
  return index
}

/** Whether a conversation ends in the results of an answer's calls, so that the user's turn goes on. */
export function continuesTurn(messages: readonly Message[]): boolean {
  const last = messages.findLastIndex(({ role }) => role !== "toolResult")
  return last >= 0 && last < messages.length - 1 && messages[last]?.role === "assistant"
}
