import type { AssistantMessage, Message, ToolCallBlock, ToolResultMessage } from "../model/message.ts"
import type { IdMap } from "./ids.ts"
import type { LossList } from "./losses.ts"

/** A message with the place that it had in the caller's conversation, by which losses name it. */
export interface Placed {
  message: Message
  index: number
}

/**
 * Puts exactly one result behind every call: the first unused real one that comes after its turn, or else a made-up
 * error. Results without a call become notes of the user, or go where they stand among the results of other calls.
 */
export function pairCalls(placed: readonly Placed[], ids: IdMap, losses: LossList): Message[] {
  const messages = placed.map(({ message }) => message)
  const used = new Set<ToolResultMessage>()
  const out: Message[] = []
  let inWindow = false
  placed.forEach(({ message, index: place }, index) => {
    const field = `messages[${place}]`
    if (message.role === "toolResult") {
      if (used.has(message)) return
      if (inWindow || belongsToKnown(message, messages, index)) {
        losses.add(field, "dropped", "A tool result without a call, or a second one for the same call.")
        return
      }
      losses.add(field, "approximated", "A tool result whose call is gone stands as a note of the user.")
      out.push(note(message))
      return
    }
    inWindow = false
    if (message.role !== "assistant") {
      out.push(message)
      return
    }
    const calls = message.content.filter((block) => block.type === "toolCall")
    if (calls.length === 0) {
      out.push(message)
      return
    }
    inWindow = true
    const renamed = ids.next(calls)
    out.push(withIds(message, renamed))
    for (const call of calls) {
      const result = findResult(call.id, messages, index, used)
      const toolCallId = renamed.get(call) as string
      if (result) {
        used.add(result)
        out.push(
          result.toolCallId === toolCallId && result.toolName === call.name
            ? result
            : { ...result, toolCallId, toolName: call.name },
        )
      } else {
        losses.add(field, "injected", "A tool call without a result was given one that says so.")
        out.push(missing(message, call, toolCallId))
      }
    }
  })
  return out
}

function findResult(
  id: string,
  messages: readonly Message[],
  from: number,
  used: ReadonlySet<ToolResultMessage>,
): ToolResultMessage | undefined {
  for (let i = from + 1; i < messages.length; i++) {
    const message = messages[i] as Message
    if (message.role === "toolResult" && message.toolCallId === id && !used.has(message)) return message
  }
  return undefined
}

/** Whether a result answers a call that already has one. */
function belongsToKnown(result: ToolResultMessage, messages: readonly Message[], before: number): boolean {
  for (let i = 0; i < before; i++) {
    const message = messages[i] as Message
    if (message.role !== "assistant") continue
    if (message.content.some((block) => block.type === "toolCall" && block.id === result.toolCallId)) return true
  }
  return false
}

function withIds(message: AssistantMessage, renamed: ReadonlyMap<ToolCallBlock, string>): AssistantMessage {
  let changed = false
  const content = message.content.map((block) => {
    if (block.type !== "toolCall") return block
    const id = renamed.get(block) as string
    if (id === block.id) return block
    changed = true
    return { ...block, id }
  })
  return changed ? { ...message, content } : message
}

function missing(message: AssistantMessage, call: ToolCallBlock, toolCallId: string): ToolResultMessage {
  const aborted = message.stopReason === "aborted" || message.stopReason === "error"
  return {
    role: "toolResult",
    toolCallId,
    toolName: call.name,
    content: aborted ? "aborted" : "No result provided",
    isError: true,
  }
}

function note(result: ToolResultMessage): Message {
  const text =
    typeof result.content === "string"
      ? result.content
      : result.content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`)).join("\n")
  const name = result.toolName ? ` tool="${result.toolName}"` : ""
  return {
    role: "user",
    content: `<stale-tool-result${name}${result.isError ? ' is-error="true"' : ""}>\n${text}\n</stale-tool-result>`,
  }
}
