import type { AssistantMessage, Loss } from "@sluice/ai"
import type { Usage } from "@sluice/catalog"

/** What an answer took, on one line: tokens, cache, cost, time to the first token, time in all. */
export function usageLine(message: Pick<AssistantMessage, "usage" | "ttft" | "duration">): string {
  const { usage, ttft, duration } = message
  const parts = [tokens(usage), cache(usage), cost(usage)]
  if (ttft !== undefined) parts.push(`first token ${milliseconds(ttft)}`)
  if (duration !== undefined) parts.push(milliseconds(duration))
  return parts.filter((part) => part !== undefined).join(" · ")
}

function tokens(usage: Usage): string {
  if (usage.input === undefined && usage.output === undefined) return "tokens not reported"
  const about = usage.provenance === "estimated" ? "~" : ""
  const partial = usage.provenance === "partial" ? " so far" : ""
  const thought = usage.reasoningTokens ? ` (${count(usage.reasoningTokens)} thinking)` : ""
  return `${about}${count(usage.input)} in · ${about}${count(usage.output)} out${thought}${partial}`
}

function cache(usage: Usage): string | undefined {
  const parts: string[] = []
  if (usage.cacheRead) parts.push(`${count(usage.cacheRead)} read`)
  if (usage.cacheWrite) parts.push(`${count(usage.cacheWrite)} written`)
  return parts.length === 0 ? undefined : `cache ${parts.join(", ")}`
}

function cost(usage: Usage): string {
  return usage.cost ? dollars(usage.cost.total) : "cost unknown"
}

function count(value: number | undefined): string {
  return value === undefined ? "?" : value.toLocaleString("en-US")
}

/** US dollars with as many digits as small sums need. */
export function dollars(value: number): string {
  if (value === 0 || value >= 1) return `$${value.toFixed(2)}`
  return value < 0.0001 ? "<$0.0001" : `$${value.toFixed(4)}`
}

/** A duration as people read it. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`
}

/** What could not be said to the model as it was meant, a line each. */
export function lossLines(losses: readonly Loss[] | undefined): string[] {
  return (losses ?? []).map((loss) => `${loss.kind}: ${loss.field}. ${loss.reason}`)
}
