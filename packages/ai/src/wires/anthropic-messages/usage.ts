import type { Usage } from "@sluice/catalog/core"
import { isObject, type Obj } from "./types.ts"

/**
 * The figures of a `usage` object. A field that is absent or null says nothing and is left out, so that what an
 * earlier frame said stays. `input` excludes what was read from or written to a cache.
 */
export function readUsage(value: unknown): Partial<Usage> {
  const usage: Partial<Usage> = {}
  if (!isObject(value)) return usage
  set(usage, "input", value["input_tokens"])
  set(usage, "output", value["output_tokens"])
  set(usage, "cacheRead", value["cache_read_input_tokens"])
  set(usage, "cacheWrite", value["cache_creation_input_tokens"])
  const written = value["cache_creation"]
  if (isObject(written)) set(usage, "cacheWrite1h", written["ephemeral_1h_input_tokens"])
  const details = value["output_tokens_details"]
  if (isObject(details)) set(usage, "reasoningTokens", details["thinking_tokens"])
  const requests = value["server_tool_use"]
  if (isObject(requests)) {
    const webSearch = count(requests["web_search_requests"])
    const webFetch = count(requests["web_fetch_requests"])
    if (webSearch !== undefined || webFetch !== undefined) {
      usage.serverTools = {
        ...(webSearch === undefined ? {} : { webSearch }),
        ...(webFetch === undefined ? {} : { webFetch }),
      }
    }
  }
  if (value["speed"] === "fast") usage.serviceTier = "fast"
  else if (typeof value["service_tier"] === "string") usage.serviceTier = value["service_tier"]
  return usage
}

/** The model that really answered, where the host fell back to another one. */
export function servedModel(value: unknown): string | undefined {
  const iterations = isObject(value) ? value["iterations"] : undefined
  if (!Array.isArray(iterations)) return undefined
  const last: unknown = iterations.at(-1)
  return isObject(last) && last["type"] === "fallback_message" && typeof last["model"] === "string"
    ? last["model"]
    : undefined
}

/** Our figures in the wire's spelling. What is unknown is 0 where clients insist on a number, else left out. */
export function writeUsage(usage: Usage, estimatedInput = 0): Obj {
  const { reasoningTokens, serverTools, cacheWrite1h, cacheWrite = 0 } = usage
  return {
    input_tokens: usage.input ?? estimatedInput,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: usage.cacheRead ?? 0,
    ...(cacheWrite1h === undefined
      ? {}
      : {
          cache_creation: {
            ephemeral_5m_input_tokens: Math.max(0, cacheWrite - cacheWrite1h),
            ephemeral_1h_input_tokens: cacheWrite1h,
          },
        }),
    output_tokens: usage.output ?? 0,
    ...(reasoningTokens === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
    ...(serverTools
      ? {
          server_tool_use: {
            web_search_requests: serverTools.webSearch ?? 0,
            web_fetch_requests: serverTools.webFetch ?? 0,
          },
        }
      : {}),
  }
}

type Figure = "input" | "output" | "cacheRead" | "cacheWrite" | "cacheWrite1h" | "reasoningTokens"

function set(usage: Partial<Usage>, field: Figure, value: unknown): void {
  const number = count(value)
  if (number !== undefined) usage[field] = number
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}
