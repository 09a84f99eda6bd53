import type { InputBlock, Message, TextBlock, ToolResultMessage } from "../../model/message.ts"
import { nothingSaid } from "../openai/encoding.ts"
import { assistantTurn } from "./assistant-turn.ts"
import { cacheControl, placeMarks } from "./cache.ts"
import { contentParts, joined, textPart } from "./content-parts.ts"
import type { ThinkingState } from "./thinking.ts"
import { ToolCallIds } from "./tool-call-ids.ts"
import { learned, type ChatBody, type Encoding } from "./types.ts"

const IMAGES_FOLLOW = "(see attached image)"
const IMAGES_HEADING = "Attached image(s) from tool result:"
const BLANK_LINE = "\n\n"

/**
 * The field `messages`.
 *
 * @param instruction joins the system prompt
 * @throws SluiceError `invalid_request` when there is no message
 */
export function encodeMessages(encoding: Encoding, thinking: ThinkingState, instruction?: string): ChatBody[] {
  const { call, compat } = encoding
  const ids = new ToolCallIds(compat.toolCallIds)
  const out: ChatBody[] = []
  const { messages } = call.context
  let next = leading(encoding, out, instruction)
  while (next < messages.length) {
    const message = messages[next] as Message
    const field = `messages[${next}]`
    if (message.role === "toolResult") {
      next = toolResults(encoding, next, ids, out)
      continue
    }
    next++
    if (message.role === "assistant") {
      const turn = assistantTurn(encoding, message, field, ids, thinking)
      if (turn) out.push(turn)
    } else if (message.role === "developer") developer(encoding, message.content, field, out)
    else user(encoding, message.content, field, out)
  }
  if (out.length > 0 && out.every(({ role }) => role === "system")) soleSystem(encoding, out)
  if (out.length === 0) throw nothingSaid("messages")
  placeMarks(encoding, out)
  return out
}

function instructionRole({ call, compat }: Encoding): "developer" | "system" {
  const spoken = compat.developerRole && call.model.thinking && learned(call, "developerRole") !== false
  return spoken ? "developer" : "system"
}

/** The system prompt, and the developer messages at the head where the host takes one system message only. */
function leading(encoding: Encoding, out: ChatBody[], instruction: string | undefined): number {
  const { call, compat } = encoding
  const { systemPrompt, messages } = call.context
  const parts: ChatBody[] = []
  const prompt = systemPrompt === undefined ? [] : typeof systemPrompt === "string" ? [systemPrompt] : systemPrompt
  prompt.forEach((entry, i) => {
    const block: TextBlock = typeof entry === "string" ? { type: "text", text: entry } : entry
    if (block.text !== "") parts.push(textPart(encoding, block, `systemPrompt[${i}]`))
  })
  if (instruction !== undefined) parts.push(textPart(encoding, { text: instruction }, "systemPrompt"))
  const role = instructionRole(encoding)
  if (compat.multipleSystem) {
    for (const part of parts) out.push({ role, content: joined([part]) as string | ChatBody[] })
    return 0
  }
  let next = 0
  while (parts.length > 0 && messages[next]?.role === "developer") {
    const before = parts.length
    const message = messages[next] as Message
    parts.push(...texts(encoding, message.content as string | readonly InputBlock[], `messages[${next}]`))
    if (parts.length > before) {
      encoding.lose(`messages[${next}]`, "approximated", "The host takes one system message: this joined it.")
    }
    next++
  }
  if (parts.length === 0) return next
  if (parts.some((part) => part["cache_control"] !== undefined)) out.push({ role, content: parts })
  else out.push({ role, content: parts.map((part) => part["text"] as string).join(BLANK_LINE) })
  return next
}

/** The texts of a message whose role carries nothing else. */
function texts(encoding: Encoding, content: string | readonly InputBlock[], field: string): ChatBody[] {
  const blocks: readonly InputBlock[] = typeof content === "string" ? [{ type: "text", text: content }] : content
  return contentParts(encoding, blocks, `${field}.content`).filter((part) => {
    if (part["type"] !== "text") encoding.lose(`${field}.content`, "dropped", "A system message carries text only.")
    return part["type"] === "text"
  })
}

