import { isObject, type Obj } from "./types.ts"

/** Where gateways put the document of the host behind them. */
const WRAPPERS = ["data", "response", "result", "body", "output"]

/** A chunk that carries nothing beside its choices. */
export function isPlainChunk(chunk: Obj): boolean {
  return (
    !chunk["usage"] &&
    !chunk["error"] &&
    chunk["x_groq"] === undefined &&
    chunk["citations"] === undefined &&
    !chunk["service_tier"]
  )
}

/** The text of a choice that carries nothing else; else `undefined`. */
export function plainText(choice: unknown): string | undefined {
  const { delta, finish_reason, logprobs, index, usage, error } = choice as Obj
  if (finish_reason || logprobs || index || usage || error || typeof delta !== "object" || delta === null)
    return undefined
  const fields = delta as Obj
  const content = fields["content"]
  if (typeof content !== "string" || content === "") return undefined
  return fields["tool_calls"] ||
    fields["reasoning_content"] ||
    fields["reasoning"] ||
    fields["reasoning_text"] ||
    fields["reasoning_details"] ||
    fields["refusal"] ||
    fields["annotations"] ||
    fields["function_call"] ||
    fields["images"] ||
    fields["audio"] ||
    fields["executed_tools"]
    ? undefined
    : content
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
