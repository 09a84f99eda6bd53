import type { ErrorFacts } from "../../contract/error-facts.ts"
import { text, type Obj } from "./types.ts"

/** Word of the error, for `adapt`. */
export const WHITESPACE_LOOP = "whitespace_loop"

/** From so many pieces, or characters, on it is no formatting any more. */
const MAX_PIECES = 256
const MAX_CHARACTERS = 16_384

/**
 * Sees that a model writes nothing but white space into the arguments of a call, which some do for ever. What belongs
 * to no known call counts as well: it is the stream that leads nowhere.
 */
export class WhitespaceGuard {
  #item: unknown
  #pieces = 0
  #characters = 0

  /** A piece of arguments. The failure, once it is clear that nothing else will come. */
  piece(event: Obj): ErrorFacts | undefined {
    const piece = text(event["delta"])
    // Nothing at all is a sign of life at most: it brings nothing forward, which the time limits see.
    if (piece === "") return undefined
    const item = event["item_id"] ?? event["output_index"]
    if (item !== this.#item || /[^\t\n\r ]/.test(piece)) this.reset()
    if (/[^\t\n\r ]/.test(piece)) return undefined
    this.#item = item
    this.#pieces++
    this.#characters += piece.length
    if (this.#pieces < MAX_PIECES && this.#characters < MAX_CHARACTERS) return undefined
    const message = "The model wrote nothing but white space into the arguments of a tool call."
    // How often it is asked for again is `adapt`'s to say, and nobody else's.
    return { is: "stream_malformed", code: WHITESPACE_LOOP, message, inStream: true, shouldRetry: false }
  }

  /** Something else came forward. */
  reset(): void {
    this.#item = undefined
    this.#pieces = 0
    this.#characters = 0
  }
}
