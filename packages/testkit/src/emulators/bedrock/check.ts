import { halfCharacter, isFields, passed, type Checked, type Fields } from "../check.ts"
import { checkCachePoint, checkMessages, checkText, invalid, usesTools } from "./check-messages.ts"

const FIELDS = new Set(
  (
    "messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables " +
    "additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig"
  ).split(" "),
)
const COUNTED = new Set(["messages", "system", "toolConfig", "additionalModelRequestFields"])
const NAME = /^[a-zA-Z0-9_-]{1,64}$/
const METADATA = /^[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}$/
const MAX_CACHE_POINTS = 4

/** Refuses a request as Converse does. @throws Refused */
export function checkConverse(...about: Parameters<typeof converseChecks>): Fields {
  return passed(converseChecks(...about))
}

/** What a request to Converse is checked for. @throws Refused for what cannot be checked further */
export function converseChecks(body: unknown, signatures: ReadonlySet<string> | undefined, counting = false): Checked {
  if (!isFields(body)) throw invalid("body-object", "The request body is not a JSON object.")
  for (const name of Object.keys(body)) {
    if (!(counting ? COUNTED : FIELDS).has(name))
      throw invalid("unknown-field", `${name}: extraneous key [${name}] is not permitted`)
  }
  return {
    body,
    checks: [
      () => checkJson(body),
      () => checkMessages(body["messages"], signatures),
      () => checkTools(body["toolConfig"], body["messages"]),
      () => checkSystem(body["system"]),
      () => checkCachePoints(body),
      () => checkInference(body["inferenceConfig"]),
      () => checkThinking(body),
      () => checkMetadata(body["requestMetadata"]),
      () => checkTier(body["serviceTier"]),
      () => checkFormat(body["outputConfig"]),
    ],
  }
}

function checkJson(body: Fields): void {
  const at = halfCharacter(body)
  if (at !== undefined) throw invalid("unpaired-surrogate", `${at}: half a character is not valid JSON`)
}

function checkTier(tier: unknown): void {
  const known = ["default", "priority", "flex", "reserved"]
  if (tier === undefined || known.includes(String(isFields(tier) && tier["type"]))) return
  throw invalid(
    "service-tier",
    "serviceTier.type: Member must satisfy enum value set: [default, priority, flex, reserved]",
  )
}

function checkFormat(config: unknown): void {
  const format = isFields(config) ? config["textFormat"] : undefined
  if (format !== undefined && (!isFields(format) || format["type"] !== "json_schema"))
    throw invalid("output-format", "outputConfig.textFormat: unknown type")
}

/** All marks of a request together, wherever they stand. */
function checkCachePoints({ messages, system, toolConfig }: Fields): void {
  const lists: unknown[] = [system, isFields(toolConfig) ? toolConfig["tools"] : undefined]
  if (Array.isArray(messages)) lists.push(...messages.map((message) => (isFields(message) ? message["content"] : [])))
  const marks = lists.flat().filter((block) => isFields(block) && "cachePoint" in block)
  if (marks.length > MAX_CACHE_POINTS)
    throw invalid("cache-count", `You have exceeded the maximum number of cache points: ${MAX_CACHE_POINTS}`)
}

function checkSystem(system: unknown): void {
  if (system === undefined) return
  if (!Array.isArray(system)) throw invalid("system-list", "system: expected a list")
  system.forEach((block: unknown, index) => {
    if (!isFields(block)) throw invalid("system-list", `system.${index}: expected an object`)
    if (block["cachePoint"] === undefined) checkText(block["text"], `system.${index}`)
    else checkCachePoint(block["cachePoint"], `system.${index}`)
  })
}

