import { halfCharacter, isFields, passed, Refused, type Checked, type Fields } from "../check.ts"
import { bad, required, type Issued } from "./check-blocks.ts"
import { blocksOf, checkMessages } from "./check-messages.ts"

/** What the emulated host is strict about. */
export interface AnthropicRules {
  models?: readonly string[] | undefined
  /** Most tokens of an answer. */
  maxTokens: number
  alternation: boolean
  strictFields: boolean
  /** Fields that need a beta, and how its name begins. */
  betaFields: Readonly<Record<string, string>>
  /** A tool loop that began without thinking is refused a budget; the vendor's own newest servers switch it off. */
  keepsThinking: boolean
  /** The model decides itself how much it thinks, and takes neither sampling nor the beginning of an answer. */
  adaptive(model: string): boolean
}

/** The rules of the vendor itself. */
export const DEFAULT_RULES: AnthropicRules = {
  maxTokens: 128_000,
  alternation: false,
  strictFields: true,
  betaFields: { context_management: "context-management-" },
  keepsThinking: true,
  adaptive: () => false,
}

const FIELDS = new Set(
  (
    "model messages max_tokens billing_policy cache_control compaction container context_management diagnostics " +
    "fallback_credit_token fallbacks inference_geo mcp_servers metadata output_config output_format service_tier " +
    "speed stop_sequences stream system temperature thinking thread tool_choice tools top_k top_p user_profile_id " +
    "workspace_id"
  ).split(" "),
)

const NOT_FOR_COUNTING = new Set("max_tokens stream temperature top_p top_k stop_sequences metadata".split(" "))

/** Refuses a request as the vendor's Messages API does. @throws Refused */
export function checkRequest(...about: Parameters<typeof requestChecks>): Fields {
  return passed(requestChecks(...about))
}

/** What a request to the vendor's Messages API is checked for. @throws Refused for what cannot be checked further */
export function requestChecks(
  body: unknown,
  betas: string,
  rules: AnthropicRules,
  issued: Issued,
  counting: boolean,
): Checked {
  if (!isFields(body)) throw bad("body-object", "The request body is not valid JSON: expected an object")
  const model = required(body, "model", "")
  if (typeof model !== "string") throw bad("model", "model: Input should be a valid string")
  const messages = required(body, "messages", "")
  if (!counting) required(body, "max_tokens", "")
  for (const name of Object.keys(body)) {
    const beta = rules.betaFields[name]
    const unknown = rules.strictFields && !FIELDS.has(name)
    const early = beta !== undefined && !betas.split(",").some((one) => one.trim().startsWith(beta))
    if (unknown || early || (counting && NOT_FOR_COUNTING.has(name))) {
      throw bad("unknown-field", `${name}: Extra inputs are not permitted`)
    }
  }
  if (rules.models && !rules.models.includes(model)) throw new Refused(404, "not_found_error", `model: ${model}`)
  const thinking = body["thinking"]
  const budget = isFields(thinking) && thinking["type"] === "enabled"
  return {
    body,
    checks: [
      () => checkText(body),
      () => counting || checkMaxTokens(body, model, rules),
      () => checkSampling(body, model, rules),
      () => checkSystem(body["system"]),
      () => checkTools(body["tools"]),
      () => checkThinking(body, model, rules),
      () => checkChoice(body),
      () => checkCacheMarks(body),
      () =>
        checkMessages(messages, {
          issued,
          system: betas.includes("mid-conversation"),
          alternation: rules.alternation,
          prefill: !rules.adaptive(model) && !budget,
          budget: budget && rules.keepsThinking,
          betas,
        }),
    ],
  }
}

function checkText(body: Fields): void {
  const at = halfCharacter(body)
  if (at !== undefined) {
    throw bad("unpaired-surrogate", `${at}: The request body is not valid JSON: no low surrogate in string`)
  }
}

function checkMaxTokens(body: Fields, model: string, rules: AnthropicRules): void {
  const max = body["max_tokens"]
  if (typeof max !== "number" || !Number.isInteger(max))
    throw bad("max-tokens", "max_tokens: Input should be a valid integer")
  if (max < 1) throw bad("max-tokens", "max_tokens: must be greater than or equal to 1")
  if (max > rules.maxTokens) {
    throw bad(
      "max-tokens",
      `max_tokens: ${max} > ${rules.maxTokens}, which is the maximum allowed number of output tokens for ${model}`,
    )
  }
}

