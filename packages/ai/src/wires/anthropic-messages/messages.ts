import type { Call } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import type { DeveloperMessage, InputBlock, Message, ToolResultMessage, UserMessage } from "../../model/message.ts"
import { encodeAssistant } from "./assistant.ts"
import { instructionsAtHead } from "../instructions-at-head.ts"
import type { EncodeState } from "./encode-state.ts"
import type { Losses } from "../../model/losses.ts"
import { encodeDocument, encodeImage } from "./media.ts"
import { API, type Marks, type WireBlock, type WireMessage } from "./types.ts"

const FAILED = "Tool failed with no output."
const PAD = "Continue."
/** What the result of a tool may hold. */
const IN_RESULTS: ReadonlySet<string> = new Set(["text", "image", "document", "search_result", "tool_reference"])

/** A message on its way out, with what the placing of cache marks must know. */
export interface Turn {
  message: WireMessage
  /** Put in to keep the turns in order; never marked. */
  pad?: boolean
  /** Results of tools, with nothing of the user behind them yet. */
  results?: boolean
  /** Path of the instructions that stand here. */
  instructions?: string
}

/**
 * The conversation in the wire's turns, without the instructions at its head. Tool results that follow each other share a turn with what the user says
 * next, as the API describes it; two answers in a row are kept apart, a first one is led in and a last one followed by
 * a turn of the user, because the API begins with none and continues none but one that it paused itself.
 *
 * @param marks takes the caller's cache marks
 * @throws SluiceError `invalid_request` when there is no message
 */
export function encodeMessages(call: Call, losses: Losses, marks: Marks): Turn[] {
  const state: EncodeState = { call, compat: call.model.compat.messages ?? {}, losses, marks }
  const { messages } = call.context
  const turns: Turn[] = []
  let results: ResultRun | undefined
  const head = instructionsAtHead(messages)
  messages.forEach((message, index) => {
    if (index < head) return
    const path = `messages[${index}]`
    if (message.role === "toolResult") {
      if (!results) turns.push({ message: (results = new ResultRun()).message, results: true })
      results.add(message, path, state)
      return
    }
    results?.finish()
    const wire = encodeTurn(message, path, state)
    if (!wire) return
    results = undefined
    const before = turns.at(-1)
    if (message.role === "user" && before?.results) append(before, wire)
    else {
      if (wire.role === "assistant" && before?.message.role === "assistant") pad(turns, path, losses)
      turns.push({ message: wire, ...(message.role === "developer" ? { instructions: path } : {}) })
    }
  })
  results?.finish()
  if (turns.length === 0) {
    throw new SluiceError({
      code: "invalid_request",
      param: "messages",
      message: "messages: the API needs at least one message with something in it.",
    })
  }
  if (turns[0]?.message.role === "assistant") {
    losses.injected("messages[0]", "A turn of the user keeps the order of turns that the API wants.")
    turns.unshift({ message: { role: "user", content: [{ type: "text", text: PAD }] }, pad: true })
  }
  const last = messages.at(-1)
  const paused = last?.role === "assistant" && last.stopDetails?.type === "pause_turn"
  if (turns.at(-1)?.message.role === "assistant" && !paused) pad(turns, `messages[${messages.length}]`, losses)
  return placeInstructions(turns, state)
}

/** Whether the conversation ends in results of tools whose calls came without thinking before them. */
export function goesOnWithoutThinking(turns: readonly Turn[]): boolean {
  const last = turns.at(-1)?.message
  if (last?.role !== "user" || !last.content.some(({ type }) => type === "tool_result")) return false
  const first = turns.findLast(({ message }) => message.role === "assistant")?.message.content[0]?.type
  return first !== "thinking" && first !== "redacted_thinking"
}

function pad(turns: Turn[], field: string, losses: Losses): void {
  losses.injected(field, "A turn of the user keeps the order of turns that the API wants.")
  turns.push({ message: { role: "user", content: [{ type: "text", text: PAD }] }, pad: true })
}

/** Puts what the user says behind the results of tools. */
function append(turn: Turn, { content }: WireMessage): void {
  turn.message.content.push(...content)
  delete turn.results
}

function encodeTurn(
  message: Exclude<Message, ToolResultMessage>,
  path: string,
  state: EncodeState,
): WireMessage | undefined {
  const content =
    message.role === "assistant" ? encodeAssistant(message, path, state) : encodeInput(message, path, state)
  if (content.length === 0) return undefined
  return { role: message.role === "assistant" ? "assistant" : "user", content }
}

