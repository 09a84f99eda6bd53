import { SluiceError } from "../../model/errors.ts"
import type { DeveloperMessage, InputBlock, Message, ToolResultMessage, UserMessage } from "../../model/message.ts"
import { encodeAssistant } from "./assistant.ts"
import { loseMark, sendsIds, type EncodeState } from "./encode-state.ts"
import { encodeMedia } from "./media.ts"
import { API, type Content, type FunctionResponse, type Part } from "./types.ts"

const PAD = "Continue."
const SEE_IMAGE = "(see attached image)"
const RESULT_MEDIA = "Tool result image:"

/**
 * How many messages at the head are instructions that join the system prompt: text only, and with a turn of the user
 * behind them.
 */
export function instructionsAtHead(messages: readonly Message[]): number {
  const next = messages.findIndex(({ role, content }) => {
    if (role !== "developer") return true
    return typeof content !== "string" && content.some(({ type }) => type !== "text")
  })
  return messages[next]?.role === "user" ? next : 0
}

/**
 * The conversation in the wire's turns, without the instructions at its head. Results of tools that follow each other
 * share a turn, because their number must be that of the calls before; two answers in a row are kept apart by a turn of
 * the user, and one stands before a call that comes first, because a call may only stand behind one.
 *
 * @throws SluiceError `invalid_request` when there is no message
 */
export function encodeContents(state: EncodeState): Content[] {
  const { messages } = state.call.context
  const contents: Content[] = []
  let results: ResultRun | undefined
  const head = instructionsAtHead(messages)
  messages.forEach((message, index) => {
    if (index < head) return
    const path = `messages[${index}]`
    if (message.role === "toolResult") {
      if (!results) contents.push((results = new ResultRun()).content)
      results.add(message, path, state)
      return
    }
    const media = results?.rest()
    if (media) contents.push(media)
    results = undefined
    const parts =
      message.role === "assistant" ? encodeAssistant(message, path, state) : encodeInput(message, path, state)
    if (parts.length === 0) return
    const before = contents.at(-1)
    const bare = before ? before.role === "model" : parts.some((part) => part.functionCall !== undefined)
    if (message.role === "assistant" && bare) {
      state.losses.injected(path, "A turn of the user keeps the order of turns that the API wants.")
      contents.push({ role: "user", parts: [{ text: PAD }] })
    }
    contents.push({ role: message.role === "assistant" ? "model" : "user", parts })
  })
  const media = results?.rest()
  if (media) contents.push(media)
  if (contents.length > 0) return contents
  throw new SluiceError({
    code: "invalid_request",
    param: "messages",
    message: "messages: the API needs at least one message with something in it.",
  })
}

function encodeInput(message: UserMessage | DeveloperMessage, path: string, state: EncodeState): Part[] {
  if (message.role === "developer") {
    state.losses.approximated(`${path}.role`, "The API has no instructions in this place; they stand as the user's.")
  }
  if (typeof message.content === "string") return message.content.trim() === "" ? [] : [{ text: message.content }]
  return encodeBlocks(message.content, path, state)
}

function encodeBlocks(blocks: readonly InputBlock[], path: string, state: EncodeState): Part[] {
  return blocks
    .map((block, index) => encodeBlock(block, `${path}.content[${index}]`, state))
    .filter((part) => part !== undefined)
}

function encodeBlock(block: InputBlock, path: string, state: EncodeState): Part | undefined {
  const { losses } = state
  if (block.type !== "native") loseMark(block.cache, path, state)
  switch (block.type) {
    case "text":
      if (block.text.trim() !== "") return { text: block.text }
      if (block.text !== "") losses.dropped(path, "The API takes no blank text.")
      return undefined
    case "native":
      if (block.api === API) return { ...block.item }
      losses.dropped(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    default:
      return encodeMedia(block, path, losses)
  }
}

/** Results of tools that follow each other: one turn, and one with the media that a result may not hold. */
class ResultRun {
  readonly content: Content = { role: "user", parts: [] }
  readonly #media: Part[] = []

  add(result: ToolResultMessage, path: string, state: EncodeState): void {
    const { compat, losses } = state
    loseMark(result.cache, path, state)
    const parts = resultParts(result, path, state)
    const media = parts.filter((part) => part.text === undefined)
    const texts = parts.flatMap(({ text }) => text ?? [])
    if (texts.length > 1) losses.approximated(`${path}.content`, "A result is one text.")
    if (texts.length === 0 && media.length > 0) {
      losses.injected(`${path}.content`, "A result that is only media is given a text that says so.")
    }
    const text = texts.length === 0 && media.length > 0 ? SEE_IMAGE : texts.join("\n")
    const response: FunctionResponse = {
      name: result.toolName ?? "tool",
      response: result.isError ? { error: text } : { output: text },
    }
    if (media.length > 0) {
      if (compat.mediaInToolResult) response.parts = media
      else {
        losses.approximated(`${path}.content`, "Media of a result stand in a turn of the user behind it.")
        this.#media.push(...media)
      }
    }
    if (sendsIds(state)) response.id = result.toolCallId
    this.content.parts.push({ functionResponse: response })
  }

  /** The turn with the media, if there are any. */
  rest(): Content | undefined {
    return this.#media.length > 0 ? { role: "user", parts: [{ text: RESULT_MEDIA }, ...this.#media] } : undefined
  }
}

function resultParts(result: ToolResultMessage, path: string, state: EncodeState): Part[] {
  if (typeof result.content === "string") return [{ text: result.content }]
  return result.content.flatMap((block, index): Part[] => {
    const at = `${path}.content[${index}]`
    if (block.type === "native") {
      state.losses.dropped(at, "A result takes text and media only.")
      return []
    }
    // An empty text says of a result that it is empty.
    if (block.type === "text") {
      loseMark(block.cache, at, state)
      return [{ text: block.text }]
    }
    const part = encodeBlock(block, at, state)
    return part ? [part] : []
  })
}
