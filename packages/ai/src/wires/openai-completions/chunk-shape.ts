import { isObject, type Obj } from "./types.ts"

/** Where gateways put the document of the host behind them. */
const WRAPPERS = ["data", "response", "result", "body", "output"]

/** The text of a chunk that carries one piece of it in `field` of its delta and nothing else; else `undefined`. */
export function soleText(chunk: unknown, field: string): string | undefined {
  const { choices, usage, error, x_groq, citations, service_tier } = chunk as Obj
  if (!Array.isArray(choices) || choices.length !== 1) return undefined
  if (usage || error || x_groq !== undefined || citations !== undefined || service_tier) return undefined
  return textOf(choices[0], field)
}

function textOf(choice: unknown, field: string): string | undefined {
  if (!isObject(choice)) return undefined
  const { delta, finish_reason, logprobs, index, usage, error } = choice
  if (finish_reason || logprobs || index || usage || error || !isObject(delta)) return undefined
  for (const name in delta) if (name !== field && name !== "role" && delta[name]) return undefined
  const text = delta[field]
  return typeof text === "string" && text !== "" ? text : undefined
}

/** The document with the choices or the error, out of whatever a gateway wrapped around it. */
export function unwrap(value: unknown): Obj | undefined {
  if (!isObject(value)) return undefined
  if (Array.isArray(value["choices"]) || value["error"]) return value
  for (const name of WRAPPERS) {
    const inner = value[name]
    if (isObject(inner) && (Array.isArray(inner["choices"]) || inner["error"])) return inner
  }
  const failed = value["detail"] !== undefined || value["message"] !== undefined || Array.isArray(value["errors"])
  return failed ? { error: value } : value
}

/** Whether a content repeats, within tags, the thinking that the same delta carries in its own field. */
export function isTaggedCopy(content: string, thought: string): boolean {
  const match = /^\s*<think(?:ing)?>([\s\S]*?)(?:<\/think(?:ing)?>\s*)?$/.exec(content)
  return match !== null && match[1]?.trim() === thought.trim()
}
