import type { AssistantMessage, Block, Opaque, ToolCallBlock } from "../../model/message.ts"
import { acceptMedia, isEmpty, native } from "./accept-parts.ts"
import { get, itemOf, readItem, readText, refuse, textOf } from "./accept-readers.ts"
import type { Losses } from "../../model/losses.ts"
import { blockOf, isSealed, open, type Sealed, type SealedThought } from "../server-seal.ts"
import { NO_SIGNATURE, type Obj } from "./types.ts"

/** The word for a signature that nobody has; libraries that take signatures for bytes encode it. */
const STAND_INS: ReadonlySet<string> = new Set([NO_SIGNATURE, btoa(NO_SIGNATURE)])

/** Gives the id of a call. */
type Called = (call: { id: string | undefined; name: string }) => string

/**
 * Reads the turns of a model into one answer. Pieces of one text or of one thinking that came as turns of their own
 * are put together again.
 */
export class AnswerReader {
  readonly #message: AssistantMessage
  readonly #losses: Losses
  readonly #called: Called
  /** The block that the next turn may go on with. */
  #last: Block | undefined

  constructor(message: AssistantMessage, losses: Losses, called: Called) {
    this.#message = message
    this.#losses = losses
    this.#called = called
  }

  read(parts: readonly Obj[], path: string): void {
    parts.forEach((part, i) => this.#part(part, `${path}[${i}]`, i === 0))
  }

  /** `goesOn`: the part begins a turn, so that it may be a further piece of what stands before. */
  #part(part: Obj, path: string, goesOn: boolean): void {
    const sealed = this.#signature(part, path)
    if (sealed.thoughts.length > 0) this.#reveal(sealed.thoughts)
    const text = get(part, "text")
    if (text !== undefined) {
      const said = readText(text, `${path}.text`)
      this.#words(part["thought"] === true ? "thinking" : "text", said, sealed.signature, goesOn)
      return
    }
    const call = itemOf(part, "functionCall", path)
    if (call) {
      this.#add(this.#call(call, sealed.signature, `${path}.functionCall`))
      this.#message.stopReason = "toolUse"
      return
    }
    const media = acceptMedia(part, path)
    const { signature } = sealed
    // An answer has pictures and sounds; a file of any other kind is kept as it stands.
    if (media && media.type !== "document") this.#add(signature ? { ...media, signature } : media)
    else if (!isEmpty(part)) this.#add(native(part))
  }

  /** What a part is signed with: a signature of its own, and thinking that was sealed into it. */
  #signature(part: Obj, path: string): { thoughts: readonly SealedThought[]; signature?: Opaque } {
    const value = textOf(part, "thoughtSignature", path)
    if (!value || STAND_INS.has(value)) return { thoughts: [] }
    if (!isSealed(value)) return { thoughts: [], signature: { value } }
    const sealed: Sealed | undefined = open(value)
    if (sealed) return { thoughts: sealed.thoughts, ...(sealed.own ? { signature: sealed.own } : {}) }
    this.#losses.dropped(`${path}.thoughtSignature`, "What was sealed cannot be read any more.")
    return { thoughts: [] }
  }

  /** Thinking out of its seal; the same in the open, as far as the client kept it, gives way. */
  #reveal(thoughts: readonly SealedThought[]): void {
    const { content } = this.#message
    const whole = thoughts.map((thought) => (thought.type === "thinking" ? thought.thinking : "")).join("")
    for (let last = content.at(-1); last?.type === "thinking"; last = content.at(-1)) {
      if (last.signature || !whole.includes(last.thinking)) break
      content.pop()
    }
    for (const thought of thoughts) this.#add(blockOf(thought))
    this.#last = undefined
  }

  /** Text or thinking. An empty one is there for its signature, which is of what stands before it. */
  #words(type: "text" | "thinking", words: string, signature: Opaque | undefined, goesOn: boolean): void {
    const last = this.#last
    if (last?.type === type && (goesOn || words === "")) {
      if (last.type === "text") last.text += words
      else last.thinking += words
      if (signature) last.signature = signature
      return
    }
    const sign = signature ? { signature } : {}
    if (words !== "") this.#add(type === "text" ? { type, text: words, ...sign } : { type, thinking: words, ...sign })
    else if (signature) this.#add(native({ text: "", thoughtSignature: signature.value }))
  }

  #call(call: Obj, signature: Opaque | undefined, path: string): ToolCallBlock {
    const name = readText(call["name"], `${path}.name`)
    if (name === "") refuse(`${path}.name`, "must name a function.")
    const args = get(call, "args")
    return {
      type: "toolCall",
      id: this.#called({ id: textOf(call, "id", path), name }),
      name,
      arguments: args === undefined ? {} : readItem(args, `${path}.args`),
      ...(signature ? { signature } : {}),
    }
  }

  #add(block: Block): void {
    this.#message.content.push(block)
    this.#last = block
  }
}
