import type { Call, WireRequest } from "../../contract/wire-client.ts"
import type { HeaderMap } from "../../contract/frame.ts"
import { textValues, withBag, withExtra } from "../body-fields.ts"
import { newEncoding, unsupported } from "../openai/encoding.ts"
import { jsonInstruction } from "../openai/json-instruction.ts"
import { requestHeaders } from "../openai/headers.ts"
import { leaveOut, WITHOUT } from "../openai/left-out-fields.ts"
import { tierField } from "../openai/tier.ts"
import { encodeMessages } from "./messages.ts"
import { thinkingFields } from "./thinking.ts"
import { encodeOutput, encodeTools } from "./tools.ts"
import { API, learned, type ChatBody, type Encoding } from "./types.ts"

/** Most that is asked for where the caller sets no cap: catalogs often name a whole window as a model's cap. */
const DEFAULT_CEILING = 64_000
const DEFAULT_MAX_STOP = 4

/** Encodes a call. @throws SluiceError `unsupported` for what Chat Completions cannot do at all */
export function encode(call: Call): WireRequest {
  const { options, model } = call
  if (call.op !== "generate") throw unsupported("op", `Chat Completions has no operation "${call.op}".`)
  if (options.candidates !== undefined && options.candidates !== 1) {
    throw unsupported("candidates", `options.candidates is ${options.candidates}: only one answer can be decoded.`)
  }
  const encoding = newEncoding(call, model.compat.chat ?? {})
  const tools = encodeTools(encoding)
  const thinking = thinkingFields(encoding, tools.choice)
  const headers = requestHeaders(call.stream)
  const output = encodeOutput(encoding)
  const format = output["response_format"] as ChatBody | undefined
  const body: ChatBody = {
    model: model.requestModelId ?? model.id,
    messages: encodeMessages(encoding, thinking.state, jsonInstruction(encoding, format)),
    ...streaming(encoding),
    ...sampling(encoding),
    ...limits(encoding),
    ...tools.fields,
    ...output,
    ...thinking.fields,
    ...identity(encoding, headers),
  }
  const fields = leaveOut(encoding, withExtra(encoding.compat.extraBody, body), learned(call, WITHOUT))
  return { path: "/chat/completions", headers, body: withBag(options.wire?.[API], fields), losses: encoding.losses }
}

function streaming({ call, compat }: Encoding): ChatBody {
  const fields: ChatBody = {}
  if (call.stream) {
    fields["stream"] = true
    if (compat.streamUsage !== false && learned(call, "streamUsage") !== false) {
      fields["stream_options"] = { include_usage: true }
    }
  }
  if (compat.store) fields["store"] = false
  return fields
}

const SAMPLING = [
  ["temperature", "temperature", false],
  ["topP", "top_p", false],
  ["presencePenalty", "presence_penalty", false],
  ["frequencyPenalty", "frequency_penalty", false],
  ["topK", "top_k", true],
  ["minP", "min_p", true],
  ["repetitionPenalty", "repetition_penalty", true],
] as const

function sampling({ call, compat, lose }: Encoding): ChatBody {
  const fields: ChatBody = {}
  for (const [option, field, extended] of SAMPLING) {
    const value = call.options[option]
    if (value === undefined) continue
    if (compat.sampling === false) lose(`options.${option}`, "dropped", "The model takes no sampling parameters.")
    else if (extended && !compat.extendedSampling) lose(`options.${option}`, "dropped", "The host has no such field.")
    else fields[field] = value
  }
  const { seed, logprobs, verbosity } = call.options
  if (seed !== undefined) fields["seed"] = seed
  if (logprobs !== undefined && logprobs !== false) {
    fields["logprobs"] = true
    if (typeof logprobs === "number") fields["top_logprobs"] = logprobs
  }
  if (verbosity !== undefined) fields["verbosity"] = verbosity
  return fields
}

function limits(encoding: Encoding): ChatBody {
  const { call, compat, lose } = encoding
  const fields: ChatBody = {}
  const { stop } = call.options
  if (stop && stop.length > 0) {
    const most = compat.maxStop ?? DEFAULT_MAX_STOP
    const taken = stop.slice(0, most)
    if (taken.length < stop.length) lose("options.stop", "approximated", `The host takes ${most} stop sequences.`)
    if (taken.length > 0) fields["stop"] = taken.length === 1 ? (taken[0] as string) : taken
  }
  const field = learned(call, "maxTokensField") ?? compat.maxTokensField ?? "max_completion_tokens"
  const cap = outputCap(encoding)
  if (cap === undefined) return fields
  if (field !== "none") fields[field as string] = cap
  else if (call.options.maxTokens !== undefined) lose("options.maxTokens", "dropped", "The host takes no cap.")
  return fields
}

function outputCap({ call, compat, lose }: Encoding): number | undefined {
  const { maxTokens: wanted } = call.options
  const most = call.model.maxTokens
  if (wanted !== undefined) {
    if (most === undefined || wanted <= most) return wanted
    lose("options.maxTokens", "approximated", `The model's own cap is ${most}.`)
    return most
  }
  if (compat.maxTokensOnlyIfSet || most === undefined) return undefined
  return Math.min(most, compat.maxTokensCeiling ?? DEFAULT_CEILING)
}

function identity(encoding: Encoding, headers: HeaderMap): ChatBody {
  const { call, compat, lose } = encoding
  const fields: ChatBody = tierField(encoding)
  const { user, metadata, cacheRetention, promptCacheKey, sessionId } = call.options
  if (user !== undefined) fields["user"] = user
  if (metadata !== undefined) fields["metadata"] = textValues(metadata)
  const key = cacheRetention === "none" ? undefined : (promptCacheKey ?? sessionId)
  if (key !== undefined) {
    if (compat.promptCacheKey) fields["prompt_cache_key"] = key
    if (compat.cacheKeyHeader) headers[compat.cacheKeyHeader.toLowerCase()] = key
  }
  if (promptCacheKey !== undefined && (key === undefined || !(compat.promptCacheKey || compat.cacheKeyHeader))) {
    lose("options.promptCacheKey", "dropped", "The host has no field for it.")
  }
  return fields
}
