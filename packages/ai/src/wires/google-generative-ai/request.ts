import type { HeaderMap } from "../../contract/frame.ts"
import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { textValues, withExtra } from "../body-fields.ts"
import { encodeContents } from "./contents.ts"
import { type EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { modelName, modelPath } from "./model-path.ts"
import { Losses } from "../../model/losses.ts"
import { outputLosses, shapeInstruction } from "../output-plan.ts"
import { googleSchema } from "../../schema/google.ts"
import { systemParts, withSystem } from "./system.ts"
import { encodeThinking } from "./thinking.ts"
import { encodeTools, schemaForm, type EncodedTools } from "./tools.ts"
import { API, AS_SSE, isObject, METHOD, type GenerateBody, type GenerationConfig, type Obj } from "./types.ts"

/** Options that have no field here. */
const UNKNOWN_OPTIONS = ["minP", "repetitionPenalty", "verbosity", "promptCacheKey", "user"] as const
/** What a cached prompt has in itself. */
const CACHED = ["systemInstruction", "tools", "toolConfig"] as const
const JSON_TYPE = "application/json"

/**
 * The request for an answer.
 *
 * @throws SluiceError `unsupported` for more than one candidate and for warming a cache, `invalid_request` for a
 * conversation without a message or a blank name of a cached prompt
 */
export function encode(call: Call): WireRequest {
  const { body, headers, losses } = build(call)
  const method = call.stream ? METHOD.stream : METHOD.generate
  return {
    path: `${modelPath(requested(call))}:${method}${call.stream ? AS_SSE : ""}`,
    headers: { ...headers, accept: call.stream ? "text/event-stream" : JSON_TYPE },
    body: body as Json,
    losses: losses.list,
  }
}

/**
 * The request that counts the prompt's tokens. The Gemini API counts nothing but the turns, unless it is given the whole
 * request.
 */
export function encodeCount(call: Call): WireRequest {
  const { body, losses } = build(call)
  const { contents, systemInstruction, tools } = body
  const beside = { ...(systemInstruction ? { systemInstruction } : {}), ...(tools ? { tools } : {}) }
  const whole = call.model.compat.google?.countsRequests && Object.keys(beside).length > 0
  const counted = whole
    ? { generateContentRequest: { model: modelName(requested(call)), contents, ...beside } }
    : { contents, ...beside }
  return {
    path: `${modelPath(requested(call))}:${METHOD.count}`,
    headers: { "content-type": JSON_TYPE, accept: JSON_TYPE },
    body: counted as unknown as Json,
    losses: losses.list,
  }
}

function requested({ model }: Call): string {
  return model.requestModelId ?? model.id
}

function build(call: Call): { body: GenerateBody; headers: HeaderMap; losses: Losses } {
  refuse(call)
  const { model, options } = call
  const compat = model.compat.google ?? {}
  const losses = new Losses()
  const state: EncodeState = { call, compat, losses }
  const tools = encodeTools(state)
  const output = encodeOutput(tools, state)
  const turns = withSystem(systemParts(output.instruction, state), encodeContents(state), state)
  const tier = encodeTier(state)
  const config = encodeConfig(output.config, state)
  const labels = encodeLabels(state)
  const body: GenerateBody = {
    ...turns,
    ...tools,
    ...(Object.keys(config).length > 0 ? { generationConfig: config } : {}),
    ...(tier !== undefined && !compat.tierHeader ? { serviceTier: tier } : {}),
    ...(labels ? { labels } : {}),
  }
  if (options.cacheRetention === "long") {
    losses.dropped("options.cacheRetention", "The host decides alone how long it caches.")
  }
  for (const name of UNKNOWN_OPTIONS) {
    if (options[name] !== undefined) losses.dropped(`options.${name}`, "The API has no field for it.")
  }
  const merged = mergeOwn(withExtra(compat.extraBody, body as never) as unknown as GenerateBody, options.wire?.[API])
  fromCache(merged, losses)
  const headers: HeaderMap = { "content-type": JSON_TYPE }
  if (tier !== undefined && compat.tierHeader) headers[compat.tierHeader.toLowerCase()] = tier
  return { body: merged, headers, losses }
}

function refuse({ op, options }: Call): void {
  if (op === "prewarm") {
    throw new SluiceError({ code: "unsupported", message: "This API has no request that only warms a cache." })
  }
  if (options.candidates !== undefined && options.candidates !== 1) {
    throw new SluiceError({
      code: "unsupported",
      param: "candidates",
      message: "candidates: one answer can be read per request.",
    })
  }
}

/** What holds the answer to a form: fields, or a sentence where the host has none. */
function encodeOutput({ tools }: EncodedTools, state: EncodeState): { config: GenerationConfig; instruction?: string } {
  const { call, compat, losses } = state
  const { output } = call.options
  if (!output || output.type === "text") return { config: {} }
  const refused =
    compat.structuredOutput === false ||
    learned(call, "noStructuredOutput") ||
    (tools !== undefined && (compat.outputWithTools === false || learned(call, "noOutputWithTools")))
  if (refused) {
    outputLosses({ how: "instruction" }, losses)
    return { config: {}, instruction: shapeInstruction(output) }
  }
  if (output.type === "json") return { config: { responseMimeType: JSON_TYPE } }
  const form = schemaForm(state)
  const { schema, changed, lost } = googleSchema(output.schema, form, false)
  if (lost) losses.approximated("options.output", "The host can be held to JSON, not to this schema.")
  else if (changed)
    losses.approximated("options.output.schema", "What the host refuses was merged or moved into descriptions.")
  outputLosses({ how: "format" }, losses, call.options)
  const config: GenerationConfig = { responseMimeType: JSON_TYPE }
  if (!lost) config[form === "json" ? "responseJsonSchema" : "responseSchema"] = schema
  return { config }
}

function encodeConfig(output: GenerationConfig, state: EncodeState): GenerationConfig {
  const maxTokens = outputCap(state)
  const thinking = encodeThinking(state)
  return {
    ...encodeSampling(state),
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
    ...encodeStop(state),
    ...encodeModalities(state),
    ...output,
    ...(thinking ? { thinkingConfig: thinking } : {}),
  }
}

/** Most tokens of the answer: the API refuses more than the model makes. */
function outputCap({ call, losses }: EncodeState): number | undefined {
  const { maxTokens } = call.options
  const most = call.model.maxTokens
  if (maxTokens === undefined || most === undefined || maxTokens <= most) return maxTokens
  losses.approximated("options.maxTokens", `The model makes at most ${most} tokens.`)
  return most
}

function encodeSampling({ call, compat, losses }: EncodeState): GenerationConfig {
  const { temperature, topP, topK, seed, presencePenalty, frequencyPenalty, logprobs } = call.options
  const config: GenerationConfig = {}
  const set = (name: "temperature" | "topP" | "topK" | "seed", value: number | undefined): void => {
    if (value === undefined) return
    if (compat.sampling === false && name !== "seed") losses.dropped(`options.${name}`, "The model does not take it.")
    else config[name] = value
  }
  set("temperature", temperature)
  set("topP", topP)
  set("topK", topK)
  set("seed", seed)
  for (const [name, value] of Object.entries({ presencePenalty, frequencyPenalty })) {
    if (value === undefined) continue
    if (learned(call, "noPenalties")) losses.dropped(`options.${name}`, "The model does not take it.")
    else config[name] = value
  }
  if (logprobs !== undefined && logprobs !== false) {
    if (learned(call, "noLogprobs")) losses.dropped("options.logprobs", "The model does not give them.")
    else {
      config.responseLogprobs = true
      if (typeof logprobs === "number") config.logprobs = logprobs
    }
  }
  return config
}

function encodeStop({ call, compat, losses }: EncodeState): GenerationConfig {
  const { stop } = call.options
  if (!stop?.length) return {}
  const most = compat.maxStop ?? 5
  if (stop.length > most) losses.dropped("options.stop", `The first ${most} stop sequences are sent.`)
  return { stopSequences: stop.slice(0, most) }
}

/** What the answer may hold, where that is more than text. */
function encodeModalities({ call }: EncodeState): GenerationConfig {
  const kinds = call.model.output.filter((kind) => kind === "text" || kind === "image" || kind === "audio")
  if (kinds.every((kind) => kind === "text")) return {}
  return { responseModalities: kinds.map((kind) => kind.toUpperCase()) }
}

function encodeTier({ call, compat, losses }: EncodeState): string | undefined {
  const { serviceTier } = call.options
  if (serviceTier === undefined || serviceTier === "auto" || serviceTier === "default") return undefined
  if (compat.serviceTiers?.includes(serviceTier) && !learned(call, "noServiceTier")) return serviceTier
  losses.dropped("options.serviceTier", "The host has no such tier.")
  return undefined
}

function encodeLabels({ call, compat, losses }: EncodeState): Obj | undefined {
  const { metadata } = call.options
  if (!metadata || Object.keys(metadata).length === 0) return undefined
  if (compat.labels) return textValues(metadata)
  losses.dropped("options.metadata", "The host stores nothing with a call.")
  return undefined
}

/** Sets the caller's own fields last; `undefined` removes one. Those of a configuration join ours. */
function mergeOwn(body: GenerateBody, own: Readonly<Obj> | undefined): GenerateBody {
  for (const [name, value] of Object.entries(own ?? {})) {
    const before = (body as Obj)[name]
    if (value === undefined) delete body[name]
    else if ((name === "generationConfig" || name === "toolConfig") && isObject(value) && isObject(before)) {
      ;(body as Obj)[name] = { ...before, ...value }
    } else (body as Obj)[name] = value
  }
  return body
}

/**
 * A cached prompt has its own system prompt and tools: the host refuses both beside it.
 * @throws SluiceError `invalid_request` for a blank name
 */
function fromCache(body: GenerateBody, losses: Losses): void {
  const name: unknown = body.cachedContent
  if (name === undefined) return
  if (typeof name !== "string" || name.trim() === "") {
    throw new SluiceError({
      code: "invalid_request",
      param: "cachedContent",
      message: "cachedContent: the name of a cached prompt must not be blank.",
      hint: "Give the name that the vendor returned when the prompt was cached, such as cachedContents/abc, or leave the field out.",
    })
  }
  for (const field of CACHED) {
    if (body[field] === undefined) continue
    delete body[field]
    const ours = field === "systemInstruction" ? "systemPrompt" : field === "tools" ? "tools" : "options.toolChoice"
    losses.dropped(ours, "The cached prompt has its own.")
  }
}
