import { SluiceError } from "../../model/errors.ts"
import type { DeveloperMessage, InputBlock, Message, ToolResultMessage, UserMessage } from "../../model/message.ts"
import { instructionsAtHead } from "../instructions-at-head.ts"
import { encodeAssistant } from "./assistant.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { encodeDocument, encodeImage } from "./media.ts"
import { API, type WireBlock, type WireMessage } from "./types.ts"

/** What the result of a tool may hold. */
const IN_RESULTS: ReadonlySet<string> = new Set(["text", "json", "image", "document", "video", "searchResult"])
const PAD = "Continue."
const NO_OUTPUT = "(no output)"
const FAILED = "Tool failed with no output."
const ABOUT_DOCUMENT = "See the attached document."

/**
 * The conversation in turns that alternate, beginning and ending with the user. What the user says and results of
 * tools that follow each other share a turn; between two answers stands a turn of ours.
 *
 * @throws SluiceError `invalid_request` when there is no message
 */
export function encodeMessages(state: EncodeState): WireMessage[] {
  const { messages } = state.call.context
  const turns: WireMessage[] = []
  const head = instructionsAtHead(messages)
  const push = (role: WireMessage["role"], content: WireBlock[], path: string): void => {
    const last = turns.at(-1)
    if (last?.role === role && role === "user") return void last.content.push(...content)
    if (role === "assistant" && last?.role !== "user") pad(turns, path, state)
    turns.push({ role, content })
  }
  messages.forEach((message, index) => {
    if (index < head) return
    const path = `messages[${index}]`
    const content = encodeMessage(message, path, state)
    if (content.length > 0) push(message.role === "assistant" ? "assistant" : "user", content, path)
  })
  if (turns.length === 0) {
    throw new SluiceError({
      code: "invalid_request",
      param: "messages",
      message: "messages: the API needs at least one message with something in it.",
    })
  }
  if (turns.at(-1)?.role === "assistant") pad(turns, `messages[${messages.length}]`, state)
  for (const turn of turns) withText(turn, state)
  return turns
}

/** Whether the conversation ends in results of tools whose calls came without thinking before them. */
export function goesOnWithoutThinking(turns: readonly WireMessage[]): boolean {
  if (!turns.at(-1)?.content.some((block) => "toolResult" in block)) return false
  const calls = turns.findLast(({ role }) => role === "assistant")
  return !("reasoningContent" in (calls?.content[0] ?? {}))
}

function pad(turns: WireMessage[], field: string, { losses }: EncodeState): void {
  losses.injected(field, "A turn of the user keeps the order of turns that the API wants.")
  turns.push({ role: "user", content: [{ text: PAD }] })
}

/** A turn with a document must say something beside it. */
function withText(turn: WireMessage, { losses }: EncodeState): void {
  if (turn.role !== "user" || !turn.content.some((block) => "document" in block)) return
  if (turn.content.some((block) => "text" in block)) return
  losses.injected("messages", "The API wants a text beside a document.")
  turn.content.push({ text: ABOUT_DOCUMENT })
}

function encodeMessage(message: Message, path: string, state: EncodeState): WireBlock[] {
  switch (message.role) {
    case "assistant":
      return encodeAssistant(message, path, state)
    case "toolResult":
      return [encodeResult(message, path, state)]
    case "developer": {
      const content = encodeInput(message, path, state)
      if (content.length > 0) {
        state.losses.approximated(
          `${path}.role`,
          "The API has no instructions in this place; they stand as the user's.",
        )
      }
      return content
    }
    default:
      return encodeInput(message, path, state)
  }
}

function encodeInput(
  message: UserMessage | DeveloperMessage | ToolResultMessage,
  path: string,
  state: EncodeState,
): WireBlock[] {
  const { content } = message
  if (typeof content === "string") return content.trim() === "" ? [] : [{ text: content }]
  return content.flatMap((block, index): WireBlock[] => {
    const at = `${path}.content[${index}]`
    const wire = encodeBlock(block, at, state)
    if (!wire) return []
    if (message.role === "toolResult" && !Object.keys(wire).every((name) => IN_RESULTS.has(name))) {
      state.losses.dropped(at, "The API takes no such content in a tool's result.")
      return []
    }
    if (message.role !== "toolResult" && block.type !== "native" && block.cache) state.marks.set(wire, block.cache)
    return [wire]
  })
}

function encodeBlock(block: InputBlock, path: string, state: EncodeState): WireBlock | undefined {
  const { losses } = state
  switch (block.type) {
    case "text":
      if (block.text.trim() !== "") return { text: block.text }
      if (block.text !== "") losses.dropped(path, "The API takes no blank text.")
      return undefined
    case "image":
      return encodeImage(block, path, state)
    case "document":
      return encodeDocument(block, path, state)
    case "native":
      if (block.api === API) return { ...block.item }
      losses.dropped(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    case "audio":
      losses.approximated(path, "The API reads no audio here.")
      return { text: block.transcript ?? "[audio omitted: the API reads no audio]" }
  }
}

function encodeResult(result: ToolResultMessage, path: string, state: EncodeState): WireBlock {
  const { losses, compat, call } = state
  const content = encodeInput(result, path, state)
  if (content.length === 0) {
    losses.injected(`${path}.content`, "The API wants a tool's result to say something.")
    content.push({ text: result.isError ? FAILED : NO_OUTPUT })
  }
  if (typeof result.content !== "string" && result.content.some((block) => block.type !== "native" && block.cache)) {
    losses.dropped(`${path}.content.cache`, "A cache point stands behind a result and not within it.")
  }
  const status = compat.resultStatus !== false && !learned(call, "noResultStatus")
  if (result.isError && !status) losses.dropped(`${path}.isError`, "The model is not told that a tool failed.")
  const wire: WireBlock = {
    toolResult: {
      toolUseId: result.toolCallId,
      content,
      ...(status ? { status: result.isError ? "error" : "success" } : {}),
    },
  }
  if (result.cache) state.marks.set(wire, result.cache)
  return wire
}
