import { isFields, Refused, type Fields } from "../check.ts"
import { bad, listed, missing, wrongType } from "../openai-refusals.ts"
import { ID_PREFIXES, type ItemBook } from "./memory.ts"

/** What input is checked against. */
export interface InputRules {
  /** The conversation that is continued. */
  previous: readonly Fields[]
  book: ItemBook
  /** Fields of items that are not known are refused, and ids that are not the vendor's own. */
  strictFields: boolean
  verifyReasoning: boolean
  /** Control words of the model's own format are refused. */
  harmony: boolean
  /** Nothing need be new, as when a connection is only warmed up. */
  mayBeEmpty?: boolean
}

const PARTS: Readonly<Record<string, readonly string[]>> = {
  system: ["input_text", "input_image", "input_file"],
  developer: ["input_text", "input_image", "input_file"],
  user: ["input_text", "input_image", "input_file"],
  assistant: ["output_text", "refusal"],
}

/** Item types with the fields that they may have; `null` where these are not looked at. */
const ITEMS: Readonly<Record<string, readonly string[] | null>> = {
  message: ["id", "role", "content", "status", "phase"],
  reasoning: ["id", "summary", "content", "encrypted_content", "status"],
  function_call: ["id", "call_id", "name", "arguments", "status", "namespace"],
  function_call_output: ["id", "call_id", "output", "status"],
  custom_tool_call: ["id", "call_id", "name", "input", "status", "namespace"],
  custom_tool_call_output: ["id", "call_id", "output", "status"],
  item_reference: ["id"],
  image_generation_call: ["id", "result", "status"],
  web_search_call: ["id", "status", "action"],
  file_search_call: ["id", "status", "queries", "results"],
  code_interpreter_call: null,
  computer_call: null,
  computer_call_output: null,
  local_shell_call: null,
  local_shell_call_output: null,
  shell_call: null,
  shell_call_output: null,
  apply_patch_call: null,
  apply_patch_call_output: null,
  mcp_list_tools: null,
  mcp_approval_request: null,
  mcp_approval_response: null,
  mcp_call: null,
  tool_search_call: null,
  tool_search_output: null,
  additional_tools: null,
  compaction: null,
}

/** Calls that the client answers. */
const ANSWERED = new Set(["function_call", "custom_tool_call", "local_shell_call", "apply_patch_call", "computer_call"])

/** Refuses input as the Responses API does; gives it as items. @throws Refused */
export function checkInput(input: unknown, rules: InputRules): Fields[] {
  if (input === undefined || input === null || (Array.isArray(input) && input.length === 0 && !rules.mayBeEmpty)) {
    throw bad(
      "input-missing",
      "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
      "input",
      "missing_required_parameter",
    )
  }
  if (typeof input !== "string" && !Array.isArray(input)) {
    throw wrongType("input", "one of a string or array of input items", input)
  }
  const items = typeof input === "string" ? [{ type: "message", role: "user", content: input }] : (input as unknown[])
  const checked = items.map((item, n) => checkItem(item, `input[${n}]`, rules))
  // What a model thought is the vendor's own words.
  const said = Array.isArray(input) ? checked.filter(({ type }) => type !== "reasoning") : input
  if (rules.harmony && /<\|(?:start|end|message|channel|constrain|return|call)\|>/.test(JSON.stringify(said))) {
    throw bad("control-words", "Invalid prompt: Request blocked.", null, "invalid_prompt")
  }
  checkPairs([...rules.previous, ...checked])
  checkReasoning([...rules.previous, ...checked], rules.book)
  return checked
}

function checkItem(item: unknown, at: string, rules: InputRules): Fields {
  if (!isFields(item)) throw wrongType(at, "an input item", item)
  const type = item["type"] ?? (item["role"] === undefined ? undefined : "message")
  if (type === undefined) throw missing(`${at}.type`)
  if (typeof type !== "string" || !(type in ITEMS)) {
    throw bad(
      "item-type",
      `Invalid value: '${String(type)}'. Supported values are: ${listed(Object.keys(ITEMS))}.`,
      `${at}.type`,
      "invalid_value",
    )
  }
  const fields = ITEMS[type]
  if (rules.strictFields && fields) {
    for (const name of Object.keys(item)) {
      if (name !== "type" && !fields.includes(name)) {
        throw bad("unknown-field", `Unknown parameter: '${at}.${name}'.`, `${at}.${name}`, "unknown_parameter")
      }
    }
  }
  checkId(item, type, at, rules.strictFields)
  switch (type) {
    case "message":
      checkMessage(item, at)
      break
    case "reasoning":
      checkReasoningItem(item, at, rules)
      break
    case "function_call":
      strings(item, ["call_id", "name", "arguments"], at)
      break
    case "custom_tool_call":
      strings(item, ["call_id", "name", "input"], at)
      break
    case "function_call_output":
    case "custom_tool_call_output":
      strings(item, ["call_id"], at)
      checkOutput(item["output"], `${at}.output`)
      break
    case "item_reference":
      return referenced(item, rules.book)
  }
  return { ...item, type }
}

