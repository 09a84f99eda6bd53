import type { HeaderMap } from "../../contract/frame.ts"
import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { textValues, withBag, withExtra } from "../body-fields.ts"
import { newEncoding, unsupported } from "../openai/encoding.ts"
import { jsonInstruction } from "../openai/json-instruction.ts"
import { requestHeaders } from "../openai/headers.ts"
import { leaveOut, WITHOUT } from "../openai/left-out-fields.ts"
import { tierField } from "../openai/tier.ts"
import { chainPlace, overChain } from "./chain.ts"
import { encodeInput } from "./input-items.ts"
import { keptHeaders } from "./kept-headers.ts"
import { cacheKey, shortened } from "./session-key.ts"
import { encodeThinking } from "./thinking.ts"
import { encodeText, encodeTools } from "./tools.ts"
import { API, learned, type Body, type Encoding } from "./types.ts"

/** Longest id of a session in the body. */
const MAX_SESSION = 256

/**
 * Encodes a call.
 *
 * Nothing is stored with the vendor; so that thinking can go on in the next turn all the same, it is asked for in its
 * encrypted form.
 *
 * @throws SluiceError `unsupported` for what the Responses API cannot do at all
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export function encode(call: Call): WireRequest {
  const { options, model } = call
  if (call.op !== "generate") throw unsupported("op", `The Responses API has no operation "${call.op}".`)
  if (options.candidates !== undefined && options.candidates !== 1) {
    throw unsupported("candidates", `options.candidates is ${options.candidates}: the API gives one answer.`)
  }
  const encoding = newEncoding(call, model.compat.responses ?? {})
  const headers: HeaderMap = { ...requestHeaders(call.stream), ...keptHeaders(call) }
  const thinking = encodeThinking(encoding)
  const chain = chainPlace(encoding)
  const text = encodeText(encoding)
  const format = (text["text"] as Body | undefined)?.["format"] as Body | undefined
  const input = encodeInput(encoding, chain !== undefined, jsonInstruction(encoding, format))
  const body: Body = {
    model: model.requestModelId ?? model.id,
    ...input.instructions,
    ...streaming(encoding),
    store: false,
    ...includes(encoding, thinking.encrypted),
    ...sampling(encoding),
    ...limits(encoding),
    ...encodeTools(encoding),
    ...thinking.fields,
    ...text,
    ...identity(encoding, headers),
  }
  const fields = leaveOut(encoding, withExtra(encoding.compat.extraBody, body), learned(call, WITHOUT))
  const whole = withBag(options.wire?.[API], fields)
  return {
    path: "/responses",
    headers,
    body: overChain(call, whole, input.items, chain),
    losses: encoding.losses,
  }
}

/** Fields of a request whose tokens are counted; it takes no others. */
const COUNTED: ReadonlySet<string> = new Set(
  "model input instructions tools tool_choice parallel_tool_calls reasoning text truncation".split(" "),
)

/**
 * Encodes a call as one that only counts what it would be given.
 * @see https://platform.openai.com/docs/api-reference/responses/input-tokens
 */
export function encodeCount(call: Call): WireRequest {
  const { body, losses } = encode({ ...call, options: { ...call.options, chain: false }, stream: false })
  const counted = Object.entries(body as Body).filter(([name]) => COUNTED.has(name))
  return { path: "/responses/input_tokens", headers: requestHeaders(false), body: Object.fromEntries(counted), losses }
}

function streaming({ call, compat }: Encoding): Body {
  if (!call.stream) return {}
  if (!compat.obfuscation || learned(call, "obfuscation") === false) return { stream: true }
  return { stream: true, stream_options: { include_obfuscation: false } }
}

function includes({ call, compat, lose }: Encoding, encrypted: boolean): Body {
  const { logprobs } = call.options
  const include: string[] = []
  const fields: Body = {}
  if (encrypted) include.push("reasoning.encrypted_content")
  if (logprobs !== undefined && logprobs !== false && compat.logprobs === false) {
    lose("options.logprobs", "dropped", "The host gives none.")
  } else if (logprobs !== undefined && logprobs !== false) {
    include.push("message.output_text.logprobs")
    if (typeof logprobs === "number") fields["top_logprobs"] = logprobs
  }
  return include.length === 0 ? {} : { include, ...fields }
}

const NO_FIELD = ["topK", "minP", "presencePenalty", "frequencyPenalty", "repetitionPenalty", "seed"] as const

function sampling({ call, compat, lose }: Encoding): Body {
  const { options } = call
  const fields: Body = {}
  for (const [option, field] of [
    ["temperature", "temperature"],
    ["topP", "top_p"],
  ] as const) {
    const value = options[option]
    if (value === undefined) continue
    if (compat.sampling === false) lose(`options.${option}`, "dropped", "The model takes no sampling parameters.")
    else fields[field] = value
  }
  for (const option of NO_FIELD) {
    if (options[option] !== undefined) lose(`options.${option}`, "dropped", "The API has no such field.")
  }
  if (options.stop?.length) lose("options.stop", "dropped", "The API has no such field.")
  return fields
}

function limits({ call, compat, lose }: Encoding): Body {
  const { maxTokens: wanted } = call.options
  const most = call.model.maxTokens
  if (wanted === undefined) return {}
  if (compat.outputCap === false) {
    lose("options.maxTokens", "dropped", "The host takes no cap on the answer.")
    return {}
  }
  const least = compat.leastOutputCap
  if (least !== undefined && wanted < least) {
    lose("options.maxTokens", "approximated", `The host takes no cap below ${least}.`)
    return { max_output_tokens: least }
  }
  if (most === undefined || wanted <= most) return { max_output_tokens: wanted }
  lose("options.maxTokens", "approximated", `The model's own cap is ${most}.`)
  return { max_output_tokens: most }
}

function identity(encoding: Encoding, headers: HeaderMap): Body {
  const { call, compat, lose } = encoding
  const fields: Body = tierField(encoding)
  const { user, metadata, cacheRetention, promptCacheKey, sessionId } = call.options
  if (user !== undefined && compat.user !== false) fields["user"] = user
  else if (user !== undefined) lose("options.user", "dropped", "The host has no such field.")
  if (metadata !== undefined) fields[compat.metadataField ?? "metadata"] = textValues(metadata)
  const key = cacheRetention === "none" ? undefined : (promptCacheKey ?? sessionId)
  if (key !== undefined && compat.promptCacheKey) fields["prompt_cache_key"] = cacheKey(key)
  else if (promptCacheKey !== undefined) lose("options.promptCacheKey", "dropped", "It is not sent to this host.")
  if (sessionId !== undefined && cacheRetention !== "none") {
    for (const name of compat.sessionHeaders ?? []) headers[name] = cacheKey(sessionId)
    if (compat.sessionField) fields[compat.sessionField] = shortened("session_", sessionId, MAX_SESSION)
  }
  if (compat.cacheControl && cacheRetention !== "none") {
    fields["cache_control"] = { type: "ephemeral", ...(cacheRetention === "long" ? { ttl: "1h" } : {}) }
  }
  if (cacheRetention === "long" && compat.promptCacheRetention) fields["prompt_cache_retention"] = "24h"
  else if (cacheRetention === "long" && !compat.cacheControl) {
    lose("options.cacheRetention", "dropped", "The host decides alone how long it caches.")
  }
  return fields
}
