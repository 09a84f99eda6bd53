import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { betasFor } from "./betas.ts"
import { placeMarks } from "./cache.ts"
import { learned } from "./facts.ts"
import { Losses } from "../../model/losses.ts"
import { outputLosses } from "../output-plan.ts"
import { systemTexts } from "../system-texts.ts"
import { encodeMessages, goesOnWithoutThinking } from "./messages.ts"
import { planOutput, type OutputPlan } from "./output.ts"
import { headers } from "./protocol.ts"
import { planThinking, type ThinkingPlan } from "./thinking.ts"
import { encodeTools, planToolChoice } from "./tools.ts"
import {
  API,
  COUNT_TOKENS_PATH,
  isObject,
  MESSAGES_PATH,
  type Obj,
  type Marks,
  type MessagesBody,
  type WireBlock,
} from "./types.ts"

const MAX_STOP_SEQUENCES = 4
/** Options that have no field here. */
const UNKNOWN_OPTIONS = [
  "minP",
  "presencePenalty",
  "frequencyPenalty",
  "repetitionPenalty",
  "seed",
  "logprobs",
  "verbosity",
  "promptCacheKey",
] as const
/** Fields of a request that the counting of tokens does not take. */
const NOT_COUNTED = [
  "max_tokens",
  "stream",
  "metadata",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "service_tier",
]

/**
 * The request for an answer.
 *
 * @throws SluiceError `unsupported` for more than one candidate and for warming a cache, `invalid_request` for a
 * conversation without a message or a limit that leaves no room for the answer
 */
export function encode(call: Call): WireRequest {
  const { losses, body, betas } = build(call)
  const { tierHeader } = call.model.compat.messages ?? {}
  const tier = tierHeader === undefined ? undefined : hostTier(call)
  return {
    path: MESSAGES_PATH,
    headers: {
      ...headers(call.stream ? "text/event-stream" : "application/json", betas),
      ...(tierHeader === undefined || tier === undefined ? {} : { [tierHeader]: tier }),
    },
    body: body as Json,
    losses: losses.list,
  }
}

/** The request that counts the prompt's tokens. */
export function encodeCount(call: Call): WireRequest {
  const { losses, body, betas } = build(call)
  for (const field of NOT_COUNTED) delete body[field]
  return {
    path: COUNT_TOKENS_PATH,
    headers: headers("application/json", betas),
    body: body as Json,
    losses: losses.list,
  }
}

function build(call: Call): { body: MessagesBody; betas: string | undefined; losses: Losses } {
  refuse(call)
  const { model, options } = call
  const compat = model.compat.messages ?? {}
  const losses = new Losses()
  const marks: Marks = new Map()
  const output = planOutput(call)
  outputLosses(output, losses, options)
  const turns = encodeMessages(call, losses, marks)
  const system = encodeSystem(call, marks, output, losses)
  const tools = output?.how === "tool" ? [output.tool] : encodeTools(call, losses, marks)
  const { choice, forced } =
    output?.how === "tool"
      ? { choice: { type: "tool" as const, name: output.name }, forced: true }
      : planToolChoice(call, tools ?? [], losses)
  const thinking = planThinking(call, forced, goesOnWithoutThinking(turns), losses)
  placeMarks({ tools: tools ?? [], system, turns, marks }, call, losses)
  const metadata = encodeMetadata(call, losses)
  const config = outputConfig(thinking, output)
  const body: MessagesBody = {
    model: model.requestModelId ?? model.id,
    messages: turns.map((turn) => turn.message),
    ...(system.length > 0 ? { system } : {}),
    ...(tools ? { tools } : {}),
    ...(metadata ? { metadata } : {}),
    max_tokens: thinking.maxTokens,
    ...(thinking.thinking ? { thinking: thinking.thinking } : {}),
    ...(thinking.on && compat.contextManagement && !learned(call, "noContextManagement")
      ? { context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] } }
      : {}),
    ...(config ? { output_config: config } : {}),
    ...(call.stream ? { stream: true } : {}),
    ...encodeSampling(call, thinking, losses),
    ...encodeStop(call, losses),
    ...encodeTier(call, losses),
    ...(choice ? { tool_choice: choice } : {}),
    ...compat.extraBody,
  }
  for (const name of UNKNOWN_OPTIONS) {
    const value = options[name]
    if (value !== undefined && value !== false) losses.dropped(`options.${name}`, "The API has no field for it.")
  }
  const extra = mergeOwn(body, options.wire?.[API])
  return { body, betas: betasFor(body, call, extra), losses }
}

function refuse({ op, options }: Call): void {
  if (op === "prewarm") {
    throw new SluiceError({ code: "unsupported", message: "The Messages API has no request that only warms a cache." })
  }
  if (options.candidates !== undefined && options.candidates !== 1) {
    throw new SluiceError({
      code: "unsupported",
      param: "candidates",
      message: "candidates: the Messages API gives one answer per request.",
    })
  }
}

