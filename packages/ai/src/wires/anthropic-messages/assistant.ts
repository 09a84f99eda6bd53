import type { MessagesCompat } from "@sluice/catalog/core"
import type { AssistantMessage, Block, TextBlock, ThinkingBlock, ToolCallBlock } from "../../model/message.ts"
import { demotedThinking } from "../demoted-thinking.ts"
import { wellFormed } from "../well-formed.ts"
import { isCitation } from "./citations.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { API, type Obj, type WireBlock } from "./types.ts"

/**
 * An earlier answer as content blocks. Tool calls stand last, because nothing may stand between them and their
 * results. Signed thinking goes back byte for byte; what becomes of unsigned thinking depends on the host.
 */
export function encodeAssistant(message: AssistantMessage, path: string, state: EncodeState): WireBlock[] {
  const thinking = new ThinkingReplay(message, state)
  const before: WireBlock[] = []
  const calls: WireBlock[] = []
  message.content.forEach((block, index) => {
    const wire = encodeBlock(block, `${path}.content[${index}]`, { state, thinking })
    if (!wire) return
    if ((block.type === "text" || block.type === "toolCall") && block.cache) state.marks.set(wire, block.cache)
    if (wire.type === "tool_use") calls.push(wire)
    else {
      if (calls.length > 0) state.losses.approximated(`${path}.content`, "Calls stand behind all else of an answer.")
      before.push(wire)
    }
  })
  return [...before, ...calls]
}

interface Target {
  state: EncodeState
  thinking: ThinkingReplay
}

function encodeBlock(block: Block, path: string, { state, thinking }: Target): WireBlock | undefined {
  const { losses } = state
  switch (block.type) {
    case "text":
      return block.text.trim() === "" ? undefined : textBlock(block, path, state)
    case "thinking":
      return thinking.encode(block, path)
    case "redactedThinking":
      if (thinking.allowed && block.data.value.trim() !== "") {
        return { type: "redacted_thinking", data: block.data.value }
      }
      losses.dropped(path, "The host does not take this thinking back.")
      return undefined
    case "toolCall":
      return toolUse(block, path, state)
    case "native":
      return native(block.api, block.item, path, state)
    default:
      losses.dropped(path, `An answer's ${block.type} cannot be sent back.`)
      return undefined
  }
}

function textBlock({ text, citations, logprobs }: TextBlock, path: string, { losses }: EncodeState): WireBlock {
  if (logprobs?.length) losses.dropped(`${path}.logprobs`, "The API has no field for them.")
  const ours = citations?.filter(isCitation) ?? []
  if (citations && ours.length < citations.length) {
    losses.dropped(`${path}.citations`, "Citations of another wire cannot be spelled here.")
  }
  return { type: "text", text, ...(ours.length > 0 ? { citations: ours } : {}) }
}

function toolUse(block: ToolCallBlock, path: string, { losses }: EncodeState): WireBlock {
  if (block.rawArguments !== undefined) {
    losses.approximated(`${path}.arguments`, "The model's text was no JSON object; it stands in one.")
    losses.dropped(`${path}.rawArguments`, "The model's text stands in the arguments.")
  }
  if (block.custom) losses.dropped(`${path}.custom`, "A call of a grammar tool stands as one with the field `input`.")
  if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for a call's signature.")
  const input =
    block.rawArguments === undefined ? (wellFormed(block.arguments) as Obj) : { raw_arguments: block.rawArguments }
  return { type: "tool_use", id: block.id, name: block.name, input }
}

function native(api: string, item: Record<string, unknown>, path: string, state: EncodeState): WireBlock | undefined {
  const { call, losses } = state
  if (api !== API) {
    losses.dropped(path, `Only ${api} knows this kind of content.`)
    return undefined
  }
  if (item["type"] === "fallback" && call.options.wire?.[API]?.["fallbacks"] === undefined) {
    losses.dropped(path, "A note on a fallback is only taken by requests with fallbacks.")
    return undefined
  }
  return { ...item } as WireBlock
}

/** Whether a host takes thinking back that nobody has signed. */
export function takesUnsigned({ unsignedThinking, verifiesSignatures }: MessagesCompat): boolean {
  return unsignedThinking ?? !verifiesSignatures
}

/** How the thinking of one answer goes back. */
class ThinkingReplay {
  /** Thinking may go back as such. */
  readonly allowed: boolean
  readonly #signed: boolean
  readonly #unsigned: boolean
  readonly #own: boolean
  readonly #state: EncodeState

  constructor(message: AssistantMessage, state: EncodeState) {
    const { call, compat } = state
    const { model } = call
    this.#state = state
    this.allowed = !learned(call, "noThinkingReplay")
    this.#signed = message.content.some((block) => block.type === "thinking" && hasSignature(block))
    this.#unsigned = takesUnsigned(compat) && !learned(call, "noUnsignedThinking")
    this.#own =
      compat.verifiesSignatures === true &&
      message.api === model.api &&
      message.provider === model.provider &&
      message.model === model.id
  }

  encode(block: ThinkingBlock, path: string): WireBlock | undefined {
    if (this.allowed && hasSignature(block)) {
      return { type: "thinking", thinking: block.thinking, signature: block.signature?.value }
    }
    const text = block.thinking.trim()
    if (text === "") return undefined
    if (this.allowed && this.#unsigned && !this.#signed) {
      return { type: "thinking", thinking: block.thinking, signature: "" }
    }
    const { losses } = this.#state
    if (this.#own && !hasSignature(block)) {
      // Its own reasoning shown to the model as text reads like an attempt to extract it, and is refused.
      losses.dropped(path, "The model takes its own thinking back with a signature only.")
      return undefined
    }
    losses.approximated(path, "Thinking that the host would not take back as such stands as text.")
    return { type: "text", text: demotedThinking(block.thinking, this.#state.call.model) }
  }
}

function hasSignature(block: ThinkingBlock): boolean {
  return block.signature !== undefined && block.signature.value.trim() !== ""
}
