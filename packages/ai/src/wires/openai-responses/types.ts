import type { ResponsesCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { Loss } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"
import { isObject, type Obj } from "../json.ts"

export { isObject, type Obj }

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
export function factName(call: { model: { id: string } }, what: string): string {
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

const ANNOTATIONS: ReadonlySet<unknown> = new Set([
  "file_citation",
  "url_citation",
  "container_file_citation",
  "file_path",
])

/** Whether a citation is of a type that this API has for annotations; its fields may stand nested, as in Chat. */
export function isAnnotation(citation: unknown): citation is Obj {
  return isObject(citation) && ANNOTATIONS.has(citation["type"])
}

/** The fields that a citation has in an object of the name of its type; Chat Completions nests them there. */
export function nestedFields(citation: Obj): Obj | undefined {
  const nested = citation[text(citation["type"])]
  return isObject(nested) ? nested : undefined
}