/**
 * Gives instructions between turns the role that the API has for them: where the host takes it, behind a turn of the
 * user and before an answer or the end, as text only. Elsewhere they stand as the user's.
 */
function placeInstructions(turns: readonly Turn[], { compat, losses }: EncodeState): Turn[] {
  const placed: Turn[] = []
  turns.forEach((turn, index) => {
    const before = placed.at(-1)
    if (turn.instructions === undefined) {
      placed.push(turn)
      return
    }
    const next = turns[index + 1]?.message.role ?? "assistant"
    const text = turn.message.content.every((block) => block.type === "text")
    if (compat.midConversationSystem && text && before?.message.role === "user" && next === "assistant") {
      placed.push({ message: { ...turn.message, role: "system" } })
      return
    }
    const role = `${turn.instructions}.role`
    losses.approximated(role, "The host has no instructions in this place; they stand as the user's.")
    if (before?.results) append(before, turn.message)
    else placed.push(turn)
  })
  return placed
}

function encodeInput(message: UserMessage | DeveloperMessage, path: string, state: EncodeState): WireBlock[] {
  if (typeof message.content === "string") {
    return message.content.trim() === "" ? [] : [{ type: "text", text: message.content }]
  }
  return encodeBlocks(message.content, path, state)
}

function encodeBlocks(blocks: readonly InputBlock[], path: string, state: EncodeState): WireBlock[] {
  const content: WireBlock[] = []
  blocks.forEach((block, index) => {
    const wire = encodeBlock(block, `${path}.content[${index}]`, state)
    if (!wire) return
    if (block.type !== "native" && block.cache) state.marks.set(wire, block.cache)
    content.push(wire)
  })
  return content
}

function encodeBlock(block: InputBlock, path: string, state: EncodeState): WireBlock | undefined {
  const { compat, losses } = state
  switch (block.type) {
    case "text":
      if (block.text.trim() !== "") return { type: "text", text: block.text }
      if (block.text !== "") losses.dropped(path, "The API takes no blank text.")
      return undefined
    case "image":
      return encodeImage(block, compat, path, losses)
    case "document":
      return encodeDocument(block, compat, path, losses)
    case "native":
      if (block.api === API) return { ...block.item } as WireBlock
      losses.dropped(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    case "audio":
      losses.approximated(path, "The API reads no audio.")
      return { type: "text", text: block.transcript ?? "[audio omitted: the API reads no audio]" }
  }
}

/** Results of tools that follow each other: one turn, with what a result may not hold behind them. */
class ResultRun {
  readonly message: WireMessage = { role: "user", content: [] }
  readonly #behind: WireBlock[] = []

  add(result: ToolResultMessage, path: string, state: EncodeState): void {
    const wire: WireBlock = { type: "tool_result", tool_use_id: result.toolCallId }
    if (state.compat.toolResultId) wire["id"] = result.toolCallId
    const content = resultContent(result, path, state)
    const text = content.filter((block) => block.type === "text")
    if (result.isError) {
      if (text.length === 0) {
        state.losses.injected(`${path}.content`, "The API wants a failed tool's result to say something.")
      }
      wire["content"] = text.length > 0 ? text : [{ type: "text", text: FAILED }]
      wire["is_error"] = true
      this.#hoist(
        content.filter((block) => block.type !== "text"),
        path,
        state,
      )
    } else if (content.length > 0) wire["content"] = content
    if (result.cache) state.marks.set(wire, result.cache)
    this.message.content.push(wire)
  }

  finish(): void {
    this.message.content.push(...this.#behind.splice(0))
  }

  /** The API takes nothing but text in the result of a tool that failed. */
  #hoist(blocks: readonly WireBlock[], path: string, state: EncodeState): void {
    if (blocks.length === 0) return
    state.losses.approximated(`${path}.content`, "What is not text stands behind the result of a tool that failed.")
    this.#behind.push({ type: "text", text: "Attached to the failed tool result:" }, ...blocks)
  }
}

function resultContent(result: ToolResultMessage, path: string, state: EncodeState): WireBlock[] {
  if (typeof result.content === "string") {
    return result.content.trim() === "" ? [] : [{ type: "text", text: result.content }]
  }
  const content = encodeBlocks(result.content, path, state)
  const kept = content.filter(({ type }) => IN_RESULTS.has(type))
  if (kept.length < content.length) state.losses.dropped(`${path}.content`, "It cannot stand in the result of a tool.")
  return kept
}
