import type { OllamaCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { Json } from "../../model/tool.ts"
import type { Losses } from "../../model/losses.ts"

export { isObject, type Obj } from "../../model/json.ts"

/** Name of this wire. */
export const API = "ollama-chat"

/** A conversation. */
export const CHAT_PATH = "/api/chat"

/** A single prompt. */
export const GENERATE_PATH = "/api/generate"

/** The models that a host has. */
export const TAGS_PATH = "/api/tags"

/** A request's body, or an object within it. */
export type Body = { [field: string]: Json | undefined }

/** What the parts of one encoding share. */
export interface EncodeState {
  call: Call
  compat: OllamaCompat
  losses: Losses
}
