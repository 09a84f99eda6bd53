import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, objects, type Adaptable, type Change } from "../adaptation.ts"
import { refusesField } from "../refusal.ts"
import { facts, type FactName } from "./facts.ts"
import { encode } from "./request.ts"
import { isObject, NO_SIGNATURE, type Obj } from "./types.ts"

/** What a refusal looks like, and what to leave out then. */
interface Rule {
  fact: FactName
  change: string
  /**
   * Where it is remembered: `host` for what it said of the host's or the model's abilities, `session` for what it said
   * of this conversation. `undefined`: this is no such refusal.
   */
  refused(error: SluiceError): "host" | "session" | undefined
  /** Whether the request held what was refused. */
  sent(body: Obj): boolean
}

/** The host names a field that it does not know in quotes, in either spelling. */
function unknownName(...names: readonly string[]): RegExp {
  return new RegExp(String.raw`unknown name \\?["'](?:${names.join("|")})\\?["']`, "i")
}

const UNKNOWN_SCHEMA = unknownName(
  "parametersJsonSchema",
  "parameters_json_schema",
  "responseJsonSchema",
  "response_json_schema",
)
const UNKNOWN_ID = unknownName("id")
const UNKNOWN_TIER = unknownName("serviceTier", "service_tier")
const UNKNOWN_LEVEL = unknownName("thinkingLevel", "thinking_level")
const UNKNOWN_STREAM = unknownName("streamFunctionCallArguments", "stream_function_call_arguments")
const LEVEL_REFUSED = /thinking[ _]?level.{0,60}(?:not supported|unsupported|is not valid for)/i
const THINKING_REFUSED =
  /does not support thinking|thinking (?:is|mode is)? ?not (?:supported|enabled|available)|thinking_?config.{0,60}not supported/i
const OFF_REFUSED = /budget 0 is invalid|only works in thinking mode|thinking.{0,40}cannot be (?:disabled|turned off)/i
const WITH_TOOLS =
  /(?:function calling|tools?\b).{0,60}response[ _]?mime[ _]?type|response[ _]?mime[ _]?type.{0,80}(?:function calling|with tools?)/i
const JSON_REFUSED =
  /json mode is not (?:enabled|supported)|response[ _]?(?:mime[ _]?type|schema).{0,60}not (?:enabled|supported)/i
const SCHEMA_REFUSED =
  /schema.{0,80}(?:too many states|too complex|too deep|nesting depth|exceeds)|too many states for serving/i
