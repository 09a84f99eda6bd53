import type { Effort } from "@sluice/catalog/core"
import type { CallOptions, OutputFormat } from "../../model/options.ts"
import type { Json } from "../../model/tool.ts"
import { effortOf } from "../effort.ts"
import {
  below,
  camelCase,
  flagOf,
  get,
  itemOf,
  listOf,
  numberOf,
  readText,
  refuse,
  textOf,
  wordOf,
} from "./accept-readers.ts"
import { jsonSchema } from "./accept-schema.ts"
import type { Losses } from "../../model/losses.ts"
import { API, isObject, type Obj } from "./types.ts"

const CONFIG = "generationConfig"

/** Fields of a request that are read here or elsewhere. */
const KNOWN = new Set([
  "contents",
  "systemInstruction",
  "tools",
  "toolConfig",
  "generationConfig",
  "serviceTier",
  "labels",
  "model",
])

/** Fields that hosts of the same wire are given as they came. */
const SAME_WIRE = new Set(["safetySettings", "cachedContent", "store"])

/** Settings that are read here. */
const KNOWN_SETTINGS = new Set([
  "temperature",
  "topP",
  "topK",
  "maxOutputTokens",
  "candidateCount",
  "stopSequences",
  "presencePenalty",
  "frequencyPenalty",
  "seed",
  "minP",
  "repetitionPenalty",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "responseLogprobs",
  "logprobs",
  "responseModalities",
  "thinkingConfig",
])

/** One word out of the list of a schema. */
const ENUM_TYPE = "text/x.enum"

/** Level of a model that thinks as much as it sees fit. */
const DYNAMIC_LEVEL: Effort = "medium"

const LEVELS: Readonly<Record<string, Effort>> = { MINIMAL: "minimal", LOW: "low", MEDIUM: "medium", HIGH: "high" }

/** The settings of a request. @throws SluiceError `invalid_request` with the path of what is at fault */
export function acceptOptions(body: Obj, losses: Losses): CallOptions {
  const own: Obj = {}
  const config = itemOf(body, CONFIG, "") ?? {}
  const serviceTier = textOf(body, "serviceTier", "")
  const labels = itemOf(body, "labels", "")
  const options: CallOptions = {
    ...acceptNumbers(config),
    ...acceptStop(config),
    ...acceptThinking(itemOf(config, "thinkingConfig", CONFIG)),
    ...acceptOutput(config, losses),
    ...acceptLogprobs(config),
    ...(serviceTier ? { serviceTier: serviceTier.toLowerCase() } : {}),
    ...(labels && Object.keys(labels).length > 0 ? { metadata: labels as Record<string, Json> } : {}),
  }
  const settings = ownSettings(config)
  if (Object.keys(settings).length > 0) own[CONFIG] = settings
  for (const [given, value] of Object.entries(body)) {
    const name = camelCase(given)
    if (value === null || value === undefined || KNOWN.has(name)) continue
    if (SAME_WIRE.has(name)) own[name] = value
    else losses.dropped(name, "The field is not known.")
  }
  return Object.keys(own).length > 0 ? { ...options, wire: { [API]: own } } : options
}

function acceptNumbers(config: Obj): CallOptions {
  const candidates = numberOf(config, "candidateCount", CONFIG)
  const maxTokens = numberOf(config, "maxOutputTokens", CONFIG)
  if (maxTokens !== undefined && (!Number.isInteger(maxTokens) || maxTokens < 1)) {
    refuse(`${CONFIG}.maxOutputTokens`, "must be a whole number from 1.")
  }
  const options: CallOptions = {
    ...(candidates === undefined || candidates === 1 ? {} : { candidates }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  }
  for (const name of NUMBERS) {
    const value = numberOf(config, name, CONFIG)
    if (value !== undefined) options[name] = value
  }
  return options
}

const NUMBERS = [
  "temperature",
  "topP",
  "topK",
  "minP",
  "presencePenalty",
  "frequencyPenalty",
  "repetitionPenalty",
  "seed",
] as const

function acceptStop(config: Obj): CallOptions {
  const list = listOf(config, "stopSequences", CONFIG)
  const stop = list?.map((text, i) => readText(text, `${CONFIG}.stopSequences[${i}]`))
  return stop?.length ? { stop } : {}
}

/** Thinking and its level. Thoughts are shown to those who ask for them, and to nobody else. */
function acceptThinking(config: Obj | undefined): CallOptions {
  const path = `${CONFIG}.thinkingConfig`
  if (!config) return { showThinking: false }
  const showThinking = flagOf(config, "includeThoughts", path) ?? false
  const budget = numberOf(config, "thinkingBudget", path)
  const word = wordOf(config, "thinkingLevel", path)
  if (word !== undefined) {
    const level = LEVELS[word]
    if (level === undefined) refuse(`${path}.thinkingLevel`, "must be MINIMAL, LOW, MEDIUM or HIGH.")
    return { reasoning: level, showThinking }
  }
  if (budget === undefined) return { showThinking }
  if (budget === 0) return { reasoning: "off", showThinking }
  if (budget > 0) return { reasoning: effortOf(budget), thinkingBudget: budget, showThinking }
  return { reasoning: DYNAMIC_LEVEL, showThinking }
}

function acceptOutput(config: Obj, losses: Losses): CallOptions {
  const mimeType = textOf(config, "responseMimeType", CONFIG)
  const plain = itemOf(config, "responseJsonSchema", CONFIG)
  const own = itemOf(config, "responseSchema", CONFIG)
  const schema = plain ?? (own && jsonSchema(own))
  if (mimeType === ENUM_TYPE) {
    losses.dropped(below(CONFIG, "responseMimeType"), "A bare word out of a list cannot be asked for.")
    return {}
  }
  const output: OutputFormat | undefined = schema
    ? { type: "jsonSchema", schema }
    : mimeType === "application/json"
      ? { type: "json" }
      : mimeType === "text/plain"
        ? { type: "text" }
        : undefined
  return output ? { output } : {}
}

function acceptLogprobs(config: Obj): CallOptions {
  if (!flagOf(config, "responseLogprobs", CONFIG)) return {}
  return { logprobs: numberOf(config, "logprobs", CONFIG) ?? true }
}

/** Settings that only hosts of this wire know, as they came. */
function ownSettings(config: Obj): Obj {
  const entries = Object.entries(config).map(([given, value]) => [camelCase(given), value] as const)
  const enumeration = entries.some(([name, value]) => name === "responseMimeType" && value === ENUM_TYPE)
  return Object.fromEntries(
    entries.filter(([name, value]) => {
      if (value === null || value === undefined) return false
      if (name === "responseModalities") return !isTextOnly(value)
      if (name === "responseMimeType" || name === "responseSchema") return enumeration
      if (name === "thinkingConfig") return isObject(value) && Number(get(value, "thinkingBudget")) < 0
      return !KNOWN_SETTINGS.has(name)
    }),
  )
}

function isTextOnly(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string" && one.toUpperCase() === "TEXT")
}
