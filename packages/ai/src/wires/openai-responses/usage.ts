import type { Usage } from "@sluice/catalog/core"
import { isObject, type Obj } from "./types.ts"

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}

function details(usage: Obj, name: string): Obj {
  return isObject(usage[name]) ? usage[name] : {}
}

/**
 * Token counts of a response in our buckets. `input_tokens` holds what was read from and written to the cache, and
 * `output_tokens` the thinking. What the host does not say stays absent.
 *
 * @see https://platform.openai.com/docs/api-reference/responses/object
 */
export function readUsage(usage: Obj): Partial<Usage> {
  const input = count(usage["input_tokens"])
  const output = count(usage["output_tokens"])
  const inputDetails = details(usage, "input_tokens_details")
  const cacheRead = count(inputDetails["cached_tokens"]) ?? count(usage["prompt_cache_hit_tokens"])
  const cacheWrite = count(inputDetails["cache_write_tokens"])
  const reasoning = count(details(usage, "output_tokens_details")["reasoning_tokens"])
  const cost = count(usage["cost"])
  const read: Partial<Usage> = {}
  if (input !== undefined) read.input = Math.max(0, input - (cacheRead ?? 0) - (cacheWrite ?? 0))
  if (output !== undefined) read.output = output
  if (cacheRead !== undefined) read.cacheRead = cacheRead
  if (cacheWrite !== undefined) read.cacheWrite = cacheWrite
  if (reasoning !== undefined) read.reasoningTokens = reasoning
  if (cost !== undefined) read.reportedCost = cost
  return read
}