function checkSampling(body: Fields, model: string, rules: AnthropicRules): void {
  for (const name of ["temperature", "top_p"]) {
    const value = body[name]
    if (value === undefined) continue
    if (typeof value !== "number") throw bad("sampling-range", `${name}: Input should be a valid number`)
    if (value < 0) throw bad("sampling-range", `${name}: Input should be greater than or equal to 0`)
    if (value > 1) throw bad("sampling-range", `${name}: Input should be less than or equal to 1`)
  }
  const topK = body["top_k"]
  if (topK !== undefined && !Number.isInteger(topK))
    throw bad("sampling-range", "top_k: Input should be a valid integer")
  if (rules.adaptive(model)) {
    for (const name of ["temperature", "top_p", "top_k"]) {
      if (body[name] !== undefined) throw bad("sampling-refused", `\`${name}\` is not supported for this model.`)
    }
  }
  const stops = body["stop_sequences"]
  if (stops === undefined) return
  if (!Array.isArray(stops)) throw bad("stop-sequences", "stop_sequences: Input should be a valid list")
  if (stops.length > 4) {
    throw bad(
      "stop-sequences-count",
      `stop_sequences: List should have at most 4 items after validation, not ${stops.length}`,
    )
  }
  if (stops.some((stop) => typeof stop !== "string" || stop.trim() === "")) {
    throw bad("stop-sequence-blank", "stop_sequences: each stop sequence must contain non-whitespace")
  }
}

function checkSystem(system: unknown): void {
  if (system === undefined || typeof system === "string") return
  if (!Array.isArray(system)) throw bad("system-list", "system: Input should be a valid list")
  system.forEach((block: unknown, n) => {
    if (!isFields(block) || block["type"] !== "text")
      throw bad("system-text", `system.${n}.type: Input should be 'text'`)
    const text = required(block, "text", `system.${n}.`)
    if (text !== "") return
    throw bad(
      "empty-text",
      block["cache_control"]
        ? `system.${n}: cache_control cannot be set for empty text blocks`
        : "system: text content blocks must be non-empty",
    )
  })
}

function checkTools(tools: unknown): void {
  if (tools === undefined) return
  if (!Array.isArray(tools)) throw bad("tools-list", "tools: Input should be a valid list")
  const names = new Set<string>()
  tools.forEach((tool: unknown, n) => {
    if (!isFields(tool)) throw bad("tool-object", `tools.${n}: Input should be a valid dictionary`)
    const custom = tool["type"] === undefined || tool["type"] === "custom"
    const at = custom ? `tools.${n}.custom.` : `tools.${n}.${String(tool["type"])}.`
    const name = tool["name"]
    if (name === undefined && !custom) return
    required(tool, "name", at)
    if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
      throw bad("tool-name", `${at}name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`)
    }
    if (names.has(name)) throw bad("tool-name-unique", "tools: Tool names must be unique.")
    names.add(name)
    if (custom) checkSchema(required(tool, "input_schema", at), at)
  })
}

function checkSchema(schema: unknown, at: string): void {
  if (!isFields(schema)) throw bad("schema-object", `${at}input_schema: Input should be a valid dictionary`)
  if (required(schema, "type", `${at}input_schema.`) !== "object") {
    throw bad("schema-type", `${at}input_schema.type: Input should be 'object'`)
  }
  if ("oneOf" in schema || "allOf" in schema || "anyOf" in schema) {
    throw bad(
      "schema-union",
      `${at}input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`,
    )
  }
}

const THINKING_DOCS =
  "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"