function checkTools(config: unknown, messages: unknown): void {
  if (config === undefined) {
    if (!usesTools(messages)) return
    throw invalid(
      "tools-missing",
      "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    )
  }
  const tools = isFields(config) ? config["tools"] : undefined
  if (!isFields(config) || !Array.isArray(tools) || tools.length === 0)
    throw invalid("tools-empty", "toolConfig.tools: Member must have length greater than or equal to 1")
  const names = new Set<string>()
  tools.forEach((tool: unknown, index) => {
    const at = `toolConfig.tools.${index}`
    if (isFields(tool) && tool["cachePoint"] !== undefined) {
      checkCachePoint(tool["cachePoint"], at)
      return
    }
    const spec = isFields(tool) ? tool["toolSpec"] : undefined
    if (!isFields(spec) || !NAME.test(String(spec["name"])))
      throw invalid("tool-name", `${at}.toolSpec.name: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+`)
    if (names.has(String(spec["name"])))
      throw invalid("tool-name-unique", `The tool ${String(spec["name"])} is defined more than once.`)
    names.add(String(spec["name"]))
    if (spec["description"] === "")
      throw invalid(
        "tool-description",
        `${at}.toolSpec.description: Member must have length greater than or equal to 1`,
      )
    const schema = isFields(spec["inputSchema"]) ? spec["inputSchema"]["json"] : undefined
    if (!isFields(schema) || schema["type"] !== "object")
      throw invalid(
        "schema-type",
        `The value at ${at}.toolSpec.inputSchema.json.type must be one of the following: object.`,
      )
  })
  const choice = config["toolChoice"]
  if (choice === undefined) return
  const [kind] = Object.keys(isFields(choice) ? choice : {})
  if (!["auto", "any", "tool"].includes(kind ?? ""))
    throw invalid("tool-choice", "toolConfig.toolChoice: one of auto, any and tool is expected")
  const named = isFields(choice) && isFields(choice["tool"]) ? String(choice["tool"]["name"]) : undefined
  if (kind === "tool" && !names.has(named ?? ""))
    throw invalid("tool-choice-unknown", `The tool ${named} of toolConfig.toolChoice is not defined.`)
}

function checkInference(config: unknown): void {
  if (config === undefined) return
  if (!isFields(config)) throw invalid("inference-object", "inferenceConfig: expected an object")
  const { maxTokens, temperature, topP, stopSequences } = config
  if (maxTokens !== undefined && !(Number.isInteger(maxTokens) && (maxTokens as number) >= 1))
    throw invalid("max-tokens", "inferenceConfig.maxTokens: Member must have value greater than or equal to 1")
  for (const [name, value] of Object.entries({ temperature, topP })) {
    if (value !== undefined && !(typeof value === "number" && value >= 0 && value <= 1))
      throw invalid("sampling-range", `inferenceConfig.${name}: Member must have value less than or equal to 1`)
  }
  const texts =
    stopSequences === undefined ||
    (Array.isArray(stopSequences) && stopSequences.every((text) => typeof text === "string" && text !== ""))
  if (!texts)
    throw invalid("stop-sequences", "inferenceConfig.stopSequences: Member must have length greater than or equal to 1")
}

function checkThinking(body: Fields): void {
  const fields = body["additionalModelRequestFields"]
  const thinking = isFields(fields) ? fields["thinking"] : undefined
  if (!isFields(thinking)) return
  const said = "The model returned the following errors: "
  const choice = isFields(body["toolConfig"]) ? body["toolConfig"]["toolChoice"] : undefined
  if (isFields(choice) && !("auto" in choice))
    throw invalid("tool-choice-thinking", `${said}Thinking may not be enabled when tool_choice forces tool use.`)
  const config = isFields(body["inferenceConfig"]) ? body["inferenceConfig"] : {}
  if (config["temperature"] !== undefined && config["temperature"] !== 1)
    throw invalid("thinking-sampling", `${said}\`temperature\` may only be set to 1 when thinking is enabled.`)
  const budget = thinking["budget_tokens"]
  if (thinking["type"] !== "enabled") return
  if (goesOnWithoutThinking(body["messages"]))
    throw invalid(
      "thinking-first",
      `${said}Expected \`thinking\` or \`redacted_thinking\`, but found another block. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`,
    )
  if (typeof budget !== "number" || budget < 1024)
    throw invalid(
      "thinking-budget",
      `${said}thinking.enabled.budget_tokens: Input should be greater than or equal to 1024`,
    )
  const limit = config["maxTokens"]
  if (typeof limit === "number" && limit <= budget)
    throw invalid("thinking-budget-limit", `${said}\`max_tokens\` must be greater than \`thinking.budget_tokens\`.`)
}

/** Whether a tool loop goes on from an answer that does not begin with its thinking. */
function goesOnWithoutThinking(messages: unknown): boolean {
  if (!Array.isArray(messages)) return false
  const blocks = (message: unknown): Fields[] =>
    isFields(message) && Array.isArray(message["content"]) ? (message["content"] as Fields[]) : []
  if (!blocks(messages.at(-1)).some((block) => "toolResult" in block)) return false
  return !("reasoningContent" in (blocks(messages.at(-2))[0] ?? {}))
}

function checkMetadata(metadata: unknown): void {
  if (metadata === undefined) return
  const entries = isFields(metadata) ? Object.entries(metadata) : []
  const sound = entries.every(
    ([name, value]) => name !== "" && METADATA.test(name) && typeof value === "string" && METADATA.test(value),
  )
  if (entries.length === 0 || entries.length > 16 || !sound)
    throw invalid("metadata", "requestMetadata: Map entries must satisfy the pattern")
}
