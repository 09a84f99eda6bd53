import type { Effort } from "@sluice/catalog/core"
import type { CallOptions, OutputFormat } from "../../model/options.ts"
import { effortOf } from "../effort.ts"
import { acceptToolChoice } from "./accept-tools.ts"
import type { Losses } from "../../model/losses.ts"
import {
  isAbsent,
  optionalFlag,
  optionalItem,
  optionalNumber,
  optionalText,
  readItem,
  readList,
  readText,
  refuse,
} from "./accept-readers.ts"
import { API, isObject, type Obj } from "./types.ts"

const LEVELS: ReadonlySet<string> = new Set<Effort>(["minimal", "low", "medium", "high", "xhigh", "max"])

/** Level of a model that thinks as it sees fit, where the client names none. */
const DEFAULT_LEVEL: Effort = "high"

/** Fields that are read here or elsewhere. */
const KNOWN_FIELDS = new Set([
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "metadata",
  "thinking",
  "output_config",
  "output_format",
  "service_tier",
  "speed",
  "cache_control",
  "betas",
  "thread",
])

/** Fields that hosts of the same wire are given as they came. */
const SAME_WIRE_FIELDS = new Set(["container", "context_management", "fallbacks", "inference_geo", "mcp_servers"])

/** The settings of a request. @throws SluiceError `invalid_request` with the path of what is at fault */
export function acceptOptions(body: Obj, losses: Losses): CallOptions {
  const own: Obj = {}
  const options: CallOptions = {
    ...acceptNumbers(body),
    ...acceptStop(body["stop_sequences"]),
    ...acceptUser(body["metadata"], losses),
    ...acceptToolChoice(body["tool_choice"]),
    ...acceptThinking(body, own, losses),
    ...acceptOutput(body, own),
    ...acceptTier(body),
    ...acceptRetention(body["cache_control"]),
  }
  for (const [name, value] of Object.entries(body)) {
    if (isAbsent(value) || KNOWN_FIELDS.has(name)) continue
    if (!SAME_WIRE_FIELDS.has(name)) losses.dropped(name, "The field is not known.")
    else if (name !== "context_management" || !isDefaultContext(value)) own[name] = value
  }
  return Object.keys(own).length > 0 ? { ...options, wire: { [API]: own } } : options
}

function acceptNumbers(body: Obj): CallOptions {
  const temperature = optionalNumber(body["temperature"], "temperature")
  const topP = optionalNumber(body["top_p"], "top_p")
  const topK = optionalNumber(body["top_k"], "top_k")
  const maxTokens = optionalNumber(body["max_tokens"], "max_tokens")
  if (maxTokens !== undefined && (!Number.isInteger(maxTokens) || maxTokens < 1)) {
    refuse("max_tokens", "must be a whole number from 1.")
  }
  return {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
  }
}

function acceptStop(value: unknown): CallOptions {
  if (isAbsent(value)) return {}
  const stop = readList(value, "stop_sequences").map((text, index) => readText(text, `stop_sequences[${index}]`))
  return stop.length > 0 ? { stop } : {}
}

function acceptUser(value: unknown, losses: Losses): CallOptions {
  const metadata = optionalItem(value, "metadata")
  if (!metadata) return {}
  for (const name of Object.keys(metadata)) {
    if (name !== "user_id") losses.dropped(`metadata.${name}`, "The field is not known.")
  }
  const user = optionalText(metadata["user_id"], "metadata.user_id")
  return user === undefined ? {} : { user }
}

/** Thinking and its level. What only this wire can say goes to hosts of the same wire as it came. */
function acceptThinking(body: Obj, own: Obj, losses: Losses): CallOptions {
  const thinking = optionalItem(body["thinking"], "thinking")
  const config = optionalItem(body["output_config"], "output_config")
  const effort = readEffort(config?.["effort"])
  if (!thinking) return effort === undefined ? {} : { reasoning: effort }
  const shown = showThinking(thinking, losses)
  switch (readText(thinking["type"], "thinking.type")) {
    case "disabled":
      if (effort !== undefined) own["output_config"] = { effort }
      return { reasoning: "off" }
    case "enabled": {
      const budget = optionalNumber(thinking["budget_tokens"], "thinking.budget_tokens")
      if (budget === undefined) refuse("thinking.budget_tokens", "is required when thinking is enabled.")
      return { reasoning: effort ?? effortOf(budget), thinkingBudget: budget, ...shown }
    }
    case "adaptive":
      return { reasoning: effort ?? DEFAULT_LEVEL, ...shown }
    default:
      own["thinking"] = thinking
      return effort === undefined ? {} : { reasoning: effort }
  }
}

function readEffort(value: unknown): Effort | undefined {
  const effort = optionalText(value, "output_config.effort")
  if (effort === undefined) return undefined
  if (!LEVELS.has(effort)) refuse("output_config.effort", "must be low, medium, high, xhigh or max.")
  return effort as Effort
}

function showThinking(thinking: Obj, losses: Losses): CallOptions {
  const display = optionalText(thinking["display"], "thinking.display")
  if (display === undefined) return {}
  if (display !== "omitted" && display !== "summarized") {
    losses.approximated("thinking.display", "Thinking is shown or kept back; other ways are not known.")
  }
  return { showThinking: display !== "omitted" }
}

function acceptOutput(body: Obj, own: Obj): CallOptions {
  const config = optionalItem(body["output_config"], "output_config") ?? {}
  const inConfig = !isAbsent(config["format"])
  const path = inConfig ? "output_config.format" : "output_format"
  const format = optionalItem(inConfig ? config["format"] : body["output_format"], path)
  const rest = Object.entries(config).filter(
    ([name, value]) => name !== "effort" && name !== "format" && !isAbsent(value),
  )
  if (rest.length > 0) own["output_config"] = { ...(own["output_config"] as Obj), ...Object.fromEntries(rest) }
  if (!format) return {}
  if (format["type"] !== "json_schema") refuse(`${path}.type`, "must be json_schema.")
  const output: OutputFormat = { type: "jsonSchema", schema: readItem(format["schema"], `${path}.schema`) }
  return { output }
}

function acceptTier(body: Obj): CallOptions {
  if (optionalText(body["speed"], "speed") === "fast") return { serviceTier: "priority" }
  const serviceTier = optionalText(body["service_tier"], "service_tier")
  return serviceTier === undefined ? {} : { serviceTier }
}

/** A client of this wire marks what is to be cached; one that marks nothing wants nothing cached. */
function acceptRetention(value: unknown): CallOptions {
  const control = optionalItem(value, "cache_control")
  if (!control) return { cacheRetention: "none" }
  return { cacheRetention: control["ttl"] === "1h" ? "long" : "short" }
}

/** Whether the field only asks to keep all thinking, which is asked of every host that can. */
function isDefaultContext(value: unknown): boolean {
  const edits = isObject(value) ? value["edits"] : undefined
  return (
    Array.isArray(edits) &&
    edits.every((edit) => isObject(edit) && edit["type"] === "clear_thinking_20251015" && edit["keep"] === "all")
  )
}

/** Whether a stream is asked for. */
export function acceptStream(body: Obj): boolean {
  return optionalFlag(body["stream"], "stream") ?? false
}
