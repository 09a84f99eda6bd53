import type { Usage } from "@sluice/catalog/core"
import { isObject, type Obj } from "./types.ts"

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}

function details(usage: Obj, ...names: string[]): Obj {
  for (const name of names) if (isObject(usage[name])) return usage[name]
  return {}
}

/** The first number above zero, else the first number: hosts fill one of several fields and leave the others at 0. */
function firstPositive(values: readonly unknown[]): number | undefined {
  let first: number | undefined
  for (const value of values) {
    const read = number(value)
    if (read !== undefined && read > 0) return read
    first ??= read
  }
  return first
}

/**
 * Token counts of a chat host in our buckets. `completion_tokens` includes thinking, except where the host's own
 * total shows that it does not. What the host does not say stays absent.
 */
export function readUsage(usage: Obj): Partial<Usage> {
  const prompt = number(usage["prompt_tokens"]) ?? number(usage["input_tokens"])
  const completion = number(usage["completion_tokens"]) ?? number(usage["output_tokens"])
  const promptDetails = details(usage, "prompt_tokens_details", "input_tokens_details")
  const completionDetails = details(usage, "completion_tokens_details", "output_tokens_details")
  const total = number(usage["total_tokens"])
  const reasoning = number(completionDetails["reasoning_tokens"]) ?? number(usage["reasoning_tokens"])
  const cacheRead = firstPositive([
    promptDetails["cached_tokens"],
    usage["prompt_cache_hit_tokens"],
    usage["cached_tokens"],
    usage["cache_read_input_tokens"],
    usage["num_cached_tokens"],
  ])
  const cacheWrite = firstPositive([
    promptDetails["cache_write_tokens"],
    usage["cache_creation_input_tokens"],
    promptDetails["cache_creation_tokens"],
  ])
  const read: Partial<Usage> = {}
  if (prompt !== undefined) read.input = Math.max(0, prompt - (cacheRead ?? 0) - (cacheWrite ?? 0))
  if (completion !== undefined) {
    const apart = reasoning && prompt !== undefined && total === prompt + completion + reasoning
    read.output = apart ? completion + reasoning : completion
  }
  if (cacheRead !== undefined) read.cacheRead = cacheRead
  if (cacheWrite !== undefined) read.cacheWrite = cacheWrite
  if (reasoning !== undefined) read.reasoningTokens = reasoning
  const cost = isObject(usage["cost"]) ? number(usage["cost"]["total_cost"]) : number(usage["cost"])
  if (cost !== undefined) read.reportedCost = cost
  const searches = number(details(usage, "server_tool_use")["web_search_requests"])
  if (searches !== undefined) read.serverTools = { webSearch: searches }
  return read
}

/** Our buckets as a chat host spells them. Absent where nothing is known. */
export function writeUsage(usage: Usage): Obj | undefined {
  if (usage.provenance === "absent" && usage.input === undefined && usage.output === undefined) return undefined
  const prompt = (usage.input ?? 0) + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0)
  const completion = usage.output ?? 0
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      ...(usage.cacheWrite === undefined ? {} : { cache_write_tokens: usage.cacheWrite }),
    },
    ...(usage.reasoningTokens === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokens } }),
  }
}
