import type { Mint } from "../../contract/wire-client.ts"
import { isObject, type Obj } from "./types.ts"

/** Beginnings of ids by type of item. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: "msg_",
  reasoning: "rs_",
  function_call: "fc_",
  function_call_output: "fco_",
  custom_tool_call: "ctc_",
  custom_tool_call_output: "ctco_",
}

/**
 * The items of a request as they are listed to a client that comes back: each with a type and an id of its own,
 * texts as parts.
 *
 * @see https://platform.openai.com/docs/api-reference/responses/input-items
 */
export function listedItems(body: unknown, mint: Mint): Obj[] {
  const input = isObject(body) ? body["input"] : undefined
  const items = typeof input === "string" ? [{ role: "user", content: input }] : Array.isArray(input) ? input : []
  // Pages are asked for by ids: with one that stands twice no client would get past it.
  const taken = new Set<string>()
  return items.filter(isObject).map((item) => listed(item, taken, mint))
}

function listed(item: Obj, taken: Set<string>, mint: Mint): Obj {
  const type = typeof item["type"] === "string" ? item["type"] : "message"
  const given = typeof item["id"] === "string" && !taken.has(item["id"]) ? item["id"] : ""
  const id = given === "" ? mint.id(PREFIXES[type] ?? "item_") : given
  taken.add(id)
  if (type !== "message") return { ...item, type, id }
  const said = item["role"] === "assistant" ? { type: "output_text", annotations: [] } : { type: "input_text" }
  const content = typeof item["content"] === "string" ? [{ ...said, text: item["content"] }] : item["content"]
  return { status: "completed", ...item, type, id, content }
}
