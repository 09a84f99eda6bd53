import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, objects, type Adaptable, type Change } from "../adaptation.ts"
import { refusedFields, WITHOUT } from "../openai/left-out-fields.ts"
import { effortChange } from "../openai/refused-efforts.ts"
import { isOfRequest, mayBeOfRequest, REFUSING, refusesDeveloper } from "../openai/refused-requests.ts"
import { isAboutValue, refuses, refusesField, refusesStrict } from "../refusal.ts"
import { recovery } from "./recovery.ts"
import { encode } from "./request.ts"
import { facts, isObject, learned, type Body, type Obj } from "./types.ts"

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

const RULES: Adaptable<Body> = { encode, facts, statuses: REFUSING, isTelling: mayBeOfRequest, changes }

/** What to leave out of a request that a host refused, or how to ask once more where an answer led nowhere. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return recovery(error, call, past) ?? adaptation(error, call, past, RULES)
}

function* changes(error: SluiceError, call: Call, body: Body): Generator<Change> {
  const clear = isOfRequest(error)
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
  const effort = ofEffort(error, reasoning["effort"])
  if (effort) yield effort
}

function ofEffort(error: SluiceError, sent: unknown): Change | undefined {
  return effortChange(
    error,
    sent,
    () =>
      refusesField(error, "effort", { value: sent, nested: true }) ||
      refusesField(error, "reasoning") ||
      // Of this model, not of what else stood in the request.
      (error.param === "reasoning.effort" && refuses(error.message) && !isAboutValue(error.message)),
  )
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
  if (hasDeveloper(body) && refusesDeveloper(error, "input")) {
    yield { words: "with instructions for the role developer", fact: "developerRole", value: false }
  }
  if (isObject(body["text"])) yield* ofText(error, body["text"])
  yield* refusedFields(error, body, OPTIONAL, learned(call, WITHOUT))
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
