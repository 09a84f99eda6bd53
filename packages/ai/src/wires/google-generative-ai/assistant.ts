import type { AssistantMessage, AudioBlock, Block, ImageBlock, Opaque, ToolCallBlock } from "../../model/message.ts"
import { demotedThinking } from "../demoted-thinking.ts"
import { wellFormed } from "../well-formed.ts"
import { loseMark, sendsIds, type EncodeState } from "./encode-state.ts"
import { encodeMedia } from "./media.ts"
import { learned } from "./facts.ts"
import { API, isBesideParts, NO_SIGNATURE, type Obj, type Part } from "./types.ts"

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/**
 * An earlier answer as parts. Signatures go back to the model that made them, each on the part that it came with.
 *
 * The host reads nothing of thinking but its signature. Where one stands anywhere in the turn, thinking goes back as it
 * came; elsewhere it would be passed over, and stands as text.
 */
export function encodeAssistant(message: AssistantMessage, path: string, state: EncodeState): Part[] {
  const turn = new Turn(message, state)
  return message.content
    .map((block, index) => turn.encode(block, `${path}.content[${index}]`))
    .filter((part) => part !== undefined)
}

class Turn {
  readonly #state: EncodeState
  /** Some part carries a signature that the model made. */
  readonly #signed: boolean
  /** A call of this turn had one: those beside it need none. */
  #callSigned = false

  constructor(message: AssistantMessage, state: EncodeState) {
    this.#state = state
    this.#signed = message.content.some((block) => {
      // A part that is kept as it stands has its signature in it.
      if (block.type === "native" && block.api === API) return block.item["thoughtSignature"] !== undefined
      const value = "signature" in block ? this.#usable(block.signature) : undefined
      return value !== undefined && value !== NO_SIGNATURE
    })
  }

  encode(block: Block, path: string): Part | undefined {
    const { losses } = this.#state
    switch (block.type) {
      case "text": {
        loseMark(block.cache, path, this.#state)
        for (const field of ["citations", "logprobs"] as const) {
          if (block[field]?.length) losses.dropped(`${path}.${field}`, "The API does not take it back.")
        }
        const signature = this.#signature(block.signature, path)
        if (block.text.trim() === "" && signature === undefined) return undefined
        return { text: block.text, ...(signature === undefined ? {} : { thoughtSignature: signature }) }
      }
      case "thinking": {
        const signature = this.#signature(block.signature, path)
        if (signature !== undefined) return { text: block.thinking, thought: true, thoughtSignature: signature }
        if (block.thinking.trim() === "") return undefined
        if (this.#signed) return { text: block.thinking, thought: true }
        losses.approximated(path, "Thinking that the host would pass over stands as text.")
        return { text: demotedThinking(block.thinking, this.#state.call.model) }
      }
      case "toolCall":
        return this.#call(block, path)
      case "image":
      case "audio":
        return this.#media(block, path)
      case "native":
        return native(block.api, block.item, path, this.#state)
      default:
        losses.dropped(path, `An answer's ${block.type} cannot be sent back.`)
        return undefined
    }
  }

  #call(block: ToolCallBlock, path: string): Part {
    const { losses } = this.#state
    loseMark(block.cache, path, this.#state)
    if (block.rawArguments !== undefined) {
      losses.approximated(`${path}.arguments`, "The model's text was no JSON object; it stands in one.")
      losses.dropped(`${path}.rawArguments`, "The model's text stands in the arguments.")
    }
    if (block.custom) losses.dropped(`${path}.custom`, "A call of a grammar tool stands as one with the field `input`.")
    const stands = this.#standing(block.signature, path, !this.#callSigned)
    if (stands !== undefined && stands !== NO_SIGNATURE) this.#callSigned = true
    return {
      functionCall: {
        name: block.name,
        args: (block.rawArguments === undefined
          ? wellFormed(block.arguments)
          : { raw_arguments: block.rawArguments }) as Obj,
        ...(sendsIds(this.#state) ? { id: block.id } : {}),
      },
      ...(stands === undefined ? {} : { thoughtSignature: stands }),
    }
  }

  /** A picture or a sound of the model's own: those that make them want each to be signed. */
  #media(block: ImageBlock | AudioBlock, path: string): Part {
    const { call, losses } = this.#state
    loseMark(block.cache, path, this.#state)
    const stands = this.#standing(block.signature, path, call.model.output.includes(block.type))
    return { ...encodeMedia(block, path, losses), ...(stands === undefined ? {} : { thoughtSignature: stands }) }
  }

  /** A signature, or the word for one that is missing where the host refuses a part without. */
  #standing(signature: Opaque | undefined, path: string, wanted: boolean): string | undefined {
    const { call, compat, losses } = this.#state
    const own = this.#signature(signature, path)
    if (own !== undefined || !wanted || !(compat.needsSignatures || learned(call, "needsSignatures"))) return own
    losses.injected(
      `${path}.signature`,
      "The host refuses this part without a signature; a word stands for the one that is missing.",
    )
    return NO_SIGNATURE
  }

  #signature(signature: Opaque | undefined, path: string): string | undefined {
    const usable = this.#usable(signature)
    if (usable === undefined && signature !== undefined) {
      this.#state.losses.dropped(`${path}.signature`, "A signature goes back to the model that made it.")
    }
    return usable
  }

  /** The value of a signature that the model will take: its own, and in the form that signatures have. */
  #usable(signature: Opaque | undefined): string | undefined {
    if (!signature) return undefined
    const { call } = this.#state
    const { value, issuer } = signature
    if (learned(call, "noSignatures")) return undefined
    if (issuer && (issuer.provider !== call.model.provider || issuer.model !== call.model.id)) return undefined
    return value === NO_SIGNATURE || (value.length % 4 === 0 && BASE64.test(value)) ? value : undefined
  }
}

function native(api: string, item: Obj, path: string, { losses }: EncodeState): Part | undefined {
  if (api !== API) {
    losses.dropped(path, `Only ${api} knows this kind of content.`)
    return undefined
  }
  if (isBesideParts(item)) {
    losses.dropped(path, "What the host said beside its answer is not taken back.")
    return undefined
  }
  return { ...item }
}
