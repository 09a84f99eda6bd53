import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, objects, type Adaptable, type Change } from "../adaptation.ts"
import { refusedFields, WITHOUT } from "../openai/left-out-fields.ts"
import { effortChange } from "../openai/refused-efforts.ts"
import { isOfRequest, mayBeOfRequest, REFUSING, refusesDeveloper } from "../openai/refused-requests.ts"
import { refuses, refusesField, refusesStrict } from "../refusal.ts"
import { encode } from "./request.ts"
import { facts, isObject, learned, type ChatBody } from "./types.ts"

/** Fields that may be left out without changing what is asked for beyond repair. */
const OPTIONAL: readonly string[] = [
  "parallel_tool_calls",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "presence_penalty",
  "frequency_penalty",
  "repetition_penalty",
  "seed",
  "verbosity",
  "store",
  "user",
  "metadata",
  "service_tier",
  "prompt_cache_key",
  "logprobs",
  "top_logprobs",
  "reasoning",
  "reasoning_effort",
  "enable_thinking",
  "thinking_budget",
  "chat_template_kwargs",
]

const RULES: Adaptable<ChatBody> = { encode, facts, statuses: REFUSING, isTelling: mayBeOfRequest, changes }

/** What to leave out of a request that a host refused. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return adaptation(error, call, past, RULES)
}

function* changes(error: SluiceError, call: Call, body: ChatBody): Generator<Change> {
  const clear = isOfRequest(error)
  if (clear) yield* ofFields(error, call, body)
  const strict = strictChange(error, body, clear)
  if (strict) yield strict
}

function* ofFields(error: SluiceError, call: Call, body: ChatBody): Generator<Change> {
  const text = `${error.message} ${error.param ?? ""}`
  const cap = capField(error, call, body)
  if (cap) yield { words: "without the field for the token cap it refused", fact: "maxTokensField", value: cap }
  const effort = ofEffort(error, body)
  if (effort) yield effort
  // No caller has a say in what stands in this field.
  if (body["stream_options"] !== undefined && /stream_options|include_usage/i.test(text) && refuses(error.message)) {
    yield { words: "without stream_options", fact: "streamUsage", value: false }
  }
  if (sendsDetail(body) && refusesField(error, "detail", { nested: true })) {
    yield { words: "without the detail of images", fact: "imageDetail", value: false }
  }
  if (hasRole(body, "developer") && refusesDeveloper(error, "messages")) {
    yield { words: "with the role system for developer", fact: "developerRole", value: false }
  }
  if (refusesJsonSchema(error, body)) {
    yield { words: "with json_object for a schema", fact: "structuredOutput", value: "json_object" }
  }
  yield* refusedFields(error, body, OPTIONAL, learned(call, WITHOUT))
}

/** The field for the cap that the host wants instead of the one that it does not know. */
function capField(error: SluiceError, call: Call, body: ChatBody): string | undefined {
  if (learned(call, "maxTokensField") !== undefined) return undefined
  const sent = ["max_tokens", "max_completion_tokens"].find((field) => body[field] !== undefined)
  if (!sent || !refusesField(error, sent, { value: body[sent] })) return undefined
  return sent === "max_tokens" ? "max_completion_tokens" : "max_tokens"
}

function ofEffort(error: SluiceError, body: ChatBody): Change | undefined {
  const bag = body["reasoning"]
  const nested = isObject(bag) ? bag["effort"] : undefined
  const sent = body["reasoning_effort"] ?? nested
  return effortChange(
    error,
    sent,
    () =>
      refusesField(error, "reasoning_effort", { value: sent }) ||
      (nested !== undefined && refusesField(error, "effort", { value: sent, nested: true })),
  )
}

/** The host takes no schema at all; a schema that it cannot use is the caller's. */
function refusesJsonSchema(error: SluiceError, body: ChatBody): boolean {
  const format = body["response_format"]
  if (!isObject(format) || format["type"] !== "json_schema" || /invalid schema/i.test(error.message)) return false
  if (refusesField(error, "response_format") || refusesField(error, "json_schema", { nested: true })) return true
  const { message, param } = error
  return /response_format/i.test(`${message} ${param ?? ""}`) && /json_object/.test(message) && !/schema/i.test(message)
}

function strictChange(error: SluiceError, body: ChatBody, clear: boolean): Change | undefined {
  if (!sendsStrict(body)) return undefined
  const where = refusesStrict(error, clear)
  return where && { words: "without strict tools", fact: "strictTools", value: false, where }
}

function hasRole(body: ChatBody, role: string): boolean {
  return objects(body["messages"]).some((message) => message["role"] === role)
}

function sendsDetail(body: ChatBody): boolean {
  return objects(body["messages"])
    .flatMap((message) => objects(message["content"]))
    .some((part) => isObject(part["image_url"]) && part["image_url"]["detail"] !== undefined)
}

function sendsStrict(body: ChatBody): boolean {
  return objects(body["tools"]).some((tool) => isObject(tool["function"]) && tool["function"]["strict"] !== undefined)
}
