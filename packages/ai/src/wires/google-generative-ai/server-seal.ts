import { codecOf } from "@sluice/catalog/core"
import type { AssistantMessage, Issuer, Opaque } from "../../model/message.ts"
import { API, isItem } from "./types.ts"

/** What the bytes of a sealed value begin with: six of them, so that what follows does not change their base64. */
const MARK = "sluice"
/** The mark as it stands in base64. */
const MARK_BASE64 = "c2x1aWNl"

/** Thinking that clients of this wire do not keep as it is: with its signature, or hidden altogether. */
export type SealedThought =
  | { type: "thinking"; thinking: string; field?: string; opaque?: Opaque }
  | { type: "redactedThinking"; opaque: Opaque }

/** What stands in a `thoughtSignature` of ours. */
export interface Sealed {
  /** The thinking in front of the part that carries it. */
  thoughts: readonly SealedThought[]
  /** The signature of the part itself. */
  own?: Opaque
}

/**
 * Puts thinking and signatures of other wires into a text that clients of this one keep as `thoughtSignature` and
 * send back. It is base64, which is what some libraries take such a field for. It is no secret: the client was to
 * have it anyway.
 */
export function seal(sealed: Sealed): string {
  const bytes = new TextEncoder().encode(MARK + JSON.stringify(sealed))
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** Whether a text claims to be sealed by us. */
export function isSealed(value: string): boolean {
  return value.startsWith(MARK_BASE64)
}

/** What a sealed text holds; `undefined` where it cannot be read. Either alphabet of base64 is read. */
export function open(value: string): Sealed | undefined {
  if (!isSealed(value)) return undefined
  try {
    const text = atob(value.replaceAll("-", "+").replaceAll("_", "/"))
    const bytes = Uint8Array.from(text.slice(MARK.length), (letter) => letter.charCodeAt(0))
    return readSealed(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return undefined
  }
}

function readSealed(value: unknown): Sealed | undefined {
  if (!isItem(value) || !Array.isArray(value["thoughts"])) return undefined
  const thoughts = value["thoughts"].flatMap((thought) => readThought(thought) ?? [])
  if (thoughts.length < value["thoughts"].length) return undefined
  const own = readOpaque(value["own"])
  return { thoughts, ...(own ? { own } : {}) }
}

function readThought(value: unknown): SealedThought | undefined {
  if (!isItem(value)) return undefined
  const { type, thinking, field } = value
  const opaque = readOpaque(value["opaque"])
  if (type === "redactedThinking") return opaque && { type, opaque }
  if (type !== "thinking" || typeof thinking !== "string") return undefined
  return { type, thinking, ...(typeof field === "string" ? { field } : {}), ...(opaque ? { opaque } : {}) }
}

function readOpaque(value: unknown): Opaque | undefined {
  if (!isItem(value) || typeof value["value"] !== "string" || !isItem(value["issuer"])) return undefined
  const { api, provider, model } = value["issuer"]
  if (typeof api !== "string" || typeof provider !== "string" || typeof model !== "string") return undefined
  return { value: value["value"], issuer: { api, provider, model } }
}

/** Who made an opaque value of an answer. */
export type Maker = Pick<AssistantMessage, "api" | "provider" | "model">

/** The value of a signature, where hosts of this wire made it. */
export function ownSignature(opaque: Opaque | undefined, maker: Maker): string | undefined {
  if (!opaque?.value || codecOf((opaque.issuer ?? maker).api) !== API) return undefined
  return opaque.value
}

/** An opaque value that names who made it. */
export function withIssuer({ value, issuer }: Opaque, { api, provider, model }: Maker): Opaque & { issuer: Issuer } {
  return { value, issuer: issuer ?? { api, provider, model } }
}
