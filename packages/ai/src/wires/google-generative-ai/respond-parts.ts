import { codecOf } from "@sluice/catalog/core"
import type { Block, MediaSource, Opaque, ToolCallBlock } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import { type Maker, seal, type SealedThought, withIssuer } from "../server-seal.ts"
import { API, type Part } from "./types.ts"

/**
 * Thinking that goes back to its maker only: clients of this wire keep the signature of a call or of a text, while
 * many drop thoughts. What a later part has to carry is gathered here.
 */
export class Carried {
  readonly #shown: boolean
  #thoughts: SealedThought[] = []
  /** A signature of this wire whose own part is not shown. */
  #own: string | undefined

  /** @param shown thoughts are shown to the client */
  constructor(shown: boolean) {
    this.#shown = shown
  }

  /** Takes thinking that is over. Gives the signature that its own part is to have. */
  add(block: Extract<Block, { type: "thinking" | "redactedThinking" }>, maker: Maker): string | undefined {
    if (block.type === "redactedThinking") {
      this.#thoughts.push({ type: "redactedThinking", opaque: withIssuer(block.data, maker) })
      return undefined
    }
    const { thinking, field, signature } = block
    const own = ownSignature(signature, maker)
    if (own !== undefined) {
      if (this.#shown) return own
      this.#own = own
    } else if (signature?.value || (!this.#shown && thinking !== "")) {
      this.#thoughts.push({
        type: "thinking",
        thinking,
        ...(field === undefined ? {} : { field }),
        ...(signature?.value ? { opaque: withIssuer(signature, maker) } : {}),
      })
    }
    return undefined
  }

  /** The signature of a call: its own, with all thinking before it. */
  ofCall({ signature }: ToolCallBlock, maker: Maker): string | undefined {
    return this.#take(signature, maker)
  }

  /** The signature of a block that is over, where it has one. */
  ofBlock({ signature }: { signature?: Opaque }, maker: Maker): string | undefined {
    return signature?.value ? this.#take(signature, maker) : undefined
  }

  /** The signature of a text. Thinking that nobody has signed is of no use once the model has spoken. */
  ofText(maker: Maker): string | undefined {
    this.#thoughts = this.#thoughts.filter((thought) => thought.opaque)
    return this.#take(undefined, maker)
  }

  #take(signature: Opaque | undefined, maker: Maker): string | undefined {
    const own = ownSignature(signature, maker) ?? this.#own
    const foreign = own === undefined && signature?.value ? signature : undefined
    const thoughts = this.#thoughts
    this.#thoughts = []
    this.#own = undefined
    if (thoughts.length === 0 && !foreign) return own
    const beside = foreign ?? (own === undefined ? undefined : { value: own })
    return seal({ thoughts, ...(beside ? { own: withIssuer(beside, maker) } : {}) })
  }
}

/** The value of a signature, where hosts of this wire made it. */
function ownSignature(opaque: Opaque | undefined, maker: Maker): string | undefined {
  if (!opaque?.value || codecOf((opaque.issuer ?? maker).api) !== API) return undefined
  return opaque.value
}

/** Whether a call can be given to a client that runs whatever it is given. */
export function isWhole(block: ToolCallBlock): boolean {
  return !block.incomplete && block.rawArguments === undefined
}

/** A part with a signature, where there is one. */
export function signed(part: Part, signature: string | undefined): Part {
  return signature === undefined ? part : { ...part, thoughtSignature: signature }
}

/** A call as a part. */
export function callPart(block: ToolCallBlock, id: string, path: string, losses: Losses): Part {
  if (block.custom) losses.dropped(`${path}.custom`, "A call of a grammar tool stands as one with the field `input`.")
  return { functionCall: { id, name: block.name, args: block.arguments } }
}

/** A block that arrives whole as a part; `undefined` where the wire has none for it. */
export function wholePart(block: Block, path: string, losses: Losses): Part | undefined {
  switch (block.type) {
    case "native":
      if (block.api === API) return block.item
      losses.dropped(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    case "image":
      return mediaPart(block.source, path, losses)
    case "audio":
      if (block.transcript !== undefined) losses.dropped(`${path}.transcript`, "The API has no field for it.")
      return mediaPart(block.source, path, losses)
    default:
      losses.dropped(path, `An answer of this wire holds no ${block.type}.`)
      return undefined
  }
}

function mediaPart(source: MediaSource, path: string, losses: Losses): Part | undefined {
  if ("data" in source) return { inlineData: { mimeType: source.mimeType, data: source.data } }
  if ("url" in source && source.mimeType !== undefined) {
    return { fileData: { mimeType: source.mimeType, fileUri: source.url } }
  }
  losses.dropped(path, "An answer of this wire carries media by their data, or by an address and a type.")
  return undefined
}
