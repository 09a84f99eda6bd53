import { EFFORTS, type Effort } from "@sluice/catalog/core"
import type { InboundCall, InboundRequest } from "../../contract/wire-server.ts"
import type { Loss } from "../../model/message.ts"
import type { CallOptions } from "../../model/options.ts"
import { acceptControls, defined, loseUnread, type Lose } from "../openai/accept-fields.ts"
import { affinityOf, forwarded } from "../openai/accept-headers.ts"
import {
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalString,
  optionalWord,
  readObject,
  readString,
} from "../openai/accept-readers.ts"
import { acceptMessages } from "./accept-messages.ts"
import { acceptOutput, acceptToolChoice, acceptTools } from "./accept-tools.ts"
import { isObject, type Obj } from "./types.ts"

/** Fields that are read; every other one is reported as left out. */
const READ: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "functions",
  "function_call",
  "parallel_tool_calls",
  "response_format",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "presence_penalty",
  "frequency_penalty",
  "repetition_penalty",
  "seed",
  "stop",
  "n",
  "reasoning_effort",
  "reasoning",
  "thinking",
  "enable_thinking",
  "verbosity",
  "service_tier",
  "logprobs",
  "top_logprobs",
  "user",
  "safety_identifier",
  "metadata",
  "prompt_cache_key",
  "prompt_cache_retention",
])

/** Values of other fields that say nothing beyond the default. */
const IDLE: Readonly<Record<string, (value: unknown) => boolean>> = {
  store: (value) => value === false,
  modalities: (value) => Array.isArray(value) && value.every((one) => one === "text"),
  logit_bias: (value) => isObject(value) && Object.keys(value).length === 0,
}

/**
 * Reads a request to `/chat/completions`. Tolerates fields, tools and parts that it does not know, and reports them.
 *
 * @throws SluiceError `invalid_request` whose `param` is the path of the field that has the wrong shape
 */
export function accept(request: InboundRequest): InboundCall {
  if (!isObject(request.body)) throw invalid("body", "expected a JSON object")
  const body = request.body
  const losses: Loss[] = []
  const lose: Lose = (field, reason) => {
    losses.push({ field, kind: "dropped", reason })
  }
  const model = readString(body["model"], "model")
  if (model === "") throw invalid("model", "expected the name of a model")
  const conversation = acceptMessages(body["messages"], model, lose)
  const { choice, tools } = acceptToolChoice(body, acceptTools(body), lose)
  const affinity = affinityOf(body, request.headers)
  const output = acceptOutput(body["response_format"], lose)
  const options: CallOptions = {
    ...numbers(body),
    ...reasoning(body),
    ...controls(body),
    ...acceptControls(body),
    ...(choice === undefined ? {} : { toolChoice: choice }),
    ...(output === undefined ? {} : { output }),
    ...(affinity === undefined ? {} : { sessionId: affinity }),
  }
  loseUnread(body, READ, IDLE, lose)
  return {
    op: "generate",
    route: request.route,
    model,
    context: { ...conversation, ...(tools === undefined ? {} : { tools }) },
    options,
    stream: optionalBoolean(body["stream"], "stream") ?? false,
    framing: "sse",
    losses,
    forward: forwarded(request.headers),
    request,
    ...(affinity === undefined ? {} : { affinity }),
    wantsUsage: wantsUsage(body["stream_options"]),
  }
}

function numbers(body: Obj): CallOptions {
  const most = body["max_completion_tokens"] ?? body["max_tokens"]
  const field = body["max_completion_tokens"] == null ? "max_tokens" : "max_completion_tokens"
  const candidates = optionalInteger(body["n"], "n", 1)
  return defined({
    temperature: optionalNumber(body["temperature"], "temperature"),
    topP: optionalNumber(body["top_p"], "top_p"),
    topK: optionalNumber(body["top_k"], "top_k"),
    minP: optionalNumber(body["min_p"], "min_p"),
    presencePenalty: optionalNumber(body["presence_penalty"], "presence_penalty"),
    frequencyPenalty: optionalNumber(body["frequency_penalty"], "frequency_penalty"),
    repetitionPenalty: optionalNumber(body["repetition_penalty"], "repetition_penalty"),
    seed: optionalNumber(body["seed"], "seed"),
    maxTokens: optionalInteger(most, field, 1),
    candidates: candidates === 1 ? undefined : candidates,
  })
}

function reasoning(body: Obj): CallOptions {
  const effort = effortOf(body["reasoning_effort"], "reasoning_effort")
  if (effort !== undefined) return { reasoning: effort }
  const { reasoning: bag, thinking, enable_thinking } = body
  if (isObject(bag)) {
    const level = bag["enabled"] === false ? "off" : effortOf(bag["effort"], "reasoning.effort")
    const enabled = bag["enabled"] === true && bag["max_tokens"] === undefined ? "medium" : undefined
    return defined({
      reasoning: level ?? enabled,
      thinkingBudget: optionalInteger(bag["max_tokens"], "reasoning.max_tokens", 0),
      showThinking: bag["exclude"] === true ? false : undefined,
    })
  }
  if (isObject(thinking)) {
    if (thinking["type"] === "disabled") return { reasoning: "off" }
    const budget = optionalInteger(thinking["budget_tokens"], "thinking.budget_tokens", 0)
    return budget === undefined ? { reasoning: "medium" } : { thinkingBudget: budget }
  }
  if (typeof enable_thinking === "boolean") return { reasoning: enable_thinking ? "medium" : "off" }
  return {}
}

function effortOf(value: unknown, path: string): Effort | "off" | undefined {
  const word = optionalWord(value, path, ["none", "off", "default", ...EFFORTS])
  if (word === undefined || word === "default") return undefined
  return word === "none" || word === "off" ? "off" : word
}

function controls(body: Obj): CallOptions {
  const logprobs = optionalBoolean(body["logprobs"], "logprobs")
  const top = optionalInteger(body["top_logprobs"], "top_logprobs")
  return defined({
    stop: stopOf(body["stop"]),
    verbosity: optionalWord(body["verbosity"], "verbosity", ["low", "medium", "high"]),
    serviceTier: optionalString(body["service_tier"], "service_tier"),
    logprobs: logprobs === true && top !== undefined ? top : logprobs === true ? true : undefined,
  })
}

function stopOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === "string") return [value]
  if (!Array.isArray(value)) throw invalid("stop", "expected a string or an array of strings")
  return value.length === 0 ? undefined : value.map((entry, i) => readString(entry, `stop[${i}]`))
}

function wantsUsage(value: unknown): boolean {
  if (value === undefined || value === null) return false
  const options = readObject(value, "stream_options")
  return optionalBoolean(options["include_usage"], "stream_options.include_usage") ?? false
}
