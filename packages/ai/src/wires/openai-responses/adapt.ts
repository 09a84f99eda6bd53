import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { isAboutValue, isConditional, namedEfforts, refuses, refusesField, refusesStrict } from "../refusal.ts"
import { brokenChain, chainingOf } from "./chain.ts"
import { encode } from "./request.ts"
import { WHITESPACE_LOOP } from "./whitespace-guard.ts"
import { factName, isObject, learned, type Body, type Obj } from "./types.ts"

/** How often a call that has become endless is asked for again, and how much longer is waited each time. */
const MAX_LOOPS = 2
const LOOP_WAIT_MS = 250
const AFTER_LOOP = "the same again, after an endless tool call"
const WHOLE = "with the whole conversation"
/** Words about the response that a request goes on from. */
const CHAIN = /previous[_ ]response/i
const LOST = /not found|invalid|expired|stale|unsupported|not supported/i
/** The host keeps nothing for this organisation. */
const NOTHING_KEPT = /zero[ -]data[ -]retention/i
/** Statuses that hosts refuse a request's shape with. */
const STATUSES: ReadonlySet<number> = new Set([400, 404, 415, 422, 500, 501])
/** Fields that may be left out without changing what is asked for beyond repair. */
const OPTIONAL: readonly string[] = [
  "parallel_tool_calls",
  "temperature",
  "top_p",
  "max_output_tokens",
  "store",
  "user",
  "metadata",
  "service_tier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "top_logprobs",
]
/** The vendor cannot read thinking that it is said to have made. */
const THINKING_REFUSED =
  /invalid_encrypted_content|encrypted[_ ]content.{0,80}(?:could not be|cannot be|not be|invalid|verif|decrypt|pars)/i
