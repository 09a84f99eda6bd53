import type { ResponsesCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { Loss } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"

export { isObject, type Obj } from "../json.ts"

/** Name of this wire. */
export const API = "openai-responses"

/** A request body of `POST /responses`, or an object within it. */
export type Body = { [field: string]: Json | undefined }

/** What one encoding knows and collects. */
export interface Encoding {
  call: Call
  compat: ResponsesCompat
  losses: Loss[]
  lose(field: string, kind: Loss["kind"], reason: string): void
}

/** Name of a fact that was learned about this wire and the call's model. */
export function factName(call: Pick<Call, "model">, what: string): string {
  return `responses.${what}@${call.model.id}`
}

/** What was learned about this wire and the call's model. */
export function learned(call: Pick<Call, "model" | "known">, what: string): unknown {
  return call.known[factName(call, what)]
}

/** The text in a field; empty where there is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}
