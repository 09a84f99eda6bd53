import type { Opaque } from "../../model/message.ts"
import { isObject } from "./types.ts"

/** What a sealed value begins with: no host's own encrypted content does. */
const MARK = "sluice."

/** What stands beside a signature: it holds for exactly this thinking, which a client may shorten on its way. */
export type SealedContent = { type: "thinking"; thinking: string; field?: string } | { type: "redactedThinking" }

/** An opaque value of another wire, and the thinking that it belongs to. */
export interface Sealed {
  content: SealedContent
  opaque: Opaque
}

/**
 * Puts an opaque value of another wire into a text that clients of this one keep as `encrypted_content` and send
 * back. It is no secret: the client was to have it anyway.
 */
export function seal(sealed: Sealed): string {
  const bytes = new TextEncoder().encode(JSON.stringify(sealed))
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return MARK + btoa(text)
}

/** Whether a text claims to be sealed by us. */
export function isSealed(value: string): boolean {
  return value.startsWith(MARK)
}

/** What a sealed text holds; `undefined` where it cannot be read. */
export function open(value: string): Sealed | undefined {
  if (!isSealed(value)) return undefined
  try {
    const bytes = Uint8Array.from(atob(value.slice(MARK.length)), (letter) => letter.charCodeAt(0))
    return readSealed(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return undefined
  }
}

function readSealed(value: unknown): Sealed | undefined {
  if (!isObject(value) || !isObject(value["opaque"]) || !isObject(value["content"])) return undefined
  const opaque = readOpaque(value["opaque"])
  const { type, thinking, field } = value["content"]
  if (!opaque) return undefined
  if (type === "redactedThinking") return { content: { type }, opaque }
  if (type !== "thinking" || typeof thinking !== "string") return undefined
  return { content: { type, thinking, ...(typeof field === "string" ? { field } : {}) }, opaque }
}

function readOpaque({ value, issuer }: Record<string, unknown>): Opaque | undefined {
  if (typeof value !== "string" || !isObject(issuer)) return undefined
  const { api, provider, model } = issuer
  if (typeof api !== "string" || typeof provider !== "string" || typeof model !== "string") return undefined
  return { value, issuer: { api, provider, model } }
}
