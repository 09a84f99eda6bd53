import type { Compat } from "./compat.ts"
import type { Modality } from "./model.ts"
import type { Prices } from "./prices.ts"
import type { ModelData } from "./provider.ts"

/** One record of a list of models. */
export interface ListingRecord {
  id: string
  data: ModelData
  ownedBy?: string
}

type Fields = Readonly<Record<string, unknown>>

/** Where hosts put the array. */
const ENVELOPES = ["data", "models", "result", "items"] as const

/**
 * The records of a list of models in any of the known shapes, or `undefined` where there is no list.
 *
 * An array, or one under `data`, `models`, `result` or `items`, also one level down. Where a host answers with two
 * (llama.cpp), the second tells what the models can do. A record needs an id (`id`, else `model`, else `name`).
 */
export function readListing(body: unknown): ListingRecord[] | undefined {
  const [first, second] = arraysOf(body, 3)
  if (!first) return undefined
  const beside = new Map<string, ModelData>()
  for (const value of second ?? []) {
    const record = readRecord(value)
    if (record) beside.set(record.id, record.data)
  }
  const records: ListingRecord[] = []
  for (const value of first) {
    const record = readRecord(value)
    if (record) records.push({ ...record, data: { ...beside.get(record.id), ...record.data } })
  }
  return records
}

/** Keys of a model's own figures that hold its window; the model's architecture stands before them. */
const WINDOW_KEYS = ["context_length", "num_ctx", "context_window"] as const

/**
 * What a host tells of one model in the shape of Ollama's `/api/show`: its window and what it can do. A host that lists
 * abilities without a word of one has not got it.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md#show-model-information
 */
export function readDetails(body: unknown): ModelData {
  const data: ModelData = {}
  const fields = object(body)
  const figures = Object.entries(object(fields?.["model_info"]) ?? {})
  for (const key of WINDOW_KEYS) {
    const window = figures.flatMap(([name, value]) =>
      name.endsWith(`.${key}`) || name === key ? count(value) : undefined,
    )
    const known = window.find((one) => one !== undefined)
    if (known !== undefined) data.contextWindow ??= known
  }
  const opened = windowOpened(fields?.["parameters"])
  if (opened !== undefined) data.contextWindow = Math.min(opened, data.contextWindow ?? opened)
  const capabilities = fields?.["capabilities"]
  if (!Array.isArray(capabilities)) return data
  data.input = capabilities.includes("vision") ? ["text", "image"] : ["text"]
  data.thinking = capabilities.includes("thinking") && { mode: "effort", efforts: ["low", "medium", "high"] }
  return data
}

/** The window that the model's own settings open, which are lines of a name and a value: no more of it is used. */
function windowOpened(parameters: unknown): number | undefined {
  return typeof parameters === "string" ? count(/^num_ctx[ \t]+(\d+)[ \t]*$/m.exec(parameters)?.[1]) : undefined
}

function arraysOf(body: unknown, depth: number): readonly (readonly unknown[])[] {
  if (Array.isArray(body)) return [body]
  const fields = object(body)
  if (!fields || depth === 0) return []
  const direct: (readonly unknown[])[] = []
  for (const name of ENVELOPES) if (Array.isArray(fields[name])) direct.push(fields[name] as unknown[])
  if (direct.length > 0) return direct
  for (const name of ENVELOPES) {
    const inner = arraysOf(fields[name], depth - 1)
    if (inner.length > 0) return inner
  }
  return []
}