function checkId(item: Fields, type: string, at: string, strict: boolean): void {
  for (const name of ["id", "call_id"]) {
    const value = item[name]
    if (typeof value === "string" && value.length > 64) {
      throw bad(
        "id-length",
        `Invalid '${at}.${name}': string too long. Expected a string with maximum length 64, but got a string with length ${value.length} instead.`,
        `${at}.${name}`,
        "string_above_max_length",
      )
    }
  }
  const id = item["id"]
  if (id === undefined || id === null) return
  if (typeof id !== "string") throw wrongType(`${at}.id`, "a string", id)
  if (!/^[A-Za-z0-9_-]+$/.test(id)) {
    throw bad(
      "id-characters",
      `Invalid '${at}.id': '${id}'. Expected an ID that contains letters, numbers, underscores, or dashes, but this value contained additional characters.`,
      `${at}.id`,
      "invalid_value",
    )
  }
  const prefix = ID_PREFIXES[type]
  if (strict && prefix !== undefined && !id.startsWith(prefix)) {
    throw bad(
      "id-prefix",
      `Invalid '${at}.id': '${id}'. Expected an ID that begins with '${prefix}'.`,
      `${at}.id`,
      "invalid_value",
    )
  }
}

function strings(item: Fields, names: readonly string[], at: string): void {
  for (const name of names) {
    const value = item[name]
    if (value === undefined || value === null) throw missing(`${at}.${name}`)
    if (typeof value !== "string") throw wrongType(`${at}.${name}`, "a string", value)
  }
}

function checkMessage(item: Fields, at: string): void {
  const { role, content, phase } = item
  if (role === undefined) throw missing(`${at}.role`)
  const parts = typeof role === "string" ? PARTS[role] : undefined
  if (!parts) {
    const roles = ["assistant", "system", "developer", "user"]
    throw bad(
      "role",
      `Invalid value: '${String(role)}'. Supported values are: ${listed(roles)}.`,
      `${at}.role`,
      "invalid_value",
    )
  }
  if (phase != null && phase !== "commentary" && phase !== "final_answer") {
    throw bad(
      "phase",
      `Invalid value: '${String(phase)}'. Supported values are: 'commentary' and 'final_answer'.`,
      `${at}.phase`,
      "invalid_value",
    )
  }
  if (content === undefined || content === null) throw missing(`${at}.content`)
  if (typeof content === "string") return
  if (!Array.isArray(content)) {
    throw wrongType(`${at}.content`, "one of an array of objects or string", content)
  }
  content.forEach((part: unknown, n) => checkPart(part, parts, `${at}.content[${n}]`))
}

function checkPart(part: unknown, allowed: readonly string[], at: string): void {
  if (!isFields(part)) throw wrongType(at, "an object", part)
  const { type } = part
  if (type === undefined) throw missing(`${at}.type`)
  if (typeof type !== "string" || !allowed.includes(type)) {
    throw bad(
      "part-type",
      `Invalid value: '${String(type)}'. Supported values are: ${listed(allowed)}.`,
      at,
      "invalid_value",
    )
  }
  if (type === "input_text" || type === "output_text") strings(part, ["text"], at)
  else if (type === "refusal") strings(part, ["refusal"], at)
  else if (type === "input_image") {
    const { detail, image_url: url, file_id: file } = part
    const details = ["low", "high", "auto", "original"]
    if (detail != null && !details.includes(String(detail))) {
      throw bad(
        "image-detail",
        `Invalid value: '${String(detail)}'. Supported values are: ${listed(details)}.`,
        `${at}.detail`,
        "invalid_value",
      )
    }
    if (url == null && file == null) throw missing(`${at}.image_url`)
    if (url != null && typeof url !== "string") throw wrongType(`${at}.image_url`, "an image URL", url)
    if (typeof url === "string" && !/^(?:https?:\/\/|data:image\/[a-z.+-]+;base64,)/.test(url)) {
      throw bad(
        "image-url",
        `Invalid '${at}.image_url'. Expected a valid URL, but got a value with an invalid format.`,
        `${at}.image_url`,
        "invalid_value",
      )
    }
  } else if (part["file_data"] == null && part["file_url"] == null && part["file_id"] == null) {
    throw missing(`${at}.file_id`)
  }
}

