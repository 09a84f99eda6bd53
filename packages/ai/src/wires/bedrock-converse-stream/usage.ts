import type { Usage } from "@sluice/catalog/core"
import { isObject } from "../../model/json.ts"

/** The figures of a `usage` object; what is absent stays unknown. `inputTokens` excludes what a cache held. */
export function readUsage(value: unknown): Partial<Usage> {
  const usage: Partial<Usage> = {}
  if (!isObject(value)) return usage
  const set = (field: "input" | "output" | "cacheRead" | "cacheWrite", ...names: string[]): void => {
    const number = names.map((name) => count(value[name])).find((found) => found !== undefined)
    if (number !== undefined) usage[field] = number
  }
  set("input", "inputTokens")
  set("output", "outputTokens")
  set("cacheRead", "cacheReadInputTokens", "cacheReadInputTokenCount")
  set("cacheWrite", "cacheWriteInputTokens", "cacheWriteInputTokenCount")
  const details = value["cacheDetails"]
  if (Array.isArray(details)) {
    const hour = details.filter((entry) => isObject(entry) && entry["ttl"] === "1h")
    if (hour.length > 0) {
      usage.cacheWrite1h = hour.reduce(
        (sum: number, entry: unknown) => sum + (count((entry as Record<string, unknown>)["inputTokens"]) ?? 0),
        0,
      )
    }
  }
  return usage
}

/** The tier or latency that was served, as `metadata` or a whole answer tells it. */
export function servedTier(value: Readonly<Record<string, unknown>>): string | undefined {
  const tier = value["serviceTier"]
  if (isObject(tier) && typeof tier["type"] === "string") return tier["type"]
  const performance = value["performanceConfig"]
  return isObject(performance) && performance["latency"] === "optimized" ? "optimized" : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}
