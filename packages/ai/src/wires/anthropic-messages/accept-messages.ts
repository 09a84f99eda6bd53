import type { AssistantMessage, Block, InputBlock, Message, ToolResultMessage } from "../../model/message.ts"
import { acceptContent, acceptInputBlock } from "./accept-input.ts"
import type { Losses } from "../../model/losses.ts"
import { AnswerBlocks } from "./accept-answer.ts"
import { cacheOf, isAbsent, optionalFlag, readItem, readList, readText, refuse } from "./accept-readers.ts"
import { API, isObject, type Obj } from "./types.ts"

/** The conversation of a request. @throws SluiceError `invalid_request` with the path of what is at fault */
export function acceptMessages(value: unknown, losses: Losses): Message[] {
  const list = readList(value, "messages")
  if (list.length === 0) refuse("messages", "must hold at least one message.")
  return list.flatMap((entry, index) => {
    const path = `messages[${index}]`
    const message = readItem(entry, path)
    const content = message["content"]
    switch (readText(message["role"], `${path}.role`)) {
      case "user":
        return acceptUser(content, `${path}.content`, losses)
      case "assistant":
        return [acceptAssistant(content, `${path}.content`, losses)]
      case "system":
      case "developer":
        for (const field of ["output_config", "clear_at"]) {
          if (!isAbsent(message[field])) losses.dropped(`${path}.${field}`, "Settings per turn are not carried.")
        }
        return isAbsent(content)
          ? []
          : [{ role: "developer", content: acceptContent(content, `${path}.content`, losses) }]
      default:
        return refuse(`${path}.role`, "must be user, assistant or system.")
    }
  })
}

/** A user's turn: results of tools become messages of their own, in their place among the rest. */
function acceptUser(content: unknown, path: string, losses: Losses): Message[] {
  if (typeof content === "string") return [{ role: "user", content }]
  const messages: Message[] = []
  let own: InputBlock[] = []
  const flush = (): void => {
    if (own.length > 0) messages.push({ role: "user", content: own })
    own = []
  }
  readList(content, path).forEach((block, index) => {
    const at = `${path}[${index}]`
    if (isObject(block) && block["type"] === "tool_result") {
      flush()
      messages.push(acceptToolResult(block, at, losses))
    } else own.push(acceptInputBlock(block, at, losses))
  })
  flush()
  return messages.length > 0 ? messages : [{ role: "user", content: [] }]
}

function acceptToolResult(block: Obj, path: string, losses: Losses): ToolResultMessage {
  const { content } = block
  const failed = optionalFlag(block["is_error"], `${path}.is_error`)
  return {
    role: "toolResult",
    toolCallId: readText(block["tool_use_id"], `${path}.tool_use_id`),
    content: isAbsent(content) ? [] : acceptContent(content, `${path}.content`, losses),
    ...(failed ? { isError: true } : {}),
    ...cacheOf(block, path),
  }
}

/** An earlier answer. Who made it is not told; its opaque values are for hosts of the same wire, unless we sealed them. */
function acceptAssistant(content: unknown, path: string, losses: Losses): AssistantMessage {
  const blocks: Block[] =
    typeof content === "string" ? [{ type: "text", text: content }] : new AnswerBlocks(losses).read(content, path)
  return {
    role: "assistant",
    content: blocks,
    api: API,
    provider: "",
    model: "",
    usage: { provenance: "absent" },
    stopReason: blocks.some((block) => block.type === "toolCall") ? "toolUse" : "stop",
    timestamp: 0,
  }
}