function checkThinking(body: Fields, model: string, rules: AnthropicRules): void {
  const thinking = body["thinking"]
  if (thinking === undefined) return
  if (!isFields(thinking)) throw bad("thinking-object", "thinking: Input should be a valid dictionary")
  const type = required(thinking, "type", "thinking.")
  if (type === "disabled") {
    if (rules.adaptive(model)) throw bad("thinking-type", "thinking.type.disabled is not supported for this model.")
    return
  }
  if (type === "adaptive") return
  if (type !== "enabled") {
    throw bad(
      "thinking-type",
      `thinking: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'`,
    )
  }
  const budget = required(thinking, "budget_tokens", "thinking.enabled.")
  if (typeof budget !== "number" || !Number.isInteger(budget)) {
    throw bad("thinking-budget", "thinking.enabled.budget_tokens: Input should be a valid integer")
  }
  if (budget < 1024)
    throw bad("thinking-budget", "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
  const max = body["max_tokens"]
  if (typeof max === "number" && max <= budget) {
    throw bad(
      "thinking-budget-limit",
      `\`max_tokens\` must be greater than \`thinking.budget_tokens\`. ${THINKING_DOCS}`,
    )
  }
  const { temperature, top_p: topP } = body
  if (temperature !== undefined && temperature !== 1) {
    throw bad("thinking-sampling", `\`temperature\` may only be set to 1 when thinking is enabled. ${THINKING_DOCS}`)
  }
  if (typeof topP === "number" && topP < 0.95) {
    throw bad(
      "thinking-sampling",
      `\`top_p\` must be greater than or equal to 0.95 or unset when thinking is enabled. ${THINKING_DOCS}`,
    )
  }
  if (body["top_k"] !== undefined)
    throw bad("thinking-sampling", `\`top_k\` must be unset when thinking is enabled. ${THINKING_DOCS}`)
}

function checkChoice(body: Fields): void {
  const choice = body["tool_choice"]
  if (choice === undefined) return
  if (!isFields(choice)) throw bad("tool-choice-object", "tool_choice: Input should be a valid dictionary")
  const type = required(choice, "type", "tool_choice.")
  if (!["auto", "any", "tool", "none"].includes(String(type))) {
    throw bad(
      "tool-choice-type",
      `tool_choice: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`,
    )
  }
  const tools = (body["tools"] ?? []) as readonly Fields[]
  if (tools.length === 0 && type !== "none") {
    throw bad("tool-choice-without-tools", "tool_choice: tool_choice may only be specified while providing tools.")
  }
  if (type === "tool") {
    const name = required(choice, "name", "tool_choice.tool.")
    if (!tools.some((tool) => tool["name"] === name))
      throw bad("tool-choice-unknown", `Tool '${String(name)}' not found in provided tools`)
  }
  const thinking = body["thinking"]
  const on = isFields(thinking) && (thinking["type"] === "enabled" || thinking["type"] === "adaptive")
  if (on && (type === "any" || type === "tool")) {
    throw bad("tool-choice-thinking", "Thinking may not be enabled when tool_choice forces tool use.")
  }
}

/** At most four marks, and the longer ones first, in the order tools, system, messages. */
function checkCacheMarks(body: Fields): void {
  const marks: { at: string; ttl: unknown }[] = []
  const look = (block: unknown, at: string): void => {
    if (!isFields(block)) return
    // A mark stands at the end of its block, behind what is in it.
    const content = block["content"]
    if (Array.isArray(content)) content.forEach((part, n) => look(part, `${at}.content.${n}`))
    const mark = block["cache_control"]
    if (isFields(mark)) {
      if (mark["type"] !== "ephemeral") throw bad("cache-type", `${at}.cache_control.type: Input should be 'ephemeral'`)
      const ttl = mark["ttl"] ?? "5m"
      if (ttl !== "5m" && ttl !== "1h")
        throw bad("cache-ttl", `${at}.cache_control.ephemeral.ttl: Input should be '5m' or '1h'`)
      marks.push({ at, ttl })
    }
  }
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
  list(body["tools"]).forEach((tool, n) => look(tool, `tools.${n}`))
  list(body["system"]).forEach((block, n) => look(block, `system.${n}`))
  list(body["messages"]).forEach((message, n) => {
    if (isFields(message)) blocksOf(message).forEach((block, k) => look(block, `messages.${n}.content.${k}`))
  })
  look({ cache_control: body["cache_control"] }, "cache_control")
  if (marks.length > 4) {
    throw bad("cache-count", `A maximum of 4 blocks with cache_control may be provided. Found ${marks.length}.`)
  }
  const short = marks.findIndex((mark) => mark.ttl === "5m")
  const late = marks.find((mark, n) => short >= 0 && n > short && mark.ttl === "1h")
  if (!late) return
  throw bad(
    "cache-ttl-order",
    `${late.at}.cache_control.ephemeral.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. ` +
      "Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
  )
}
