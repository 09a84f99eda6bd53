import { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { grammarSchema } from "../../schema/grammar.ts"
import { outputLosses } from "../output-plan.ts"
import type { Body, EncodeState } from "./types.ts"

/** Our options and the names that they have in the object `options`. */
const NAMES = [
  ["temperature", "temperature"],
  ["topP", "top_p"],
  ["topK", "top_k"],
  ["minP", "min_p"],
  ["presencePenalty", "presence_penalty"],
  ["frequencyPenalty", "frequency_penalty"],
  ["repetitionPenalty", "repeat_penalty"],
  ["seed", "seed"],
] as const

/** Options that have no field here. */
const UNKNOWN = ["verbosity", "user", "promptCacheKey"] as const
/** Tiers that are what a host without tiers gives. */
const USUAL_TIERS: ReadonlySet<string | undefined> = new Set([undefined, "auto", "default"])

/**
 * What the model's runner is told, in the object `options`; `undefined` for nothing.
 *
 * @see https://docs.ollama.com/modelfile#valid-parameters-and-values
 */
export function encodeRunner(state: EncodeState): Body | undefined {
  const { call, compat, losses } = state
  const { options } = call
  const runner: Body = {}
  for (const [option, name] of NAMES) if (options[option] !== undefined) runner[name] = options[option]
  if (options.stop?.length) runner["stop"] = [...options.stop]
  const cap = outputCap(state)
  if (cap !== undefined) runner["num_predict"] = cap
  if (compat.contextWindow !== undefined) runner["num_ctx"] = compat.contextWindow
  for (const name of UNKNOWN) {
    if (options[name] !== undefined) losses.dropped(`options.${name}`, "The API has no field for it.")
  }
  if (!USUAL_TIERS.has(options.serviceTier)) losses.dropped("options.serviceTier", "The API has no field for it.")
  if (Object.keys(options.metadata ?? {}).length > 0) losses.dropped("options.metadata", "The API has no field for it.")
  if (options.cacheRetention === "long")
    losses.dropped("options.cacheRetention", "The API cannot be told what to cache.")
  if (options.parallelToolCalls === false && call.context.tools?.length) {
    losses.dropped("options.parallelToolCalls", "The API cannot be told to make one call at a time.")
  }
  return Object.keys(runner).length > 0 ? runner : undefined
}

/** Only what the caller asks for: a model stops by itself, and a cap of ours would cut its answer. */
function outputCap({ call, compat, losses }: EncodeState): number | undefined {
  const wanted = call.options.maxTokens
  if (wanted === undefined) return undefined
  if (compat.outputCap === false) {
    losses.dropped("options.maxTokens", "The host takes no cap.")
    return undefined
  }
  const most = Math.min(call.model.maxTokens ?? Infinity, compat.maxTokensCeiling ?? Infinity)
  if (wanted <= most) return wanted
  losses.approximated("options.maxTokens", `No more than ${most} may be asked for.`)
  return most
}

/** The field `format`: `json`, or a schema that the answer is held to. */
export function encodeFormat({ call, losses }: EncodeState): Json | undefined {
  const { output } = call.options
  if (!output || output.type === "text") return undefined
  if (output.type === "json") return "json"
  outputLosses({ how: "format" }, losses, call.options)
  const schema = grammarSchema(output.schema)
  if (schema !== output.schema) {
    losses.approximated("options.output.schema", "The schema was put into the words that hosts read.")
  }
  return schema as Json
}

/** The fields `logprobs` and `top_logprobs`. */
export function encodeLogprobs({ call }: EncodeState): Body {
  const { logprobs } = call.options
  if (logprobs === undefined || logprobs === false) return {}
  return { logprobs: true, ...(typeof logprobs === "number" ? { top_logprobs: logprobs } : {}) }
}

/** @throws SluiceError `unsupported` for what the API cannot do at all */
export function refuse({ call }: Pick<EncodeState, "call">): void {
  const { candidates } = call.options
  if (call.op === "prewarm") {
    throw new SluiceError({ code: "unsupported", message: "Ollama's API has no request that only warms a cache." })
  }
  if (candidates !== undefined && candidates !== 1) {
    throw new SluiceError({
      code: "unsupported",
      param: "candidates",
      message: "candidates: Ollama's API gives one answer per request.",
    })
  }
}
