import type { Usage } from "@sluice/catalog/core"
import type { UsageMetadata } from "./types.ts"

/**
 * The figures of a `usageMetadata`, each report of which replaces the one before: between the turns of tools that the
 * host runs itself the counts begin anew. `undefined` where a report has no counts yet.
 *
 * A count of zero is left out on the wire, so that a figure which an earlier report had and this one has not is 0.
 * `input` excludes what was read from a cache; thinking, which the wire counts apart, is part of `output`, and what
 * the host's own tools put into the prompt is part of `input`.
 *
 * @param before what earlier reports said
 */
export function readUsage(value: UsageMetadata, before: Partial<Usage> = {}): Partial<Usage> | undefined {
  const prompt = count(value.promptTokenCount)
  if (prompt === undefined && count(value.totalTokenCount) === undefined) return undefined
  const cached = count(value.cachedContentTokenCount)
  const thoughts = count(value.thoughtsTokenCount)
  const candidates = count(value.candidatesTokenCount)
  const usage: Partial<Usage> = {}
  const set = (field: "input" | "output" | "cacheRead" | "reasoningTokens", given: number | undefined): void => {
    const figure = given ?? (before[field] === undefined ? undefined : 0)
    if (figure !== undefined) usage[field] = figure
  }
  set("cacheRead", cached)
  set(
    "input",
    prompt === undefined
      ? undefined
      : Math.max(0, prompt + (count(value.toolUsePromptTokenCount) ?? 0) - (cached ?? 0)),
  )
  set("reasoningTokens", thoughts)
  set("output", thoughts === undefined && candidates === undefined ? undefined : (candidates ?? 0) + (thoughts ?? 0))
  const tier = value["serviceTier"]
  if (typeof tier === "string" && tier !== "") usage.serviceTier = tier.toLowerCase()
  return usage
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}