function developer(encoding: Encoding, content: string | readonly InputBlock[], field: string, out: ChatBody[]): void {
  const role = instructionRole(encoding)
  // Strict chat templates fail on a system message that is not the first.
  if (role === "system" && out.length > 0 && !encoding.compat.multipleSystem) {
    encoding.lose(field, "approximated", "The host takes a system message at the head only: this went as a user's.")
    user(encoding, content, field, out)
    return
  }
  const body = joined(texts(encoding, content, field))
  if (body === undefined) encoding.lose(field, "dropped", "The message is empty.")
  else out.push({ role, content: body })
}

function user(encoding: Encoding, content: string | readonly InputBlock[], field: string, out: ChatBody[]): void {
  const blocks: readonly InputBlock[] = typeof content === "string" ? [{ type: "text", text: content }] : content
  const body = joined(contentParts(encoding, blocks, `${field}.content`))
  if (body === undefined) {
    encoding.lose(field, "dropped", "The message is empty.")
    return
  }
  pushUser(encoding, body, field, out)
}

/** A user's message, behind the answer that some hosts want between it and a tool's result. */
function pushUser(encoding: Encoding, content: string | ChatBody[], field: string, out: ChatBody[]): void {
  const filler = encoding.compat.assistantAfterTool
  if (filler !== undefined && out.at(-1)?.["role"] === "tool") {
    out.push({ role: "assistant", content: filler })
    encoding.lose(field, "injected", "The host wants an answer between a tool's result and a user's message.")
  }
  out.push({ role: "user", content })
}

/** A run of results; their images follow in one user's message. Returns where the run ends. */
function toolResults(encoding: Encoding, from: number, ids: ToolCallIds, out: ChatBody[]): number {
  const { messages } = encoding.call.context
  const images: ChatBody[] = []
  let next = from
  for (; next < messages.length; next++) {
    const message = messages[next] as Message
    if (message.role !== "toolResult") break
    out.push(toolResult(encoding, message, `messages[${next}]`, ids, images))
  }
  if (images.length > 0) {
    pushUser(encoding, [{ type: "text", text: IMAGES_HEADING }, ...images], `messages[${next - 1}]`, out)
  }
  return next
}

function toolResult(
  encoding: Encoding,
  message: ToolResultMessage,
  field: string,
  ids: ToolCallIds,
  images: ChatBody[],
): ChatBody {
  const { compat, lose } = encoding
  const { content } = message
  const blocks: readonly InputBlock[] = typeof content === "string" ? [{ type: "text", text: content }] : content
  const parts = contentParts(encoding, blocks, `${field}.content`)
  const spoken = parts.filter((part) => part["type"] === "text")
  const media = parts.filter((part) => part["type"] !== "text")
  if (media.length > 0) {
    images.push(...media)
    lose(`${field}.content`, "approximated", "Media of a tool's result follow in a user's message.")
  }
  if (message.isError) lose(`${field}.isError`, "dropped", "The wire has no field for it.")
  const mark = cacheControl(encoding, message.cache, field)
  const text = spoken.map((part) => part["text"] as string).join("\n")
  const shown = text === "" && media.length > 0 ? IMAGES_FOLLOW : text
  if (spoken.length > 1) lose(`${field}.content`, "approximated", "The texts of the result were joined.")
  const cached = spoken.find((part) => part["cache_control"] !== undefined)?.["cache_control"] ?? mark["cache_control"]
  if (cached !== undefined && shown === "")
    lose(`${field}.cache`, "dropped", "A mark stands on a text with something in it.")
  return {
    role: "tool",
    tool_call_id: ids.of(message.toolCallId),
    ...(compat.toolResultName && message.toolName ? { name: message.toolName } : {}),
    content: cached !== undefined && shown !== "" ? [{ type: "text", text: shown, cache_control: cached }] : shown,
  }
}

/** Some hosts answer only to a user: the last system message becomes one. */
function soleSystem(encoding: Encoding, out: ChatBody[]): void {
  if (encoding.compat.multipleSystem) return
  const last = out[out.length - 1] as ChatBody
  last["role"] = "user"
  const { systemPrompt, messages } = encoding.call.context
  const reason = "A conversation needs a user's message: the system prompt became it."
  if (systemPrompt !== undefined) encoding.lose("systemPrompt", "approximated", reason)
  messages.forEach((_, i) => encoding.lose(`messages[${i}]`, "approximated", reason))
}
