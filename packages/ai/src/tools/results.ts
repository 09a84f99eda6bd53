import type { InputBlock, ToolCallBlock, ToolResultMessage } from "../model/message.ts"

/** The message that answers a call with what came of it. */
export function toolResult(call: ToolCallBlock, content: string | readonly InputBlock[]): ToolResultMessage {
  return { role: "toolResult", toolCallId: call.id, toolName: call.name, content }
}

/**
 * The message that tells the model why a call came to nothing.
 *
 * @param reason a text, an error, or what `validateArguments` says of the arguments
 */
export function toolError(call: ToolCallBlock, reason: string | { message: string }): ToolResultMessage {
  return { ...toolResult(call, typeof reason === "string" ? reason : reason.message), isError: true }
}
