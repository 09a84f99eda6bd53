import type { DeveloperMessage, InputBlock, TextBlock, ToolResultMessage, UserMessage } from "../../model/message.ts"
import { encodeAssistant } from "./assistant.ts"
import { typeOfImage } from "./media.ts"
import type { Body, EncodeState } from "./types.ts"

const BLANK_LINE = "\n\n"

/** A message on its way out, and where it comes from. */
interface Turn {
  body: Body
  /** Path in our data model. */
  path: string
  /** Instructions within the conversation, not at its head. */
  movable?: boolean
}

/**
 * The field `messages`. Instructions have the role `system` wherever they stand; what the user says keeps the user's, so
 * that the host finds the beginning of the conversation in its cache again.
 */
export function encodeMessages(state: EncodeState): Body[] {
  const turns = encodeSystem(state)
  const names = toolNames(state)
  let head = true
  state.call.context.messages.forEach((message, index) => {
    const path = `messages[${index}]`
    let body: Body | undefined
    if (message.role === "assistant") body = encodeAssistant(message, path, state)
    else if (message.role === "toolResult") body = toolResult(message, path, names, state)
    else body = input(message, path, state)
    if (!body) return
    if (message.role !== "developer") head = false
    turns.push({ body, path, movable: !head && message.role === "developer" })
  })
  ensureUser(turns, state)
  return turns.map(({ body }) => body)
}

function encodeSystem({ call, losses }: EncodeState): Turn[] {
  const { systemPrompt } = call.context
  return (typeof systemPrompt === "string" ? [systemPrompt] : (systemPrompt ?? [])).flatMap((part, index): Turn[] => {
    const block: TextBlock = typeof part === "string" ? { type: "text", text: part } : part
    if (block.text.trim() === "") return []
    const path = `systemPrompt[${index}]`
    if (block.cache) losses.dropped(`${path}.cache`, "The API has no cache marks.")
    return [{ body: { role: "system", content: block.text.toWellFormed() }, path }]
  })
}

/** Names of tools by the ids of their calls. */
function toolNames({ call }: EncodeState): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const message of call.context.messages) {
    if (message.role !== "assistant") continue
    for (const block of message.content) if (block.type === "toolCall") names.set(block.id, block.name)
  }
  return names
}

/** Chat templates answer a user: where nobody speaks as one, the last instructions do. */
function ensureUser(turns: readonly Turn[], { losses }: EncodeState): void {
  if (turns.some(({ body }) => body["role"] === "user")) return
  const alone = turns.every(({ body }) => body["role"] === "system")
  const last = alone ? turns.at(-1) : turns.findLast(({ movable }) => movable)
  if (!last) return
  last.body["role"] = "user"
  const reason = "A conversation needs a user's message: this became it."
  losses.approximated(last.path.replace(/^(systemPrompt)\[\d+\]$/, "$1"), reason)
}

function input(message: UserMessage | DeveloperMessage, path: string, state: EncodeState): Body | undefined {
  const { text, images } = carried(message.content, `${path}.content`, state)
  if (text.trim() === "" && images.length === 0) {
    if (message.content.length > 0) state.losses.dropped(path, "Nothing of this message can be said.")
    return undefined
  }
  const role = message.role === "developer" ? "system" : "user"
  return { role, content: text, ...(images.length > 0 ? { images } : {}) }
}

function toolResult(
  result: ToolResultMessage,
  path: string,
  names: ReadonlyMap<string, string>,
  state: EncodeState,
): Body {
  const { losses } = state
  const { text, images } = carried(result.content, `${path}.content`, state)
  const name = result.toolName ?? names.get(result.toolCallId)
  if (result.isError) losses.dropped(`${path}.isError`, "The API has no field for it.")
  if (result.cache) losses.dropped(`${path}.cache`, "The API has no cache marks.")
  return {
    role: "tool",
    content: text,
    ...(images.length > 0 ? { images } : {}),
    ...(name === undefined ? {} : { tool_name: name }),
    tool_call_id: result.toolCallId,
  }
}

/** What a message says as the API has it: one text, and images before it. */
function carried(
  content: string | readonly InputBlock[],
  path: string,
  state: EncodeState,
): { text: string; images: string[] } {
  if (typeof content === "string") return { text: content.toWellFormed(), images: [] }
  const { losses } = state
  const texts: string[] = []
  const images: string[] = []
  let behind = false
  content.forEach((block, index) => {
    const at = `${path}[${index}]`
    if (block.type !== "native" && block.cache) losses.dropped(`${at}.cache`, "The API has no cache marks.")
    const part = encodeBlock(block, at, state)
    if (part === undefined) return
    if (typeof part === "string") {
      if (part.trim() !== "") texts.push(part)
    } else {
      images.push(part.image)
      behind ||= texts.length > 0
    }
  })
  if (texts.length > 1) losses.approximated(path, "The texts of a message are one text.")
  if (behind) losses.approximated(path, "The images of a message stand before its text.")
  return { text: texts.join(BLANK_LINE).toWellFormed(), images }
}

function encodeBlock(block: InputBlock, path: string, { losses }: EncodeState): string | { image: string } | undefined {
  switch (block.type) {
    case "text":
      return block.text
    case "image": {
      const { source } = block
      if (!("data" in source)) {
        losses.approximated(path, "The API takes images by their data only.")
        return "url" in source ? `[image: ${source.url}]` : "[image omitted: it is a file of another vendor]"
      }
      if (block.detail !== undefined && block.detail !== "auto") {
        losses.dropped(`${path}.detail`, "The API has no choice of detail.")
      }
      if (source.mimeType.toLowerCase().replace("image/jpg", "image/jpeg") !== typeOfImage(source.data)) {
        losses.approximated(`${path}.source.mimeType`, "The API goes by an image's first bytes.")
      }
      return { image: source.data }
    }
    case "document": {
      losses.approximated(path, "The API takes no documents.")
      if (!("text" in block.source)) return `[document omitted: ${block.title ?? "the API takes no documents"}]`
      return block.title === undefined ? block.source.text : `${block.title}${BLANK_LINE}${block.source.text}`
    }
    case "audio":
      losses.approximated(path, "The API takes no audio.")
      return block.transcript ?? "[audio omitted: the API takes no audio]"
    case "native":
      losses.dropped(path, "The API has no items of its own in a message.")
      return undefined
  }
}
