import type { ConverseCompat } from "@sluice/catalog/core"
import type { AssistantMessage, Block, Opaque, ThinkingBlock, ToolCallBlock } from "../../model/message.ts"
import { demotedThinking, isForeign } from "../demoted-thinking.ts"
import { wellFormed } from "../well-formed.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { API, type WireBlock } from "./types.ts"

/**
 * An earlier answer as content blocks. Calls stand last, because nothing may stand between them and their results.
 * A signature that came with the thinking goes back with it, whatever the model's id looks like.
 */
export function encodeAssistant(message: AssistantMessage, path: string, state: EncodeState): WireBlock[] {
  const before: WireBlock[] = []
  const calls: WireBlock[] = []
  message.content.forEach((block, index) => {
    const wire = encodeBlock(block, message, `${path}.content[${index}]`, state)
    if (!wire) return
    if ((block.type === "text" || block.type === "toolCall") && block.cache) state.marks.set(wire, block.cache)
    if (block.type === "toolCall") calls.push(wire)
    else {
      if (calls.length > 0) state.losses.approximated(`${path}.content`, "Calls stand behind all else of an answer.")
      before.push(wire)
    }
  })
  return [...before, ...calls]
}

function encodeBlock(block: Block, message: AssistantMessage, path: string, state: EncodeState): WireBlock | undefined {
  const { losses } = state
  switch (block.type) {
    case "text":
      if (block.text.trim() === "") return undefined
      if (block.logprobs?.length) losses.dropped(`${path}.logprobs`, "The API has no field for them.")
      if (block.citations?.length) losses.dropped(`${path}.citations`, "The API takes no citations of earlier answers.")
      return { text: block.text }
    case "thinking":
      return encodeThinking(block, path, state, isForeign(message, state.call.model))
    case "redactedThinking":
      if (replays(state) && isReadable(block.data, state))
        return { reasoningContent: { redactedContent: block.data.value } }
      losses.dropped(path, "The model does not take this thinking back.")
      return undefined
    case "toolCall":
      return encodeCall(block, path, state)
    case "native":
      if (block.api === API && Object.keys(block.item).length > 0) return { ...block.item }
      losses.dropped(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    default:
      losses.dropped(path, `An answer's ${block.type} cannot be sent back.`)
      return undefined
  }
}

function encodeThinking(
  block: ThinkingBlock,
  path: string,
  state: EncodeState,
  foreign: boolean,
): WireBlock | undefined {
  const { losses, compat } = state
  const signature = block.signature && isReadable(block.signature, state) ? block.signature.value : ""
  const asText = (reason: string): WireBlock => {
    losses.approximated(path, reason)
    return { text: demotedThinking(block.thinking, state.call.model) }
  }
  if (!replays(state)) {
    if (foreign && block.thinking.trim() !== "") return asText("Thinking of another model stands as text.")
    losses.dropped(path, "The model does not take thinking back.")
    return undefined
  }
  if (block.signature && signature === "") {
    losses.dropped(`${path}.signature`, "A signature goes back to its issuer only.")
  }
  if (signature !== "") return { reasoningContent: { reasoningText: { text: block.thinking, signature } } }
  if (block.thinking.trim() === "") return undefined
  if (takesUnsigned(compat)) return { reasoningContent: { reasoningText: { text: block.thinking } } }
  return asText("The model takes thinking back with a signature only; it stands as text.")
}

/** Whether a model takes thinking back that nobody has signed. */
export function takesUnsigned({ replayThinking = "always" }: ConverseCompat): boolean {
  return replayThinking === "always"
}

/**
 * Whether the model knows what another one sealed. Behind this API stand models of many vendors; only those of the one
 * that seals its thinking read each other's.
 */
function isReadable({ issuer }: Opaque, { call, compat }: EncodeState): boolean {
  return issuer === undefined || issuer.model === call.model.id || compat.replayThinking === "signed"
}

function replays({ compat, call }: EncodeState): boolean {
  return compat.replayThinking !== "never" && !learned(call, "noThinkingReplay")
}

function encodeCall(block: ToolCallBlock, path: string, { losses }: EncodeState): WireBlock {
  if (block.rawArguments !== undefined) {
    losses.approximated(`${path}.arguments`, "The model's text was no JSON object; it stands in one.")
    losses.dropped(`${path}.rawArguments`, "The model's text stands in the arguments.")
  }
  if (block.custom) losses.dropped(`${path}.custom`, "A call of a grammar tool stands as one with the field `input`.")
  if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for a call's signature.")
  const input = block.rawArguments === undefined ? wellFormed(block.arguments) : { raw_arguments: block.rawArguments }
  return { toolUse: { toolUseId: block.id, name: block.name, input } }
}