const SYSTEM_REFUSED = /(?:developer|system)[ _]?instructions?.{0,40}not (?:enabled|supported)/i
const PENALTY_REFUSED = /penalt(?:y|ies) (?:is|are) not (?:enabled|supported)/i
const LOGPROBS_REFUSED = /logprobs.{0,40}not (?:enabled|supported|available)/i
const SIGNATURE_MISSING = /missing an? [`'"]?thought_?signature|thought_?signature.{0,40}(?:missing|is required)/i
const SIGNATURE_REFUSED =
  /thought[ _]?signature.{0,60}(?:not valid|invalid|corrupt)|(?:invalid|corrupt\w*) thought[ _]?signature/i
const ARGUMENTS_REFUSED = /stream\w* function call arguments.{0,60}not (?:enabled|supported)/i
/** Something that a rule could be about; a request is not built again for any other failure. */
const TELLING =
  /unknown name|thinking|mime|schema|instruction|penalt|logprobs|signature|stream|json mode|service_?tier/i

const RULES: readonly Rule[] = [
  {
    fact: "noCallIds",
    change: "without ids of calls",
    refused: ({ message }) => (UNKNOWN_ID.test(message) ? "host" : undefined),
    sent: (body) => calls(body).some((call) => call["id"] !== undefined),
  },
  {
    fact: "needsSignatures",
    change: "a word in place of missing signatures",
    refused: ({ message }) => (SIGNATURE_MISSING.test(message) ? "host" : undefined),
    sent: (body) => answered(body).some((part) => !("text" in part) && part["thoughtSignature"] === undefined),
  },
  {
    fact: "noSignatures",
    change: "without signatures of earlier turns",
    refused: ({ message }) =>
      SIGNATURE_REFUSED.test(message) && !SIGNATURE_MISSING.test(message) ? "session" : undefined,
    sent: (body) => parts(body).some(({ thoughtSignature: value }) => value !== undefined && value !== NO_SIGNATURE),
  },
  {
    fact: "noOutputWithTools",
    change: "without an output format beside tools",
    refused: ({ message }) => (WITH_TOOLS.test(message) ? "host" : undefined),
    sent: (body) => body["tools"] !== undefined && config(body)["responseMimeType"] !== undefined,
  },
  {
    fact: "noJsonSchema",
    change: "schemas in the host's own form",
    refused: (error) => (UNKNOWN_SCHEMA.test(error.message) ? "host" : undefined),
    sent: (body) =>
      config(body)["responseJsonSchema"] !== undefined ||
      declarations(body).some((one) => one["parametersJsonSchema"] !== undefined),
  },
  {
    fact: "noStructuredOutput",
    change: "without an output format",
    refused: ({ message }) =>
      SCHEMA_REFUSED.test(message) ? "session" : JSON_REFUSED.test(message) ? "host" : undefined,
    sent: (body) => config(body)["responseMimeType"] !== undefined,
  },
  {
    fact: "noSystemInstruction",
    change: "without a system instruction",
    refused: ({ message }) => (SYSTEM_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => body["systemInstruction"] !== undefined,
  },
  {
    fact: "noStreamArguments",
    change: "without streamed arguments",
    refused: ({ message }) => (UNKNOWN_STREAM.test(message) || ARGUMENTS_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => calling(body)["streamFunctionCallArguments"] !== undefined,
  },
  {
    fact: "noThinkingOff",
    change: "without switching thinking off",
    refused: ({ message }) => (OFF_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => thinking(body)["thinkingBudget"] === 0,
  },
  {
    fact: "noThinkingLevel",
    change: "a number of tokens in place of a level of thinking",
    refused: ({ message }) => (UNKNOWN_LEVEL.test(message) || LEVEL_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => thinking(body)["thinkingLevel"] !== undefined,
  },
  {
    fact: "noThinking",
    change: "without thinking",
    refused: (error) =>
      THINKING_REFUSED.test(error.message) || refusesField(error, "thinking_config", { nested: true })
        ? "host"
        : undefined,
    sent: (body) => config(body)["thinkingConfig"] !== undefined,
  },
  {
    fact: "noPenalties",
    change: "without penalties",
    refused: ({ message }) => (PENALTY_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => config(body)["presencePenalty"] !== undefined || config(body)["frequencyPenalty"] !== undefined,
  },
  {
    fact: "noLogprobs",
    change: "without log probabilities",
    refused: ({ message }) => (LOGPROBS_REFUSED.test(message) ? "host" : undefined),
    sent: (body) => config(body)["responseLogprobs"] !== undefined,
  },
  {
    fact: "noServiceTier",
    change: "without a service tier",
    refused: (error) => (UNKNOWN_TIER.test(error.message) || refusesField(error, "service_tier") ? "host" : undefined),
    sent: (body) => body["serviceTier"] !== undefined,
  },
]

const ADAPTABLE: Adaptable = {
  encode,
  facts,
  statuses: new Set([400, 422]),
  isTelling: ({ message }) => TELLING.test(message),
  changes,
}

/** What to leave out of the next try. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return adaptation(error, call, past, ADAPTABLE)
}

function* changes(error: SluiceError, _call: Call, body: Obj): Generator<Change> {
  for (const { fact, change, sent, refused } of RULES) {
    const where = sent(body) ? refused(error) : undefined
    if (where) yield { words: change, fact, value: true, where }
  }
}

function inner(item: Obj, name: string): Obj {
  const value = item[name]
  return isObject(value) ? value : {}
}

function parts(body: Obj): Obj[] {
  return objects(body["contents"]).flatMap((content) => objects(content["parts"]))
}

/** The parts of earlier answers. */
function answered(body: Obj): Obj[] {
  return objects(body["contents"]).flatMap(({ role, parts: of }) => (role === "model" ? objects(of) : []))
}

function calls(body: Obj): Obj[] {
  return parts(body).map((part) => ({ ...inner(part, "functionCall"), ...inner(part, "functionResponse") }))
}

function config(body: Obj): Obj {
  return inner(body, "generationConfig")
}

function thinking(body: Obj): Obj {
  return inner(config(body), "thinkingConfig")
}

function calling(body: Obj): Obj {
  return inner(inner(body, "toolConfig"), "functionCallingConfig")
}

function declarations(body: Obj): Obj[] {
  return objects(body["tools"]).flatMap((tool) => objects(tool["functionDeclarations"]))
}
