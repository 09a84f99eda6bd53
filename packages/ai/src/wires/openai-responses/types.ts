import type { ResponsesCompat } from "@sluice/catalog/core"
import { isObject, type Obj } from "../../model/json.ts"
import type { Encoding as FamilyEncoding } from "../openai/encoding.ts"
import { wireFacts, type WireFacts } from "../facts.ts"

export { isObject, type Obj }
export type { Body } from "../openai/encoding.ts"

/** Name of this wire. */
export const API = "openai-responses"

/** What one encoding knows and collects. */
export type Encoding = FamilyEncoding<ResponsesCompat>

/** What was learned about hosts of this wire. */
export const facts: WireFacts = wireFacts("responses")

/** What was learned about this wire at the call's host. */
export const learned: WireFacts["learned"] = facts.learned

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