/** An item that was named is not where the vendor looks for it. */
const ID_REFUSED =
  /\bitems? (?:with id )?['"`]?\w+['"`]?.{0,80}(?:not found|without its required|not persisted)|duplicate item/i

/**
 * What to leave out of a request that a host refused, once for each thing.
 *
 * Only what this request really held is left out, and only if that changes the request. What the host said of the
 * thing itself is kept for host and model, so that the next call does without from the start; what it said of this
 * caller's content is kept for the conversation.
 */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  const { status } = error
  const loop = ofLoop(error, past)
  if (loop || error.delivered !== "nothing" || error.scope === "local") return loop
  const chain = ofChain(error, call)
  if (chain) return chain
  if (status !== undefined && !STATUSES.has(status)) return undefined
  if (error.code !== "invalid_request" && error.code !== "unsupported" && error.code !== "server_error") {
    return undefined
  }
  const clear = error.code !== "server_error" && status !== 500
  // A server that merely broke is no reason to build the request again.
  if (!clear && !/strict|schema|grammar|structured/i.test(`${error.message} ${error.type}`)) return undefined
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

/** An endless call: the same again, in the hope that the model finds its way. What was made of the call is dropped. */
function ofLoop(error: SluiceError, past: readonly Attempt[]): Adaptation | undefined {
  if (error.type !== WHITESPACE_LOOP || error.delivered === "final") return undefined
  const before = past.filter(({ change }) => change === AFTER_LOOP).length
  return before < MAX_LOOPS ? { change: AFTER_LOOP, channel: "reopen", waitMs: LOOP_WAIT_MS * (before + 1) } : undefined
}

/** The response that the request went on from is not there any more, or is not kept at all. */
function ofChain(error: SluiceError, call: Call): Adaptation | undefined {
  const chaining = chainingOf(call)
  if (!chaining) return undefined
  const forGood = NOTHING_KEPT.test(error.message)
  const stale =
    chaining.previous !== undefined &&
    (error.code === "state_lost" || (CHAIN.test(error.message) && LOST.test(error.message)) || blocks(error))
  if (!stale && !(forGood && chaining.where === "session")) return undefined
  if (chaining.where === "channel") return { change: WHOLE, channel: "reopen" }
  return { change: WHOLE, learn: { where: "session", facts: brokenChain(call, forGood) } }
}

/** A prompt that was refused may be one that this request alone does not show. */
function blocks({ type, message }: SluiceError): boolean {
  return type === "invalid_prompt" || /request (?:was )?blocked/i.test(message)
}

/** The body of the request; `undefined` where it could not be built, which no host has refused then. */
function bodyOf(call: Call): Body | undefined {
  try {
    return encode(call).body as Body
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

function* changes(error: SluiceError, call: Call, body: Body, clear: boolean): Generator<Change> {
  if (clear) {
    yield* ofThinking(error, body)
    yield* ofFields(error, call, body)
  }
  const where = sendsStrict(body) ? refusesStrict(error, clear) : undefined
  if (where === "host") yield { words: "without strict tools", fact: "strictTools", value: "unknown" }
  if (where === "session") yield { words: "without strict tools", fact: "strictTools", value: false, where }
}

function* ofThinking(error: SluiceError, body: Body): Generator<Change> {
  const said = `${error.type ?? ""} ${error.message}`
  if (THINKING_REFUSED.test(said)) {
    yield { words: "without the thinking of earlier turns", fact: "thinkingReplay", value: false, where: "session" }
  }
  if (ID_REFUSED.test(error.message)) {
    yield { words: "without the ids of items", fact: "itemIds", value: false, where: "session" }
  }
  const { reasoning } = body
  const refused = refuses(error.message) || isAboutValue(error.message)
  if (body["include"] !== undefined && /encrypted[_ ]content/i.test(said) && refused) {
    yield { words: "without encrypted thinking", fact: "encryptedThinking", value: false }
  }
  if (!isObject(reasoning)) return
  if (reasoning["summary"] !== undefined && /summar/i.test(`${error.message} ${error.param ?? ""}`)) {
    yield { words: "without a summary of the thinking", fact: "summary", value: false }
  }
  const efforts = takenEfforts(error, reasoning["effort"])
  if (efforts) {
    const words = efforts.length > 0 ? `with an effort out of ${efforts.join(", ")}` : "without an effort"
    yield { words, fact: "efforts", value: efforts }
  }
}

/** The efforts that a host takes, when it refused the one that was sent: those that it lists, or none at all. */
function takenEfforts(error: SluiceError, sent: unknown): string[] | undefined {
  if (sent === undefined) return undefined
  const { param } = error
  if (param !== undefined && !/effort|^reasoning$/i.test(param)) return undefined
  const listed = namedEfforts(error.message)
  if (listed.length > 0 && /effort/i.test(`${error.message} ${param ?? ""}`)) return listed
  const refused =
    refusesField(error, "effort", { value: sent, nested: true }) ||
    refusesField(error, "reasoning") ||
    // Of this model, not of what else stood in the request.
    (param === "reasoning.effort" && refuses(error.message) && !isAboutValue(error.message))
  return refused && !conditional(error.message) ? [] : undefined
}

/** Whether a refusal is about what else stood in the request, and not about the model. */
function conditional(message: string): boolean {
  return isConditional(message.replace(/\bwith (?:this|the|your) model\b/gi, ""))
}

function* ofFields(error: SluiceError, call: Call, body: Body): Generator<Change> {
  const text = `${error.message} ${error.param ?? ""}`
  // No caller has a say in what stands in this field.
  if (body["stream_options"] !== undefined && /stream_options|include_obfuscation/i.test(text) && refuses(text)) {
    yield { words: "without stream_options", fact: "obfuscation", value: false }
  }
  if (hasDetail(body) && refusesField(error, "detail", { nested: true })) {
    yield { words: "without the detail of images", fact: "imageDetail", value: false }
  }
  if (hasDeveloper(body) && refusesDeveloper(error)) {
    yield { words: "with instructions for the role developer", fact: "developerRole", value: false }
  }
  if (isObject(body["text"])) yield* ofText(error, body["text"])
  for (const field of OPTIONAL) {
    const value = body[field]
    if (value === undefined || !refusesField(error, field, { value })) continue
    const known = learned(call, "without")
    const without = Array.isArray(known) ? (known as string[]) : []
    if (!without.includes(field)) yield { words: `without ${field}`, fact: "without", value: [...without, field] }
  }
}

function* ofText(error: SluiceError, { verbosity, format }: Obj): Generator<Change> {
  const text = `${error.message} ${error.param ?? ""}`
  if (verbosity !== undefined && /verbosity/i.test(text) && (refuses(error.message) || isAboutValue(error.message))) {
    yield { words: "without verbosity", fact: "verbosity", value: false }
  }
  if (isObject(format) && format["type"] === "json_schema" && !/invalid schema/i.test(error.message)) {
    if (refusesField(error, "format", { nested: true }) || refusesField(error, "json_schema", { nested: true })) {
      yield { words: "with json_object for a schema", fact: "structuredOutput", value: "json_object" }
    }
  }
}

function refusesDeveloper({ message, param }: SluiceError): boolean {
  const role = /["'`]developer["'`]|\bdeveloper\b.{0,40}\brole\b|\brole\b.{0,40}\bdeveloper\b/is.test(message)
  return role && (refuses(message) || isAboutValue(message)) && (param === undefined || /input|role/.test(param))
}

function objects(list: unknown): Obj[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

function hasDeveloper(body: Body): boolean {
  return objects(body["input"]).some((item) => item["role"] === "developer")
}

function hasDetail(body: Body): boolean {
  return objects(body["input"])
    .flatMap((item) => [...objects(item["content"]), ...objects(item["output"])])
    .some((part) => part["detail"] !== undefined)
}

function sendsStrict(body: Body): boolean {
  return objects(body["tools"]).some((tool) => tool["strict"] !== undefined)
}
