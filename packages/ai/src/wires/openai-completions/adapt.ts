import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { isAboutValue, isConditional, namedEfforts, refuses, refusesField, refusesStrict } from "../refusal.ts"
import { encode } from "./request.ts"
import { factName, isObject, learned, type ChatBody, type Obj } from "./types.ts"

/** Statuses that hosts refuse a request's shape with. */
const STATUSES: ReadonlySet<number> = new Set([400, 404, 415, 422, 500, 501])
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

/**
 * What to leave out of a request that a host refused, once for each thing.
 *
 * Only what this request really held is left out, and only if that changes the request. What the host said of the
 * thing itself is kept for host and model, so that the next call does without from the start; what it said of this
 * caller's content is kept for the conversation.
 */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  const { status } = error
  if (error.delivered !== "nothing" || error.scope === "local") return undefined
  if (status !== undefined && !STATUSES.has(status)) return undefined
  if (error.code !== "invalid_request" && error.code !== "unsupported" && error.code !== "server_error") {
    return undefined
  }
  const clear = error.code !== "server_error" && status !== 500
  // A server that merely broke is no reason to build the request again.
  if (!clear && !/strict|schema|grammar|structured|wrong_api_format/i.test(`${error.message} ${error.type}`)) {
    return undefined
  }
  const body = bodyOf(call)
  if (!body) return undefined
  const sent = JSON.stringify(body)
  for (const { words, where = "host", fact, value } of changes(error, call, body, clear)) {
    if (past.some((attempt) => attempt.change === words)) continue
    const facts = { [factName(call, fact)]: value }
    if (JSON.stringify(bodyOf({ ...call, known: { ...call.known, ...facts } })) === sent) continue
    return { change: words, learn: { where, facts } }
  }
  return undefined
}

/** The body of the request; `undefined` where it could not be built, which no host has refused then. */
function bodyOf(call: Call): ChatBody | undefined {
  try {
    return encode(call).body as ChatBody
  } catch {
    return undefined
  }
}

interface Change {
  words: string
  fact: string
  value: unknown
  /** Default `host`. */
  where?: "host" | "session"
}

function* changes(error: SluiceError, call: Call, body: ChatBody, clear: boolean): Generator<Change> {
  if (clear) yield* ofFields(error, call, body)
  const strict = strictChange(error, body, clear)
  if (strict) yield strict
}

function* ofFields(error: SluiceError, call: Call, body: ChatBody): Generator<Change> {
  const text = `${error.message} ${error.param ?? ""}`
  const cap = capField(error, call, body)
  if (cap) yield { words: "without the field for the token cap it refused", fact: "maxTokensField", value: cap }
  const efforts = takenEfforts(error, body)
  if (efforts) {
    const words = efforts.length > 0 ? `with an effort out of ${efforts.join(", ")}` : "without an effort"
    yield { words, fact: "efforts", value: efforts }
  }
  // No caller has a say in what stands in this field.
  if (body["stream_options"] !== undefined && /stream_options|include_usage/i.test(text) && refuses(error.message)) {
    yield { words: "without stream_options", fact: "streamUsage", value: false }
  }
  if (sendsDetail(body) && refusesField(error, "detail", { nested: true })) {
    yield { words: "without the detail of images", fact: "imageDetail", value: false }
  }
  if (hasRole(body, "developer") && refusesDeveloper(error)) {
    yield { words: "with the role system for developer", fact: "developerRole", value: false }
  }
  if (refusesJsonSchema(error, body)) {
    yield { words: "with json_object for a schema", fact: "structuredOutput", value: "json_object" }
  }
  for (const field of OPTIONAL) {
    const value = body[field]
    if (value === undefined || !refusesField(error, field, { value })) continue
    const known = learned(call, "without")
    const without = Array.isArray(known) ? (known as string[]) : []
    if (!without.includes(field)) yield { words: `without ${field}`, fact: "without", value: [...without, field] }
  }
}

/** The field for the cap that the host wants instead of the one that it does not know. */
function capField(error: SluiceError, call: Call, body: ChatBody): string | undefined {
  if (learned(call, "maxTokensField") !== undefined) return undefined
  const sent = ["max_tokens", "max_completion_tokens"].find((field) => body[field] !== undefined)
  if (!sent || !refusesField(error, sent, { value: body[sent] })) return undefined
  return sent === "max_tokens" ? "max_completion_tokens" : "max_tokens"
}

/** The efforts that a host takes, when it refused the one that was sent: those that it lists, or none at all. */
function takenEfforts(error: SluiceError, body: ChatBody): string[] | undefined {
  const bag = body["reasoning"]
  const sent = body["reasoning_effort"] ?? (isObject(bag) ? bag["effort"] : undefined)
  if (sent === undefined || isConditional(error.message)) return undefined
  const { param } = error
  if (param !== undefined && !/effort|^reasoning$/i.test(param)) return undefined
  const listed = namedEfforts(error.message)
  if (listed.length > 0 && /effort/i.test(`${error.message} ${param ?? ""}`)) return listed
  const refused =
    refusesField(error, "reasoning_effort", { value: sent }) ||
    (isObject(bag) && refusesField(error, "effort", { value: sent, nested: true }))
  return refused ? [] : undefined
}

function refusesDeveloper({ message, param }: SluiceError): boolean {
  const role = /["'`]developer["'`]|\bdeveloper\b.{0,40}\brole\b|\brole\b.{0,40}\bdeveloper\b/is.test(message)
  return role && (refuses(message) || isAboutValue(message)) && (param === undefined || /messages|role/.test(param))
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

function objects(list: unknown): Obj[] {
  return Array.isArray(list) ? list.filter(isObject) : []
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
