import { isFields, passed, Refused, type Checked, type Fields } from "../check.ts"
import { EFFORTS } from "../openai-host.ts"
import { bad, checkText, listed, missing, range, wrongType } from "../openai-refusals.ts"
import { checkStrict } from "../openai-schema.ts"
import { checkMessages } from "./check-messages.ts"

/** What the emulated host is strict about. */
export interface OpenAIChatRules {
  /** Models that exist; absent: every name. */
  models?: readonly string[] | undefined
  /** Whether a model thinks: it then refuses `max_tokens` and sampling, else an effort. `undefined`: nobody knows. */
  thinks(model: string): boolean | undefined
  /** Fields that are not known are refused. */
  strictFields: boolean
  toolCallIdLimit: number
  /** The host has tools of its own, takes an empty list of them, and has a strict mode of its own. */
  ownTools?: boolean
}

const FIELDS = new Set(
  (
    "model messages audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens " +
    "max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key " +
    "prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier " +
    "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity " +
    "web_search_options"
  ).split(" "),
)

/** Refuses a request as OpenAI's Chat Completions does. @throws Refused */
export function checkRequest(...about: Parameters<typeof requestChecks>): Fields {
  return passed(requestChecks(...about))
}

/** What a request to Chat Completions is checked for. @throws Refused for what cannot be checked further */
export function requestChecks(body: unknown, rules: OpenAIChatRules, azure = false): Checked {
  if (!isFields(body)) {
    throw bad(
      "body-object",
      "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
      null,
    )
  }
  const { model } = body
  if (model === undefined || model === "") throw bad("model", "you must provide a model parameter", null)
  if (typeof model !== "string") throw wrongType("model", "a string", model)
  if (!azure && rules.models && !rules.models.includes(model)) {
    throw new Refused(
      404,
      "invalid_request_error",
      `The model \`${model}\` does not exist or you do not have access to it.`,
      {
        code: "model_not_found",
      },
    )
  }
  if (rules.strictFields) {
    for (const name of Object.keys(body)) {
      if (!FIELDS.has(name)) throw bad("unknown-field", `Unknown parameter: '${name}'.`, name, "unknown_parameter")
    }
  }
  return {
    body,
    checks: [
      () => checkText(body),
      () => checkMessages(body["messages"], rules.toolCallIdLimit, rules.strictFields),
      () => checkNumbers(body),
      () => checkThinking(body, model, rules),
      () => checkStream(body),
      () => checkTools(body, rules.ownTools),
      () => checkChoice(body),
      () => checkFormat(body, rules.ownTools),
    ],
  }
}

function checkNumbers(body: Fields): void {
  range(body, "temperature", 0, 2)
  range(body, "top_p", 0, 1)
  range(body, "presence_penalty", -2, 2)
  range(body, "frequency_penalty", -2, 2)
  for (const name of ["max_tokens", "max_completion_tokens", "n"]) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (typeof value !== "number" || !Number.isInteger(value)) throw wrongType(name, "an integer", value)
    if (value < 1) {
      throw bad(
        "integer-range",
        `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
        name,
        "integer_below_min_value",
      )
    }
  }
  const stop = body["stop"]
  if (Array.isArray(stop) && stop.length > 4) {
    throw bad(
      "stop-count",
      `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${stop.length} instead.`,
      "stop",
      "array_above_max_length",
    )
  }
  if (body["top_logprobs"] !== undefined && body["logprobs"] !== true) {
    throw bad(
      "top-logprobs",
      "Invalid value for 'top_logprobs': top_logprobs must be set only if logprobs is true.",
      "top_logprobs",
    )
  }
}

function checkThinking(body: Fields, model: string, rules: OpenAIChatRules): void {
  if (body["max_tokens"] != null && body["max_completion_tokens"] != null) {
    throw bad(
      "max-tokens-twice",
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
      "max_tokens",
      "invalid_parameter_combination",
    )
  }
  const effort = body["reasoning_effort"]
  if (effort != null && !EFFORTS.includes(String(effort))) {
    throw bad(
      "effort",
      `Invalid value: '${String(effort)}'. Supported values are: ${listed(EFFORTS)}.`,
      "reasoning_effort",
      "invalid_value",
    )
  }
  const thinks = rules.thinks(model)
  if (thinks === undefined) return
  if (!thinks) {
    if (effort != null) throw bad("effort-refused", `Unrecognized request argument supplied: reasoning_effort`, null)
    return
  }
  if (body["max_tokens"] != null) {
    throw bad(
      "max-tokens-refused",
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      "max_tokens",
      "unsupported_parameter",
    )
  }
  for (const name of ["temperature", "top_p"]) {
    const value = body[name]
    if (value == null || value === 1) continue
    throw bad(
      "sampling-refused",
      `Unsupported value: '${name}' does not support ${String(value)} with this model. Only the default (1) value is supported.`,
      name,
      "unsupported_value",
    )
  }
}

function checkStream(body: Fields): void {
  const { stream } = body
  if (stream != null && typeof stream !== "boolean") throw wrongType("stream", "a boolean", stream)
  if (body["stream_options"] != null && stream !== true) {
    throw bad(
      "stream-options",
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      "stream_options",
    )
  }
}

function checkTools(body: Fields, own = false): void {
  const { tools } = body
  if (tools == null) return
  if (!Array.isArray(tools)) throw wrongType("tools", "an array of objects", tools)
  if (tools.length === 0 && !own) {
    throw bad(
      "tools-empty",
      "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "tools",
      "empty_array",
    )
  }
  const names = new Set<string>()
  tools.forEach((tool: unknown, n) => {
    const at = `tools[${n}]`
    if (!isFields(tool)) throw wrongType(at, "an object", tool)
    const { type } = tool
    if (type === undefined) throw missing(`${at}.type`)
    if (type !== "function" && type !== "custom") {
      if (own) return
      throw bad(
        "tool-type",
        `Invalid value: '${String(type)}'. Supported values are: 'function' and 'custom'.`,
        `${at}.type`,
        "invalid_value",
      )
    }
    const body = tool[type]
    if (!isFields(body)) throw missing(`${at}.${type}`)
    const { name } = body
    if (typeof name !== "string") throw missing(`${at}.${type}.name`)
    if (!/^[a-zA-Z0-9_-]+$/.test(name) || name.length > 64) {
      throw bad(
        "tool-name",
        `Invalid '${at}.${type}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        `${at}.${type}.name`,
        "invalid_value",
      )
    }
    if (names.has(name))
      throw bad("tool-name-unique", `Duplicate tool name: '${name}'. Tool names must be unique.`, "tools")
    names.add(name)
    if (type === "function") checkFunction(body, name, at, own)
  })
}

