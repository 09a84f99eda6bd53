import type { AssistantMessage, Block, ToolCallBlock } from "./message.ts"

/**
 * What happens while an answer is made.
 *
 * `start` comes first and exactly one of `done` and `error` last. The start of a block precedes its deltas,
 * which precede its end; several blocks may be open at once, so a consumer goes by `contentIndex`. A type that
 * a consumer does not know is to be ignored. `partial` is the message in the making, the same object each time:
 * read it at once or copy what you need.
 */
export type AssistantMessageEvent =
  | { type: "start"; partial: AssistantMessage }
  | { type: "text_start"; contentIndex: number; partial: AssistantMessage }
  | { type: "text_delta"; contentIndex: number; delta: string; partial: AssistantMessage }
  | { type: "text_end"; contentIndex: number; content: string; partial: AssistantMessage }
  | { type: "thinking_start"; contentIndex: number; partial: AssistantMessage }
  | { type: "thinking_delta"; contentIndex: number; delta: string; partial: AssistantMessage }
  | { type: "thinking_end"; contentIndex: number; content: string; partial: AssistantMessage }
  | { type: "toolcall_start"; contentIndex: number; partial: AssistantMessage }
  | { type: "toolcall_delta"; contentIndex: number; delta: string; partial: AssistantMessage }
  | { type: "toolcall_end"; contentIndex: number; toolCall: ToolCallBlock; partial: AssistantMessage }
  | { type: "block_end"; contentIndex: number; block: Block; partial: AssistantMessage }
  | TerminalEvent

/** The last event of every stream. */
export type TerminalEvent =
  | { type: "done"; reason: "stop" | "length" | "toolUse"; message: AssistantMessage }
  | { type: "error"; reason: "error" | "aborted"; error: AssistantMessage }

/** Whether an event ends its stream. */
export function isTerminal(event: AssistantMessageEvent): event is TerminalEvent {
  return event.type === "done" || event.type === "error"
}

/**
 * Whether an event shows the consumer something that a silent second try would repeat: a delta with text in it,
 * the end of a tool call, a block that arrives whole, or `done`. Starts are not content, ends of text alone are not,
 * and neither is white space in arguments, which is all that some broken calls consist of.
 */
export function isContent(event: AssistantMessageEvent): boolean {
  switch (event.type) {
    case "text_delta":
    case "thinking_delta":
      return event.delta.length > 0
    case "toolcall_delta":
      return /\S/.test(event.delta)
    case "toolcall_end":
    case "block_end":
    case "done":
      return true
    default:
      return false
  }
}