function readRecord(value: unknown): ListingRecord | undefined {
  if (typeof value === "string" && value.trim() !== "") return { id: value.trim(), data: {} }
  const fields = object(value)
  if (!fields) return undefined
  const methods = fields["supportedGenerationMethods"]
  if (Array.isArray(methods)) return methods.includes("generateContent") ? googleRecord(fields) : undefined
  const id = text(fields["id"]) ?? text(fields["model"]) ?? text(fields["name"])
  if (id === undefined) return undefined
  const data: ModelData = {}
  const name = text(fields["display_name"]) ?? text(fields["name"])
  if (name !== undefined && name !== id) data.name = name
  const top = object(fields["top_provider"])
  const meta = object(fields["meta"])
  const window =
    count(fields["context_length"]) ??
    count(fields["max_model_len"]) ??
    count(fields["context_window"]) ??
    count(fields["max_context_length"]) ??
    count(fields["max_input_tokens"]) ??
    count(top?.["context_length"]) ??
    count(meta?.["n_ctx"]) ??
    count(meta?.["n_ctx_train"])
  if (window !== undefined) data.contextWindow = window
  const cap =
    count(top?.["max_completion_tokens"]) ??
    count(fields["max_completion_tokens"]) ??
    count(fields["max_output_tokens"]) ??
    (text(fields["type"]) === "model" ? count(fields["max_tokens"]) : undefined)
  if (cap !== undefined) data.maxTokens = cap
  const input = modalities(fields)
  if (input) data.input = input
  const prices = pricing(object(fields["pricing"]))
  if (prices) data.prices = prices
  addParameters(data, fields["supported_parameters"])
  const ownedBy = text(fields["owned_by"])
  return { id, data, ...(ownedBy === undefined ? {} : { ownedBy }) }
}

/** A record of Google's, whose names begin with the collection that they are in. */
function googleRecord(fields: Fields): ListingRecord | undefined {
  const id = text(fields["name"])?.replace(/^models\//, "")
  if (id === undefined) return undefined
  const name = text(fields["displayName"])
  const contextWindow = count(fields["inputTokenLimit"])
  const maxTokens = count(fields["outputTokenLimit"])
  return {
    id,
    data: {
      ...(name === undefined ? {} : { name }),
      ...(contextWindow === undefined ? {} : { contextWindow }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
    },
  }
}

const WORDS: ReadonlyMap<string, Modality> = new Map([
  ["text", "text"],
  ["image", "image"],
  ["file", "document"],
  ["audio", "audio"],
])

function modalities(fields: Fields): Modality[] | undefined {
  const architecture = object(fields["architecture"])
  const listed = architecture?.["input_modalities"] ?? fields["input_modalities"]
  const old = text(architecture?.["modality"])
  const words = Array.isArray(listed) ? listed : old?.split("->")[0]?.split("+")
  if (words) {
    const known = words.map((word) => (typeof word === "string" ? WORDS.get(word.trim()) : undefined))
    const found = [...new Set(known.filter((word) => word !== undefined))]
    return found.length > 0 ? found : undefined
  }
  const capabilities = fields["capabilities"]
  if (Array.isArray(capabilities)) {
    const can = capabilities.some((word) => word === "multimodal" || word === "vision")
    return can ? ["text", "image"] : undefined
  }
  const flags = object(capabilities)
  if (typeof flags?.["vision"] === "boolean") return flags["vision"] ? ["text", "image"] : ["text"]
  if (typeof fields["supports_image_input"] === "boolean") {
    return fields["supports_image_input"] ? ["text", "image"] : ["text"]
  }
  return undefined
}

/** Prices per token, as decimal texts. A negative one stands for "it depends", as of a router. */
function pricing(fields: Fields | undefined): Prices | undefined {
  const input = perMillion(fields?.["prompt"])
  const output = perMillion(fields?.["completion"])
  if (input === undefined || output === undefined) return undefined
  const prices: Prices = { input, output }
  const cacheRead = perMillion(fields?.["input_cache_read"])
  const cacheWrite = perMillion(fields?.["input_cache_write"])
  if (cacheRead !== undefined) prices.cacheRead = cacheRead
  if (cacheWrite !== undefined) prices.cacheWrite = cacheWrite
  return prices
}

function perMillion(value: unknown): number | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined
  if (typeof value === "string" && value.trim() === "") return undefined
  const number = Number(value)
  if (!Number.isFinite(number) || number < 0) return undefined
  return Number((number * 1e6).toPrecision(12))
}

function addParameters(data: ModelData, value: unknown): void {
  if (!Array.isArray(value)) return
  const takes = (name: string): boolean => value.includes(name)
  if (takes("reasoning")) data.thinking = { mode: "effort", efforts: ["low", "medium", "high"] }
  const chat: NonNullable<Compat["chat"]> = {}
  if (!takes("tool_choice")) chat.toolChoice = "none"
  if (!takes("structured_outputs")) chat.structuredOutput = takes("response_format") ? "json_object" : "none"
  if (Object.keys(chat).length > 0) data.compat = { chat }
}

function object(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined
}

/** A number of tokens: a positive integer, also as text. */
function count(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined
}
