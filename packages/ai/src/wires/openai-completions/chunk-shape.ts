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

/** What of a content is more than the thinking that stands beside it: some hosts repeat that there, within tags. */
export class TaggedCopy {
  /** The tag of the copy is open. */
  #open = false

  /** The content without the copy of the thinking that came in the same delta. */
  rest(content: string, thought: string): string {
    if (!this.#open) {
      const match = thought === "" ? null : /^\s*<think(?:ing)?>([\s\S]*?)(<\/think(?:ing)?>\s*)?$/.exec(content)
      if (match?.[1]?.trim() !== thought.trim() || !match) return content
      this.#open = match[2] === undefined
      return ""
    }
    const end = /<\/think(?:ing)?>\s*/.exec(content)
    const copy = end ? content.slice(0, end.index) : content
    const isCopy = copy.trim() === thought.trim()
    this.#open = isCopy && !end
    if (!isCopy) return content
    return end ? content.slice(end.index + end[0].length) : ""
  }
}
