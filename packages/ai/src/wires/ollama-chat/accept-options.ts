import { EFFORTS, type Effort } from "@sluice/catalog/core"
import type { CallOptions, OutputFormat } from "../../model/options.ts"
import type { JsonSchema, Tool, ToolChoice } from "../../model/tool.ts"
import {
  isAbsent,
  optionalFlag,
  optionalList,
  optionalNumber,
  optionalText,
  readItem,
  readList,
  readText,
  refuse,
} from "./accept-readers.ts"
import { API, isObject, type Obj } from "./types.ts"

/** Level of a client that only switches thinking on. */
const DEFAULT_LEVEL: Effort = "medium"

/** Options of the runner that are ours under another name. */
const NUMBERS = [
  ["temperature", "temperature"],
  ["top_p", "topP"],
  ["top_k", "topK"],
  ["min_p", "minP"],
  ["presence_penalty", "presencePenalty"],
  ["frequency_penalty", "frequencyPenalty"],
  ["repeat_penalty", "repetitionPenalty"],
  ["seed", "seed"],
] as const

const READ_OPTIONS: ReadonlySet<string> = new Set([...NUMBERS.map(([name]) => name), "stop", "num_predict"])

/** Fields that hosts of the same wire are given as they came. */
const SAME_WIRE = ["keep_alive", "truncate", "shift", "template", "raw", "context"] as const

/**
 * The settings of a request. What only a host of the same wire understands, such as the size of the window, is kept
 * for such hosts.
 *
 * @throws SluiceError `invalid_request` with the path of what is at fault
 */
export function acceptOptions(body: Obj): CallOptions {
  const runner = isAbsent(body["options"]) ? {} : readItem(body["options"], "options")
  const own: Obj = {}
  const rest = Object.entries(runner).filter(([name, value]) => !READ_OPTIONS.has(name) && !isAbsent(value))
  if (rest.length > 0) own["options"] = Object.fromEntries(rest)
  for (const name of SAME_WIRE) if (!isAbsent(body[name])) own[name] = body[name]
  return {
    ...acceptRunner(runner),
    ...acceptThink(body["think"]),
    ...acceptFormat(body["format"]),
    ...acceptLogprobs(body),
    ...acceptToolChoice(body["tool_choice"]),
    ...(Object.keys(own).length > 0 ? { wire: { [API]: own } } : {}),
  }
}

function acceptRunner(runner: Obj): CallOptions {
  const options: { -readonly [K in keyof CallOptions]: CallOptions[K] } = {}
  for (const [name, option] of NUMBERS) {
    const value = optionalNumber(runner[name], `options.${name}`)
    if (value !== undefined) options[option] = value
  }
  const { stop } = runner
  const texts = isAbsent(stop) ? [] : typeof stop === "string" ? [stop] : readList(stop, "options.stop")
  if (texts.length > 0) options.stop = texts.map((text, index) => readText(text, `options.stop[${index}]`))
  // Below 1 it is no number of tokens but a word: without an end, or until the window is full.
  const cap = optionalNumber(runner["num_predict"], "options.num_predict")
  if (cap !== undefined && cap >= 1) options.maxTokens = Math.floor(cap)
  return options
}

function acceptThink(value: unknown): CallOptions {
  if (isAbsent(value) || value === "") return {}
  if (typeof value === "boolean") return { reasoning: value ? DEFAULT_LEVEL : "off" }
  const level = EFFORTS.find((effort) => effort === value)
  return level ? { reasoning: level } : refuse("think", "must be true, false, low, medium, high or max.")
}

function acceptFormat(value: unknown): { output?: OutputFormat } {
  if (isAbsent(value) || value === "") return {}
  if (value === "json") return { output: { type: "json" } }
  if (isObject(value)) return { output: { type: "jsonSchema", schema: value } }
  return refuse("format", "must be json or a schema.")
}

function acceptLogprobs(body: Obj): CallOptions {
  const wanted = optionalFlag(body["logprobs"], "logprobs")
  const most = optionalNumber(body["top_logprobs"], "top_logprobs")
  return wanted ? { logprobs: most ?? true } : {}
}

/** The API documents no choice of tools; a client that sends one in the form of others is understood. */
function acceptToolChoice(value: unknown): { toolChoice?: ToolChoice } {
  if (value === "auto" || value === "none" || value === "required") return { toolChoice: value }
  const fn = isObject(value) && isObject(value["function"]) ? value["function"] : value
  return isObject(fn) && typeof fn["name"] === "string" ? { toolChoice: { name: fn["name"] } } : {}
}

/** The tools of a request; `undefined` where there are none. */
export function acceptTools(value: unknown): readonly Tool[] | undefined {
  if (isAbsent(value)) return undefined
  const tools = optionalList(value, "tools").map((entry, index): Tool => {
    const path = `tools[${index}]`
    const tool = readItem(entry, path)
    const type = tool["type"]
    if (!isAbsent(type) && type !== "function" && tool["function"] === undefined) {
      return { type: "native", api: API, item: tool }
    }
    const fn = readItem(tool["function"], `${path}.function`)
    const description = optionalText(fn["description"], `${path}.function.description`)
    const parameters: JsonSchema = isAbsent(fn["parameters"])
      ? { type: "object", properties: {} }
      : readItem(fn["parameters"], `${path}.function.parameters`)
    return {
      name: readText(fn["name"], `${path}.function.name`),
      ...(description === undefined ? {} : { description }),
      parameters,
    }
  })
  return tools
}
