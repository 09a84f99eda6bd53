import { hash } from "../model/hash.ts"
import type { AssistantMessage, Block, Issuer, Opaque } from "../model/message.ts"
import { isObject } from "../model/json.ts"

/** What the bytes of a sealed value begin with: six of them, so that what follows does not change their base64. */
const MARK = "sluice"
/** The mark as it stands in base64. No host's own opaque values begin so. */
const MARK_BASE64 = "c2x1aWNl"
/** Letters of the checksum behind the mark. */
const SUM_LENGTH = 16

/** Thinking that a client does not keep as it is: with its signature, or hidden altogether. */
export type SealedThought =
  | { type: "thinking"; thinking: string; field?: string; opaque?: Opaque }
  | { type: "redactedThinking"; opaque: Opaque }

/** What a signature is of, where it does not stand in the same item: a call by its id, or what came last of a kind. */
export type SealedOf = { type: "toolCall"; id: string } | { type: "text" } | { type: "image"; mimeType: string }

/** What stands in an opaque field of a client's wire that is ours. */
export interface Sealed {
  /** The thinking in front of the part that carries it, or in its place. */
  thoughts: readonly SealedThought[]
  /** The signature of the part itself, or of what `of` names. */
  own?: Opaque
  of?: SealedOf
}

/**
 * Puts opaque values of other wires, with those who made them, into a text that clients keep and send back in a field
 * that their own wire has for such values. It is base64, which is what some libraries take such a field for. It is no
 * secret: the client was to have it anyway. A checksum tells whether it came back whole.
 */
export function seal(sealed: Sealed): string {
  const json = JSON.stringify(sealed)
  const bytes = new TextEncoder().encode(MARK + hash(json) + json)
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** Whether a text claims to be sealed by us. */
export function isSealed(value: string): boolean {
  return value.startsWith(MARK_BASE64)
}

/** What a sealed text holds; `undefined` where it did not come back as it was. Either alphabet of base64 is read. */
export function open(value: string): Sealed | undefined {
  if (!isSealed(value)) return undefined
  try {
    const text = atob(value.replaceAll("-", "+").replaceAll("_", "/"))
    const bytes = Uint8Array.from(text.slice(MARK.length), (letter) => letter.charCodeAt(0))
    const content = new TextDecoder().decode(bytes)
    const json = content.slice(SUM_LENGTH)
    return content.startsWith(hash(json)) ? readSealed(JSON.parse(json)) : undefined
  } catch {
    return undefined
  }
}

function readSealed(value: unknown): Sealed | undefined {
  if (!isObject(value) || !Array.isArray(value["thoughts"])) return undefined
  const thoughts = value["thoughts"].flatMap((thought) => readThought(thought) ?? [])
  if (thoughts.length < value["thoughts"].length) return undefined
  const own = readOpaque(value["own"])
  const of = readOf(value["of"])
  return { thoughts, ...(own ? { own } : {}), ...(of ? { of } : {}) }
}

function readThought(value: unknown): SealedThought | undefined {
  if (!isObject(value)) return undefined
  const { type, thinking, field } = value
  const opaque = readOpaque(value["opaque"])
  if (type === "redactedThinking") return opaque && { type, opaque }
  if (type !== "thinking" || typeof thinking !== "string") return undefined
  return { type, thinking, ...(typeof field === "string" ? { field } : {}), ...(opaque ? { opaque } : {}) }
}

function readOf(value: unknown): SealedOf | undefined {
  if (!isObject(value)) return undefined
  const { type, id, mimeType } = value
  if (type === "toolCall" && typeof id === "string") return { type, id }
  if (type === "image" && typeof mimeType === "string") return { type, mimeType }
  return type === "text" ? { type } : undefined
}

function readOpaque(value: unknown): Opaque | undefined {
  if (!isObject(value) || typeof value["value"] !== "string" || !isObject(value["issuer"])) return undefined
  const { api, provider, model } = value["issuer"]
  if (typeof api !== "string" || typeof provider !== "string" || typeof model !== "string") return undefined
  return { value: value["value"], issuer: { api, provider, model } }
}

/** The block that sealed thinking is. */
export function blockOf(thought: SealedThought): Block {
  if (thought.type === "redactedThinking") return { type: "redactedThinking", data: thought.opaque }
  const { thinking, field, opaque } = thought
  return {
    type: "thinking",
    thinking,
    ...(opaque ? { signature: opaque } : {}),
    ...(field === undefined ? {} : { field }),
  }
}

/** Who made an opaque value of an answer. */
export type Maker = Pick<AssistantMessage, "api" | "provider" | "model">

/** An opaque value that names who made it. */
export function withIssuer({ value, issuer }: Opaque, { api, provider, model }: Maker): Opaque & { issuer: Issuer } {
  return { value, issuer: issuer ?? { api, provider, model } }
}
