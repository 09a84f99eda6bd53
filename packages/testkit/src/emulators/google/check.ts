import { halfCharacter, isFields, passed, type Checked, type Fields } from "../check.ts"
import { checkContents, partsOf } from "./check-contents.ts"
import { checkJsonSchema, checkSchema } from "./check-schema.ts"
import { listOf, readMessage } from "./fields.ts"
import { invalid, violated } from "./refused.ts"
import type { Signatures } from "./signatures.ts"
import type { GoogleCall } from "./types.ts"

const REQUESTS = { gemini: "request", vertex: "vertexRequest", "code-assist": "codeAssistRequest" } as const
const FUNCTION_NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/
const MODES = new Set(["AUTO", "ANY", "NONE", "VALIDATED"])
const LEVELS = new Set(["MINIMAL", "LOW", "MEDIUM", "HIGH"])

/** What a body is checked against. */
export interface BodyRules {
  surface: GoogleCall["surface"]
  model: string
  maxTokens: number
  callIds: boolean
  signatures: Signatures
}

/** A request's body with its fields under their own names. @throws GoogleRefused for what the API refuses */
export function checkBody(value: unknown, rules: BodyRules): Fields {
  return passed(bodyChecks(value, rules))
}

/** What a body is checked for. @throws GoogleRefused for what cannot be checked further */
export function bodyChecks(value: unknown, rules: BodyRules): Checked {
  if (!isFields(value)) throw invalid("body-object", "Invalid JSON payload received. Unexpected token.")
  const without = rules.callIds ? [] : ["functionCall.id", "functionResponse.id"]
  const body = readMessage(value, REQUESTS[rules.surface], "", without)
  const tools = listOf(body, "tools", "tools") ?? []
  return {
    body,
    checks: [
      () => checkText(body),
      () => checkContents(listOf(body, "contents", "contents") ?? [], rules.model, rules.signatures),
      () => checkSystem(body["systemInstruction"]),
      () => checkTools(tools),
      () => checkChoice(body["toolConfig"], tools),
      () => checkGeneration(isFields(body["generationConfig"]) ? body["generationConfig"] : {}, rules),
      () => checkCached(body),
    ],
  }
}

function checkText(body: Fields): void {
  const at = halfCharacter(body)
  if (at !== undefined) throw invalid("unpaired-surrogate", `Invalid JSON payload received. ${at}: half a character.`)
}

function checkCached(body: Fields): void {
  if (body["cachedContent"] === undefined) return
  if (body["cachedContent"] === "") throw violated("cached-content", "cached_content", "must not be empty")
  if (body["systemInstruction"] !== undefined || body["tools"] !== undefined || body["toolConfig"] !== undefined) {
    throw invalid(
      "cached-content",
      "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.",
    )
  }
}

function checkSystem(system: unknown): void {
  if (!isFields(system)) return
  const parts = partsOf(system)
  if (parts.length === 0) throw violated("parts-empty", "system_instruction.parts", "contents.parts must not be empty.")
  parts.forEach((part, n) => {
    if (typeof part["text"] !== "string") {
      throw violated("system-text", `system_instruction.parts[${n}]`, "only text is supported in a system instruction")
    }
  })
}

function checkTools(tools: readonly Fields[]): void {
  const names = new Set<string>()
  tools.forEach((tool, n) => {
    const declarations = listOf(tool, "functionDeclarations", `tools[${n}].function_declarations`) ?? []
    declarations.forEach((declaration, k) => {
      const path = `tools[${n}].function_declarations[${k}]`
      const { name, parameters, parametersJsonSchema } = declaration
      if (typeof name !== "string" || !FUNCTION_NAME.test(name)) {
        throw violated(
          "tool-name",
          `${path}.name`,
          "[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:) or dashes (-), with a maximum length of 64.",
        )
      }
      if (names.has(name)) throw invalid("tool-name-unique", `Duplicate function declaration found: ${name}`)
      names.add(name)
      if (parameters !== undefined && parametersJsonSchema !== undefined) {
        throw invalid("schema-twice", `${path}: parameters and parameters_json_schema must not both be set.`)
      }
      if (isFields(parameters)) checkSchema(parameters, `${path}.parameters`)
      if (parametersJsonSchema !== undefined) {
        checkJsonSchema(parametersJsonSchema, `${path}.parameters_json_schema`)
        if ((parametersJsonSchema as Fields)["type"] !== "object") {
          throw violated("schema-type", `${path}.parameters_json_schema`, "schema should be of type OBJECT")
        }
      }
    })
  })
}

