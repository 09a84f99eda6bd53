import type { Message } from "../model/message.ts"

/**
 * How many messages at the head are instructions that join the system prompt: text only, and with a turn of the user
 * behind them. Before an answer they must stand for the turn that the API begins with.
 */
export function instructionsAtHead(messages: readonly Message[]): number {
  const next = messages.findIndex(({ role, content }) => {
    if (role !== "developer") return true
    return typeof content !== "string" && content.some(({ type }) => type !== "text")
  })
  return messages[next]?.role === "user" ? next : 0
}