function checkOutput(output: unknown, at: string): void {
  if (output === undefined || output === null) throw missing(at)
  if (typeof output === "string") return
  if (!Array.isArray(output)) throw wrongType(at, "one of an array of objects or string", output)
  output.forEach((part: unknown, n) => checkPart(part, PARTS["user"] ?? [], `${at}[${n}]`))
}

function checkReasoningItem(item: Fields, at: string, rules: InputRules): void {
  const { id, summary, encrypted_content: encrypted } = item
  if (summary === undefined) throw missing(`${at}.summary`)
  if (!Array.isArray(summary)) throw wrongType(`${at}.summary`, "an array of objects", summary)
  if (typeof encrypted === "string") {
    if (rules.verifyReasoning && !rules.book.gaveOut(encrypted)) {
      throw bad(
        "encrypted-content",
        `The encrypted content ${encrypted.slice(0, 4)}... could not be verified. Reason: Encrypted content could not be decrypted or parsed.`,
        null,
        "invalid_encrypted_content",
      )
    }
    return
  }
  if (encrypted != null) throw wrongType(`${at}.encrypted_content`, "a string", encrypted)
  if (typeof id === "string" && rules.strictFields && !rules.book.get(id)?.stored) throw notFound(id)
}

function referenced(item: Fields, book: ItemBook): Fields {
  const { id } = item
  if (typeof id !== "string") throw missing("input.id")
  const known = book.get(id)
  if (!known?.stored) throw notFound(id)
  return known.item
}

function notFound(id: string): Refused {
  return new Refused(
    404,
    "invalid_request_error",
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    { rule: "item-unknown", param: "input" },
  )
}

function checkPairs(items: readonly Fields[]): void {
  const open = new Map<unknown, string>()
  const seen = new Map<unknown, string>()
  for (const { type, call_id: id } of items as { type: string; call_id?: string }[]) {
    if (ANSWERED.has(type)) {
      open.set(id, type)
      seen.set(id, type)
    } else if (type.endsWith("_call_output")) {
      const call = type.slice(0, -"_output".length)
      if (!ANSWERED.has(call)) continue
      if (seen.get(id) !== call) {
        throw bad("output-unpaired", `No tool call found for ${words(call)} output with call_id ${id}.`, "input")
      }
      open.delete(id)
    }
  }
  for (const [id, type] of open)
    throw bad("call-unanswered", `No tool output found for ${words(type)} ${String(id)}.`, "input")
}

function words(type: string): string {
  return type.replaceAll("_", " ")
}

/** Items that a model made. */
function isOutput(item: Fields | undefined): boolean {
  if (item === undefined) return false
  const { type, role } = item as { type: string; role?: string }
  return type === "message" ? role === "assistant" : type === "reasoning" || type.endsWith("_call")
}

function checkReasoning(items: readonly Fields[], book: ItemBook): void {
  const reasoning = new Set(items.filter(({ type }) => type === "reasoning").map(({ id }) => id))
  items.forEach(({ id, type }, n) => {
    if (typeof id !== "string") return
    if (type === "reasoning") {
      if (isOutput(items[n + 1])) return
      throw bad(
        "reasoning-alone",
        `Item '${id}' of type 'reasoning' was provided without its required following item.`,
        "input",
      )
    }
    const needs = book.get(id)?.reasoning
    if (needs !== undefined && !reasoning.has(needs)) {
      throw bad(
        "reasoning-missing",
        `Item '${id}' of type '${String(type)}' was provided without its required 'reasoning' item: '${needs}'.`,
        "input",
      )
    }
  })
}

/** Refuses a field that is there and no text, or one that is too long. @throws Refused */
export function optionalString(body: Fields, name: string, limit?: number): void {
  const value = body[name]
  if (value === undefined || value === null) return
  if (typeof value !== "string") throw wrongType(name, "a string", value)
  if (limit !== undefined && value.length > limit) {
    throw bad(
      "string-length",
      `Invalid '${name}': string too long. Expected a string with maximum length ${limit}, but got a string with length ${value.length} instead.`,
      name,
      "string_above_max_length",
    )
  }
}
