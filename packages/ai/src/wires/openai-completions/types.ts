import type { ChatCompat } from "@sluice/catalog/core"
import type { Loss } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"
import type { Call } from "../../contract/wire-client.ts"

export { isObject, type Obj } from "../json.ts"

/** Name of this wire. */
export const API = "openai-completions"

/** A request body of `POST /chat/completions`. */
export type ChatBody = { [field: string]: Json | undefined }

/** Fields of a message or delta that carry the text of thinking, in order of preference. */
export const THINKING_FIELDS = ["reasoning_content", "reasoning", "reasoning_text"] as const
type ThinkingField = (typeof THINKING_FIELDS)[number]

/** Whether `value` is a name of a thinking field. */
export function isThinkingField(value: unknown): value is ThinkingField {
  return THINKING_FIELDS.includes(value as ThinkingField)
}

/** What one encoding knows and collects. */
export interface Encoding {
  call: Call
  compat: ChatCompat
  losses: Loss[]
  lose(field: string, kind: Loss["kind"], reason: string): void
}

/** Name of a fact that was learned about this wire and the call's model. */
export function factName(call: Pick<Call, "model">, what: string): string {
  return `chat.${what}@${call.model.id}`
}

/** What was learned about this wire and the call's model. */
export function learned(call: Pick<Call, "model" | "known">, what: string): unknown {
  return call.known[factName(call, what)]
}

/** A data URL in its two parts; `undefined` for any other text. Data that is not base64 is turned into it. */
export function readDataUrl(url: string): { mimeType: string; data: string } | undefined {
  const match = /^data:([^,]*),/is.exec(url)
  if (!match) return undefined
  const head = match[1] as string
  const rest = url.slice(match[0].length)
  const mimeType = head.replace(/;base64$/i, "").split(";")[0] || "text/plain"
  if (/;base64$/i.test(head)) return { mimeType, data: rest.replace(/\s/g, "") }
  return { mimeType, data: toBase64(new TextEncoder().encode(decodePercent(rest))) }
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

function toBase64(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3)
    text += ALPHABET[a >> 2]
    text += ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)]
    text += b === undefined ? "=" : ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)]
    text += c === undefined ? "=" : ALPHABET[c & 63]
  }
  return text
}
