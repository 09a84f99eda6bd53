import { createHash } from "node:crypto"
import {
  codecOf,
  type AssistantMessage,
  type Block,
  type Context,
  type Issuer,
  type Model,
  type Opaque,
} from "@sluice/ai"

/** Values that are remembered; the one that was asked for longest ago is forgotten first. */
const MAX_VALUES = 50_000
const NONE: readonly string[] = []

/**
 * Who made the signatures and sealed values that went out to clients. A client hands them back without a word about
 * that, and they must go to nobody else, whichever host its next request is answered by.
 */
export class Makers {
  readonly #of = new Map<string, Issuer>()

  /** Remembers what an answer's text holds, as it went out to a client. */
  note(owner: string, text: string, opaque: RegExp, maker: Issuer): void {
    for (const value of valuesIn(text, opaque)) this.#set(keyOf(owner, value), maker)
  }

  /** Remembers what is opaque in an answer of which a client gets the host's own values. */
  noteAnswer(owner: string, message: AssistantMessage, opaque: RegExp): void {
    const maker = { api: message.api, provider: message.provider, model: message.model }
    for (const block of message.content) {
      const value = opaqueOf(block)?.value
      if (value === undefined) continue
      this.#set(keyOf(owner, value), maker)
      this.note(owner, value, opaque, maker)
    }
  }

  /** The conversation with the makers of what it holds, as far as they are known; the same where none is. */
  attributed(owner: string, context: Context, opaque: RegExp): Context {
    if (this.#of.size === 0) return context
    const messages = context.messages.map((message) => {
      if (message.role !== "assistant") return message
      const content = message.content.map((block) => {
        const given = opaqueOf(block)
        const issuer = given && !given.issuer ? this.#makerOf(owner, given.value, opaque) : undefined
        return issuer ? withIssuer(block, issuer) : block
      })
      return content.every((block, i) => block === message.content[i]) ? message : { ...message, content }
    })
    return messages.every((message, i) => message === context.messages[i]) ? context : { ...context, messages }
  }

  #makerOf(owner: string, value: string, opaque: RegExp): Issuer | undefined {
    for (const one of [value, ...valuesIn(value, opaque)]) {
      const key = keyOf(owner, one)
      const maker = this.#of.get(key)
      if (maker) {
        this.#set(key, maker)
        return maker
      }
    }
    return undefined
  }

  #set(key: string, maker: Issuer): void {
    this.#of.delete(key)
    this.#of.set(key, maker)
    if (this.#of.size <= MAX_VALUES) return
    const oldest = this.#of.keys().next()
    if (!oldest.done) this.#of.delete(oldest.value)
  }
}

/** Whether a conversation holds something that another provider than a host's made, so that its bytes may not pass. */
export function holdsForeign({ messages }: Context, model: Pick<Model, "api" | "provider">): boolean {
  return messages.some(
    (message) =>
      message.role === "assistant" &&
      message.content.some((block) => {
        const issuer = opaqueOf(block)?.issuer
        return issuer && (issuer.provider !== model.provider || codecOf(issuer.api) !== codecOf(model.api))
      }),
  )
}

/** Nearly every frame of a stream has none, so that nothing is made until one is found. */
function valuesIn(text: string, opaque: RegExp): readonly string[] {
  opaque.lastIndex = 0
  let found = opaque.exec(text)
  if (!found) return NONE
  const values: string[] = []
  for (; found; found = opaque.exec(text)) if (found[1]) values.push(found[1])
  return values
}

function opaqueOf(block: Block): Opaque | undefined {
  if (block.type === "redactedThinking") return block.data
  return "signature" in block ? block.signature : undefined
}

function withIssuer(block: Block, issuer: Issuer): Block {
  if (block.type === "redactedThinking") return { ...block, data: { ...block.data, issuer } }
  return "signature" in block && block.signature ? { ...block, signature: { ...block.signature, issuer } } : block
}

/** Values can be long, and are nobody's business. */
function keyOf(owner: string, value: string): string {
  return createHash("sha256").update(`${owner}\n${value}`).digest("base64url")
}