function checkFunction(body: Fields, name: string, at: string, own: boolean): void {
  const { parameters, strict } = body
  const refuse = (rule: string, why: string): Refused =>
    bad(
      rule,
      `Invalid schema for function '${name}': ${why}`,
      `${at}.function.parameters`,
      "invalid_function_parameters",
    )
  if (parameters === undefined) return
  if (!isFields(parameters)) throw wrongType(`${at}.function.parameters`, "an object", parameters)
  if (parameters["type"] !== undefined && parameters["type"] !== "object") {
    throw refuse(
      "schema-type",
      `schema must be a JSON Schema of 'type: "object"', got 'type: "${String(parameters["type"])}"'.`,
    )
  }
  if (strict === true && !own) checkStrict(parameters, [], refuse)
}

function checkChoice(body: Fields): void {
  const choice = body["tool_choice"]
  const tools = body["tools"] as readonly Fields[] | null | undefined
  if (body["parallel_tool_calls"] != null && tools == null) {
    throw bad(
      "parallel-without-tools",
      "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
      "parallel_tool_calls",
    )
  }
  if (choice == null) return
  if (tools == null) {
    throw bad(
      "tool-choice-without-tools",
      "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
      "tool_choice",
    )
  }
  if (typeof choice === "string") {
    const words = ["none", "auto", "required"]
    if (words.includes(choice)) return
    throw bad(
      "tool-choice",
      `Invalid value: '${choice}'. Supported values are: ${listed(words)}.`,
      "tool_choice",
      "invalid_value",
    )
  }
  if (!isFields(choice)) throw wrongType("tool_choice", "one of a string or object", choice)
  const { type } = choice
  if (type === "allowed_tools") return
  if (type !== "function" && type !== "custom") throw missing("tool_choice.type")
  const chosen = choice[type]
  const name = isFields(chosen) ? chosen["name"] : undefined
  if (typeof name !== "string") throw missing(`tool_choice.${type}.name`)
  const known = tools.some((tool) => isFields(tool[type]) && (tool[type] as Fields)["name"] === name)
  if (!known) throw bad("tool-choice-unknown", `Tool choice '${name}' not found in 'tools' parameter.`, "tool_choice")
}

function checkFormat(body: Fields, own = false): void {
  const format = body["response_format"]
  if (format == null) return
  if (!isFields(format)) throw wrongType("response_format", "an object", format)
  const { type } = format
  const types = ["json_object", "json_schema", "text"]
  if (typeof type !== "string" || !types.includes(type)) {
    throw bad(
      "format-type",
      `Invalid value: '${String(type)}'. Supported values are: ${listed(types)}.`,
      "response_format.type",
      "invalid_value",
    )
  }
  if (type === "json_object" && !/json/i.test(JSON.stringify(body["messages"]))) {
    throw bad(
      "json-word",
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      "messages",
    )
  }
  if (type !== "json_schema") return
  const schema = format["json_schema"]
  if (!isFields(schema)) throw missing("response_format.json_schema")
  const { name } = schema
  if (typeof name !== "string") throw missing("response_format.json_schema.name")
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw bad(
      "format-name",
      "Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
      "response_format.json_schema.name",
      "invalid_value",
    )
  }
  if (schema["strict"] === true && !own) {
    checkStrict(schema["schema"], [], (rule, why) =>
      bad(rule, `Invalid schema for response_format '${name}': ${why}`, "response_format", null),
    )
  }
}
