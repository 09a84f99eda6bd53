import { isFields, passed, type Checked, type Fields, type Refused } from "../check.ts"
import { EFFORTS } from "../openai-host.ts"
import { bad, checkText as checkJson, listed, missing, previousNotFound, range, wrongType } from "../openai-refusals.ts"
import { checkStrict } from "../openai-schema.ts"
import { checkInput, optionalString } from "./check-input.ts"
import { checkTools } from "./check-tools.ts"
import type { ItemBook, ResponseMemory } from "./memory.ts"
import type { ResponsesRules } from "./types.ts"

const FIELDS = new Set(
  (
    "background client_metadata context_management conversation include input instructions max_output_tokens max_tool_calls metadata " +
    "model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options " +
    "prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text " +
    "tool_choice tools top_logprobs top_p truncation user"
  ).split(" "),
)

/** Fields of a request that only counts. */
export const COUNTED: ReadonlySet<string> = new Set(
  (
    "conversation input instructions model parallel_tool_calls previous_response_id reasoning text tool_choice tools " +
    "truncation"
  ).split(" "),
)

const INCLUDES = [
  "file_search_call.results",
  "web_search_call.results",
  "web_search_call.action.sources",
  "message.input_image.image_url",
  "computer_call_output.output.image_url",
  "code_interpreter_call.outputs",
  "reasoning.encrypted_content",
  "message.output_text.logprobs",
]

/** A request that passed. */
export interface CheckedRequest {
  body: Fields
  /** The new items. */
  input: Fields[]
  /** The conversation that they continue. */
  previous: readonly Fields[]
  store: boolean
}

/** What a server keeps between requests. */
export interface ResponsesState {
  memory: ResponseMemory
  book: ItemBook
}

/** Refuses a request as the Responses API does. @throws Refused */
export function checkRequest(
  json: unknown,
  rules: ResponsesRules & { only?: ReadonlySet<string> },
  state: ResponsesState,
  azure: boolean,
): CheckedRequest {
  const body = passed(requestChecks(json, rules, azure))
  const store = body["store"] !== false && !rules.zeroDataRetention
  return { body, ...checkConversation(body, rules, state), store }
}

/** Refuses the conversation of a request, whose other fields passed. @throws Refused */
export function checkConversation(
  body: Fields,
  rules: ResponsesRules,
  state: ResponsesState,
): Pick<CheckedRequest, "input" | "previous"> {
  const previous = continued(body, rules, state.memory)
  const input = checkInput(body["input"], {
    previous,
    book: state.book,
    strictFields: rules.strictFields,
    verifyReasoning: rules.verifyReasoning,
    harmony: rules.thinks(String(body["model"])) === true,
  })
  return { previous, input }
}

/** What all but the conversation is checked for. @throws Refused for what cannot be checked further */
export function requestChecks(
  body: unknown,
  rules: ResponsesRules & { only?: ReadonlySet<string> },
  azure: boolean,
): Checked {
  if (!isFields(body)) {
    throw bad(
      "body-object",
      "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
      null,
    )
  }
  const { model } = body
  if (model === undefined) throw missing("model")
  if (typeof model !== "string") throw wrongType("model", "a string", model)
  for (const name of Object.keys(body)) {
    if (rules.unsupported.includes(name)) {
      throw bad(
        "unsupported-field",
        `Unsupported parameter: '${name}' is not supported with this model.`,
        name,
        "unsupported_parameter",
      )
    }
    if (rules.strictFields && !(rules.only ?? FIELDS).has(name)) {
      throw bad("unknown-field", `Unknown parameter: '${name}'.`, name, "unknown_parameter")
    }
  }
  if (!azure && rules.models && !rules.models.includes(model)) {
    throw bad("model", `The requested model '${model}' does not exist.`, "model", "model_not_found")
  }
  return {
    body,
    checks: [
      () => checkJson(body),
      () => checkScalars(body, rules.leastOutput),
      () => checkThinking(body, rules.thinks(model)),
      () => checkTools(body),
      () => checkText(body),
      () => checkIncludes(body),
      () => azure && checkAzure(body),
    ],
  }
}

function continued(body: Fields, rules: ResponsesRules, memory: ResponseMemory): readonly Fields[] {
  const id = body["previous_response_id"]
  if (id === undefined || id === null) return []
  if (typeof id !== "string") throw wrongType("previous_response_id", "a string", id)
  if (rules.zeroDataRetention) {
    throw bad(
      "chain-refused",
      "Previous response cannot be used for this organization due to Zero Data Retention.",
      "previous_response_id",
      "unsupported_parameter",
    )
  }
  const kept = memory.get(id)
  if (!kept) throw previousNotFound(id)
  return kept.conversation
}