/** The system prompt, and the instructions at the head of the conversation, which have no other place in this API. */
function encodeSystem({ context }: Call, marks: Marks, output: OutputPlan | undefined, losses: Losses): WireBlock[] {
  const blocks = systemTexts(context, losses).map(({ text, cache }) => {
    const block: WireBlock = { type: "text", text }
    if (cache) marks.set(block, cache)
    return block
  })
  if (output?.how === "instruction") blocks.push({ type: "text", text: output.text })
  return blocks
}

function encodeMetadata({ options }: Call, losses: Losses): Obj | undefined {
  const { user, metadata } = options
  const named = metadata?.["user_id"]
  const userId = user ?? (typeof named === "string" ? named : undefined)
  for (const name of Object.keys(metadata ?? {})) {
    if (name !== "user_id" || typeof named !== "string") {
      losses.dropped(`options.metadata.${name}`, "The API stores nothing but an id of the user.")
    }
  }
  return userId === undefined ? undefined : { user_id: userId }
}

function outputConfig({ effort }: ThinkingPlan, output: OutputPlan | undefined): MessagesBody["output_config"] {
  if (effort === undefined && output?.how !== "format") return undefined
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(output?.how === "format" ? { format: { type: "json_schema", schema: output.schema } } : {}),
  }
}

function encodeSampling({ model, options }: Call, { thinking }: ThinkingPlan, losses: Losses): Partial<MessagesBody> {
  const { temperature, topP, topK } = options
  const given = { temperature, topP, topK }
  const allowed = model.compat.messages?.sampling !== false && (!thinking || thinking.type === "disabled")
  if (!allowed) {
    const why = thinking ? "The API takes it without thinking only." : "The model does not take it."
    for (const [name, value] of Object.entries(given)) if (value !== undefined) losses.dropped(`options.${name}`, why)
    return {}
  }
  if (temperature !== undefined && temperature > 1) {
    losses.approximated("options.temperature", "The API's range ends at 1.")
  }
  return {
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
  }
}

function encodeStop({ options }: Call, losses: Losses): Partial<MessagesBody> {
  if (!options.stop?.length) return {}
  const usable = options.stop.filter((text) => text.trim() !== "")
  if (usable.length < options.stop.length) losses.dropped("options.stop", "The API takes no blank stop sequence.")
  if (usable.length > MAX_STOP_SEQUENCES) {
    losses.dropped("options.stop", `The first ${MAX_STOP_SEQUENCES} stop sequences are sent.`)
  }
  return usable.length > 0 ? { stop_sequences: usable.slice(0, MAX_STOP_SEQUENCES) } : {}
}

/** The tier, where it is one that the host has in the place of the vendor's own. */
function hostTier({ model, options }: Call): string | undefined {
  const tier = options.serviceTier === "standard" ? "default" : options.serviceTier
  return tier !== undefined && model.compat.messages?.serviceTiers?.includes(tier) ? tier : undefined
}

/** `priority` is this vendor's fast mode; its own tiers are about capacity that was bought before. */
function encodeTier(call: Call, losses: Losses): Partial<MessagesBody> {
  const { serviceTiers, tierHeader } = call.model.compat.messages ?? {}
  if (serviceTiers) {
    const tier = hostTier(call)
    if (tier !== undefined) return tierHeader === undefined ? { service_tier: tier } : {}
    const wanted = call.options.serviceTier
    if (wanted !== undefined && wanted !== "auto") losses.dropped("options.serviceTier", "The host has no such tier.")
    return {}
  }
  switch (call.options.serviceTier) {
    case undefined:
      return {}
    case "auto":
      return { service_tier: "auto" }
    case "standard_only":
    case "standard":
    case "default":
      return { service_tier: "standard_only" }
    case "priority":
    case "fast":
      if (!learned(call, "noFastMode")) return { speed: "fast" }
      losses.dropped("options.serviceTier", "The account or the model has no fast mode.")
      return {}
    default:
      losses.dropped("options.serviceTier", "The API has no such tier.")
      return {}
  }
}

/**
 * Sets the caller's own fields last; `undefined` removes one. `output_config` and `metadata` are merged, so that a
 * field beside ours does not remove it. Gives back `betas`, which is a header.
 */
function mergeOwn(body: MessagesBody, own: Readonly<Obj> | undefined): unknown {
  if (!own) return undefined
  for (const [name, value] of Object.entries(own)) {
    if (name === "betas") continue
    if (value === undefined) delete body[name]
    else if ((name === "output_config" || name === "metadata") && isObject(value)) {
      ;(body as Obj)[name] = { ...(body[name] as Obj | undefined), ...value }
    } else (body as Obj)[name] = value
  }
  return own["betas"]
}
