import type { Block, Opaque, ToolCallBlock } from "../../model/message.ts"
import type { SealedOf } from "../server-seal.ts"
import { API } from "./types.ts"

/**
 * Signatures that came in items of their own: behind the text that they are of, and ahead of the call or the picture.
 * A picture that was shown as the result of an image generation is a picture again: nobody else has signed it.
 */
export class Signatures {
  readonly #calls = new Map<string, Opaque>()
  #picture: { signature: Opaque; mimeType: string } | undefined

  /** @param said what the answer holds so far */
  take(signature: Opaque, of: SealedOf, said: readonly Block[]): void {
    if (of.type === "toolCall") this.#calls.set(of.id, signature)
    else if (of.type === "image") this.#picture = { signature, mimeType: of.mimeType }
    else {
      const text = said.findLast((block) => block.type === "text")
      if (text) text.signature = signature
    }
  }

  /** A block with its signature, if that has come. */
  sign(block: Block): Block {
    if (block.type === "toolCall") return this.#signedCall(block)
    const picture = this.#picture
    if (!picture || block.type !== "native" || block.api !== API) return block
    const { type, result } = block.item
    if (type !== "image_generation_call" || typeof result !== "string") return block
    this.#picture = undefined
    const { signature, mimeType } = picture
    return { type: "image", source: { data: result, mimeType }, signature }
  }

  #signedCall(call: ToolCallBlock): ToolCallBlock {
    const signature = this.#calls.get(call.id)
    if (!signature) return call
    this.#calls.delete(call.id)
    return { ...call, signature }
  }
}