function checkChoice(config: unknown, tools: readonly Fields[]): void {
  const calling = isFields(config) ? config["functionCallingConfig"] : undefined
  if (!isFields(calling)) return
  const declared = tools.flatMap((tool) => listOf(tool, "functionDeclarations", "tools") ?? [])
  const names = new Set(declared.map(({ name }) => name))
  const mode = calling["mode"] ?? "AUTO"
  if (typeof mode !== "string" || !MODES.has(mode)) {
    throw invalid("tool-choice", `Invalid value at 'tool_config.function_calling_config.mode', "${String(mode)}"`)
  }
  if (names.size === 0 && mode !== "NONE") {
    throw invalid("tool-choice-without-tools", "Function calling config is set without function_declarations.")
  }
  const allowed = calling["allowedFunctionNames"]
  if (allowed === undefined) return
  if (mode !== "ANY" && mode !== "VALIDATED") {
    throw invalid("allowed-names", "Allowed function names should only be set when function calling mode is ANY.")
  }
  for (const name of allowed as unknown[]) {
    if (!names.has(name))
      throw invalid("tool-choice-unknown", `Function ${String(name)} is not in function_declarations.`)
  }
}

function checkGeneration(config: Fields, rules: BodyRules): void {
  const range = (name: string, field: string, from: number, to: number): void => {
    const value = config[name]
    if (value === undefined) return
    if (typeof value !== "number")
      throw invalid("number-range", `Invalid value at 'generation_config.${field}' (TYPE_FLOAT)`)
    if (value < from || value > to) {
      throw violated("number-range", `generation_config.${field}`, `${field} must be in the range [${from}, ${to}].`)
    }
  }
  range("temperature", "temperature", 0, 2)
  range("topP", "top_p", 0, 1)
  range("candidateCount", "candidate_count", 1, 8)
  const max = config["maxOutputTokens"]
  if (max !== undefined && (typeof max !== "number" || max < 1 || max > rules.maxTokens)) {
    throw invalid(
      "max-tokens",
      `Unable to submit request because it has a maxOutputTokens value of ${String(max)} but the supported range is from 1 (inclusive) to ${rules.maxTokens + 1} (exclusive). Update the value and try again.`,
    )
  }
  const stops = config["stopSequences"]
  if (Array.isArray(stops) && stops.length > 5) {
    throw violated(
      "stop-sequences-count",
      "generation_config.stop_sequences",
      "the maximum number of stop sequences is 5",
    )
  }
  if (isFields(config["responseSchema"])) checkSchema(config["responseSchema"], "generation_config.response_schema")
  if (config["responseJsonSchema"] !== undefined) {
    checkJsonSchema(config["responseJsonSchema"], "generation_config.response_json_schema")
  }
  const shaped = config["responseSchema"] !== undefined || config["responseJsonSchema"] !== undefined
  const mime = config["responseMimeType"]
  if (shaped && mime !== "application/json" && mime !== "text/x.enum") {
    throw violated(
      "response-mime-type",
      "generation_config.response_mime_type",
      "response mimetype must be 'application/json' or 'text/x.enum' when a response schema is set.",
    )
  }
  if (isFields(config["thinkingConfig"])) checkThinking(config["thinkingConfig"], rules.model)
}

/** Levels are for generation 3, budgets for 2.5; the Pro models cannot be kept from thinking. */
function checkThinking(thinking: Fields, model: string): void {
  const { thinkingBudget: budget, thinkingLevel: level } = thinking
  if (budget !== undefined && level !== undefined) {
    throw invalid("thinking-twice", "You can only set only one of thinking budget and thinking level.")
  }
  if (level !== undefined) {
    if (typeof level !== "string" || !LEVELS.has(level.toUpperCase())) {
      throw invalid(
        "thinking-level",
        `Invalid value at 'generation_config.thinking_config.thinking_level', "${String(level)}"`,
      )
    }
    if (/gemini-[12](?:\.|-|$)/.test(model))
      throw invalid("thinking-level-refused", "Thinking level is not supported for this model.")
    const low = level === "MINIMAL" || level === "MEDIUM"
    const refused = /gemini-3-pro/.test(model) ? low : /gemini-3(?:\.\d+)?-pro/.test(model) && level === "MINIMAL"
    if (refused) {
      throw invalid(
        "thinking-level-refused",
        `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`,
      )
    }
  }
  if (budget === undefined) return
  if (typeof budget !== "number")
    throw invalid("thinking-budget", "Invalid value at 'generation_config.thinking_config.thinking_budget'")
  const [least, most, off] = /2\.5-flash-lite/.test(model)
    ? [512, 24_576, true]
    : /2\.5-flash/.test(model)
      ? [1, 24_576, true]
      : /2\.5-pro/.test(model)
        ? [128, 32_768, false]
        : [1, 65_536, true]
  if (budget === -1 || (budget === 0 && off)) return
  if (budget === 0) throw invalid("thinking-budget", "Budget 0 is invalid. This model only works in thinking mode.")
  if (budget < least || budget > most) {
    throw invalid(
      "thinking-budget",
      `The thinking budget ${budget} is invalid. Please choose a value between ${least} and ${most}.`,
    )
  }
}
