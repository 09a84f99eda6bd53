import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { betasOfHeaders, listedBetas } from "../anthropic-betas.ts"
import { countedModel, pathOf } from "../bedrock/path.ts"
import { withBag, withExtra } from "../body-fields.ts"
import { isObject } from "../../model/json.ts"
import { placePoints } from "./cache.ts"
import { DocumentNames } from "./document-names.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { Losses } from "../../model/losses.ts"
import { outputLosses } from "../output-plan.ts"
import { systemTexts } from "../system-texts.ts"
import { encodeMessages, goesOnWithoutThinking } from "./messages.ts"
import { planOutput, type OutputPlan } from "./output.ts"
import { planThinking, type ThinkingPlan } from "./thinking.ts"
import { planTools } from "./tools.ts"
import { API, type ConverseBody, type Obj, type WireBlock } from "./types.ts"

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
  "user",
] as const
/** Fields that the counting of tokens takes. */
const COUNTED = ["messages", "system", "toolConfig", "additionalModelRequestFields"] as const
const TIERS = ["default", "priority", "flex", "reserved"]
/** What metadata of a request may consist of, and how much of it there may be. */
const METADATA = /^[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}$/
const MAX_METADATA = 16

/**
 * The request for an answer.
 *
 * @throws SluiceError `unsupported` for more than one candidate and for warming a cache, `invalid_request` for a
 * conversation without a message or a limit that leaves no room for the answer
 */
export function encode(call: Call): WireRequest {
  const { body, losses } = build(call)
  return {
    path: pathOf(idOf(call), call.stream ? "converse-stream" : "converse"),
    headers: headers(call.stream ? "application/vnd.amazon.eventstream" : "application/json"),
    body: body as Json,
    losses: losses.list,
  }
}

/** The request that counts the prompt's tokens. Profiles are not counted with: the model itself is named. */
export function encodeCount(call: Call): WireRequest {
  const { body, losses } = build(call)
  const converse = Object.fromEntries(
    COUNTED.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]),
  )
  return {
    path: pathOf(countedModel(idOf(call)), "count-tokens"),
    headers: headers("application/json"),
    body: { input: { converse } } as Json,
    losses: losses.list,
  }
}

function idOf({ model }: Call): string {
  return model.requestModelId ?? model.id
}

function headers(accept: string): Record<string, string> {
  return { "content-type": "application/json", accept }
}

function build(call: Call): { body: ConverseBody; losses: Losses } {
  refuse(call)
  const { model, options } = call
  const compat = model.compat.converse ?? {}
  const losses = new Losses()
  const state: EncodeState = { call, compat, losses, marks: new Map(), names: new DocumentNames() }
  const output = planOutput(call)
  outputLosses(output, losses, options, ["name", "description"])
  const plan = planTools(state, output)
  const turns = encodeMessages(state)
  const thinking = planThinking(call, plan.forced, goesOnWithoutThinking(turns), losses)
  let system = encodeSystem(state, output)
  if (system.length > 0 && (compat.system === false || learned(call, "noSystem"))) {
    losses.approximated("systemPrompt", "The model takes no system prompt; it stands before what the user says.")
    turns[0]?.content.unshift(...system)
    system = []
  }
  const { tools } = plan
  placePoints({ tools, system, turns }, state)
  const inference = encodeInference(state, thinking)
  const fields = {
    ...compat.extraFields,
    ...encodeTopK(state, thinking),
    ...thinking.fields,
    ...encodeBetas(state, thinking),
  }
  const body: ConverseBody = {
    messages: turns,
    ...(system.length > 0 ? { system } : {}),
    ...(Object.keys(inference).length > 0 ? { inferenceConfig: inference } : {}),
    ...(tools.length > 0 ? { toolConfig: { tools, ...(plan.choice ? { toolChoice: plan.choice } : {}) } } : {}),
    ...(Object.keys(fields).length > 0 ? { additionalModelRequestFields: fields } : {}),
    ...(output?.how === "format" ? { outputConfig: output.config } : {}),
    ...encodeTier(state),
    ...encodeMetadata(state),
  }
  for (const name of UNKNOWN_OPTIONS) {
    const value = options[name]
    if (value !== undefined && value !== false) losses.dropped(`options.${name}`, "The API has no field for it.")
  }
  return { body: own(withExtra(compat.extraBody, body as Body), options.wire?.[API]), losses }
}

type Body = { [field: string]: Json | undefined }

/** The caller's own fields, last. Those of the model are merged, so that a field beside ours does not remove it. */
function own(body: Body, bag: Readonly<Obj> | undefined): ConverseBody {
  const name = "additionalModelRequestFields"
  const [ours, theirs] = [body[name], bag?.[name]]
  const merged = isObject(ours) && isObject(theirs) ? { ...bag, [name]: { ...ours, ...theirs } } : bag
  return withBag(merged, body) as unknown as ConverseBody
}