function checkScalars(body: Fields, least = 16): void {
  range(body, "temperature", 0, 2)
  range(body, "top_p", 0, 1)
  const limit = body["max_output_tokens"]
  if (limit != null) {
    if (typeof limit !== "number" || !Number.isInteger(limit)) throw wrongType("max_output_tokens", "an integer", limit)
    if (limit < least) {
      throw bad(
        "max-output-tokens",
        `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= ${least}, but got ${limit} instead.`,
        "max_output_tokens",
        "integer_below_min_value",
      )
    }
  }
  for (const name of ["stream", "store", "parallel_tool_calls", "background"]) {
    const value = body[name]
    if (value != null && typeof value !== "boolean") throw wrongType(name, "a boolean", value)
  }
  optionalString(body, "instructions")
  optionalString(body, "prompt_cache_key", 64)
  optionalString(body, "safety_identifier", 64)
  oneOf(body["truncation"], ["auto", "disabled"], "truncation")
  oneOf(body["service_tier"], ["auto", "default", "fast", "flex", "priority"], "service_tier")
  oneOf(body["prompt_cache_retention"], ["in_memory", "24h"], "prompt_cache_retention")
  if (body["stream_options"] != null && body["stream"] !== true) {
    throw bad(
      "stream-options",
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      "stream_options",
    )
  }
}

function oneOf(value: unknown, known: readonly string[], param: string): void {
  if (value == null || known.includes(value as string)) return
  throw bad(
    "known-value",
    `Invalid value: '${String(value)}'. Supported values are: ${listed(known)}.`,
    param,
    "invalid_value",
  )
}

function checkThinking(body: Fields, thinks: boolean | undefined): void {
  const { reasoning } = body
  if (reasoning != null && !isFields(reasoning)) throw wrongType("reasoning", "an object", reasoning)
  oneOf(reasoning?.["effort"], EFFORTS, "reasoning.effort")
  oneOf(reasoning?.["summary"], ["auto", "concise", "detailed"], "reasoning.summary")
  oneOf(reasoning?.["context"], ["auto", "current_turn", "all_turns"], "reasoning.context")
  const refuse = (name: string): Refused =>
    bad(
      "thinking-refused",
      `Unsupported parameter: '${name}' is not supported with this model.`,
      name,
      "unsupported_parameter",
    )
  if (thinks === undefined) return
  if (!thinks) {
    for (const name of ["effort", "summary"]) if (reasoning?.[name] != null) throw refuse(`reasoning.${name}`)
    return
  }
  // These do not think unless they are asked to.
  const effort = reasoning?.["effort"] ?? (/^gpt-5\.[1-4](?!\d)/.test(String(body["model"])) ? "none" : undefined)
  if (effort === "none") return
  for (const name of ["temperature", "top_p"]) if (body[name] != null && body[name] !== 1) throw refuse(name)
}

function checkIncludes({ include }: Fields): void {
  if (include == null) return
  if (!Array.isArray(include)) throw wrongType("include", "an array of strings", include)
  include.forEach((name: unknown, n) => oneOf(name, INCLUDES, `include[${n}]`))
}

function checkAzure(body: Fields): void {
  const includes = Array.isArray(body["include"]) ? body["include"] : []
  if (includes.includes("reasoning.encrypted_content") && body["store"] !== false) {
    throw bad("encrypted-content-stored", "Encrypted content is only supported when 'store' is false.", "include")
  }
  if (body["tool_choice"] != null && !(body["tools"] as unknown[] | null | undefined)?.length) {
    throw bad("tool-choice-without-tools", "Tool choice is only allowed when 'tools' are specified.", "tool_choice")
  }
}

function checkText(body: Fields): void {
  const { text } = body
  if (text == null) return
  if (!isFields(text)) throw wrongType("text", "an object", text)
  oneOf(text["verbosity"], ["low", "medium", "high"], "text.verbosity")
  const { format } = text
  if (format == null) return
  if (!isFields(format)) throw wrongType("text.format", "an object", format)
  const { type, name, schema } = format
  if (type === undefined) throw missing("text.format.type")
  oneOf(type, ["json_object", "json_schema", "text"], "text.format.type")
  if (type === "json_object" && !/json/i.test(JSON.stringify([body["input"], body["instructions"]]))) {
    throw bad(
      "json-word",
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
      "input",
    )
  }
  if (type !== "json_schema") return
  if (name === undefined) throw missing("text.format.name")
  if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw bad(
      "format-name",
      "Invalid 'text.format.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
      "text.format.name",
      "invalid_value",
    )
  }
  if (schema === undefined) throw missing("text.format.schema")
  if (format["strict"] === true) {
    checkStrict(schema, [], (rule, why) =>
      bad(rule, `Invalid schema for response_format '${name}': ${why}`, "text.format.schema", "invalid_json_schema"),
    )
  }
}