function refuse({ op, options }: Call): void {
  if (op === "prewarm") {
    throw new SluiceError({ code: "unsupported", message: "Converse has no request that only warms a cache." })
  }
  if (options.candidates !== undefined && options.candidates !== 1) {
    throw new SluiceError({
      code: "unsupported",
      param: "candidates",
      message: "candidates: Converse gives one answer per request.",
    })
  }
}

/** The system prompt, and the instructions at the head of the conversation, which have no other place in this API. */
function encodeSystem({ call, marks, losses }: EncodeState, output: OutputPlan | undefined): WireBlock[] {
  const blocks = systemTexts(call.context, losses).map(({ text, cache }) => {
    const block: WireBlock = { text }
    if (cache) marks.set(block, cache)
    return block
  })
  if (output?.how === "instruction") blocks.push({ text: output.text })
  return blocks
}

function encodeInference({ call, compat, losses }: EncodeState, thinking: ThinkingPlan): Obj {
  const { temperature, topP, stop } = call.options
  const config: Obj = {}
  if (thinking.maxTokens !== undefined) config["maxTokens"] = thinking.maxTokens
  const refused = compat.sampling === false || (thinking.on && compat.thinkingFormat === "anthropic")
  const why = compat.sampling === false ? "The model does not take it." : "The model takes it without thinking only."
  if (temperature !== undefined) {
    if (refused) losses.dropped("options.temperature", why)
    else {
      if (temperature > 1) losses.approximated("options.temperature", "The API's range ends at 1.")
      config["temperature"] = Math.min(1, temperature)
    }
  }
  if (topP !== undefined) {
    const one = config["temperature"] !== undefined && (compat.oneSampling || learned(call, "oneSampling"))
    if (refused) losses.dropped("options.topP", why)
    else if (one) losses.dropped("options.topP", "The model takes it without a temperature only.")
    else config["topP"] = topP
  }
  const usable = stop?.filter((text) => text.trim() !== "") ?? []
  if (usable.length < (stop?.length ?? 0)) losses.dropped("options.stop", "The API takes no blank stop sequence.")
  if (usable.length > 0) config["stopSequences"] = usable
  return config
}

/** Every family spells this one among its own fields. */
function encodeTopK({ call, compat, losses }: EncodeState, thinking: ThinkingPlan): Obj {
  const { topK } = call.options
  if (topK === undefined) return {}
  if (compat.topK === undefined || compat.sampling === false || (thinking.on && compat.topK === "top_k")) {
    losses.dropped("options.topK", "The model is not known to take it here.")
    return {}
  }
  return compat.topK === "top_k" ? { top_k: topK } : { inferenceConfig: { topK } }
}

/** All betas as one of the model's own fields, those of a header among them, which the API does not read. */
function encodeBetas({ call, compat, losses }: EncodeState, thinking: ThinkingPlan): Obj {
  const named = betasOfHeaders(call)
  const takes = compat.thinkingFormat === "anthropic"
  if (named.length > 0 && !takes) losses.dropped("options.headers", "Only Anthropic's models have betas.")
  const ours = [compat.extraFields, thinking.fields].flatMap((fields) => listedBetas(fields?.["anthropic_beta"]))
  const betas = new Set([...ours, ...(takes ? named : [])])
  return betas.size > 0 ? { anthropic_beta: [...betas] } : {}
}

/** A tier of service, or the latency that Bedrock optimizes some models for. */
function encodeTier({ call, compat, losses }: EncodeState): Partial<ConverseBody> {
  const wanted = call.options.serviceTier
  if (wanted === undefined || wanted === "auto") return {}
  if (wanted === "optimized" || wanted === "fast") return { performanceConfig: { latency: "optimized" } }
  const tier = wanted === "standard" ? "default" : wanted
  if (learned(call, "noServiceTier")) losses.dropped("options.serviceTier", "The model takes none.")
  else if ((compat.serviceTiers ?? TIERS).includes(tier)) return { serviceTier: { type: tier } }
  else losses.dropped("options.serviceTier", "The model has no such tier.")
  return {}
}

/** What is stored with the request: few short texts of few characters. */
function encodeMetadata({ call, losses }: EncodeState): Partial<ConverseBody> {
  const kept: [string, string][] = []
  for (const [name, value] of Object.entries(call.options.metadata ?? {})) {
    const text = typeof value === "string" ? value : JSON.stringify(value)
    if (name !== "" && METADATA.test(name) && METADATA.test(text) && kept.length < MAX_METADATA) kept.push([name, text])
    else losses.dropped(`options.metadata.${name}`, `The API stores ${MAX_METADATA} short texts of plain characters.`)
  }
  return kept.length > 0 ? { requestMetadata: Object.fromEntries(kept) } : {}
}
