import { isFields, type Fields, type Refused } from "../check.ts"
import { bad, listed, missing, wrongType } from "../openai-refusals.ts"

const ROLES = ["system", "assistant", "user", "function", "tool", "developer"]

const PARTS: Readonly<Record<string, readonly string[]>> = {
  system: ["text"],
  developer: ["text"],
  user: ["text", "image_url", "input_audio", "file"],
  assistant: ["text", "refusal"],
  tool: ["text"],
}

/** The last two are an answer's own, which its clients send back as it came. */
const FIELDS = new Set(
  "role content name tool_calls tool_call_id refusal audio function_call annotations parsed".split(" "),
)

/** Refuses messages as OpenAI's Chat Completions does. `strictFields`: fields that it does not know as well. */
export function checkMessages(messages: unknown, idLimit: number, strictFields: boolean): void {
  if (messages === undefined) throw missing("messages")
  if (!Array.isArray(messages)) throw wrongType("messages", "an array of objects", messages)
  if (messages.length === 0) {
    throw bad(
      "messages-empty",
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "messages",
      "empty_array",
    )
  }
  messages.forEach((message, n) => {
    checkMessage(message, n, idLimit)
    if (strictFields) checkName(message as Fields, n)
    const unknown = strictFields && Object.keys(message as Fields).find((name) => !FIELDS.has(name))
    if (!unknown) return
    const param = `messages[${n}].${unknown}`
    throw bad("unknown-field", `Unknown parameter: '${param}'.`, param, "unknown_parameter")
  })
  checkPairs(messages as Fields[])
}

function checkMessage(message: unknown, n: number, idLimit: number): void {
  const at = `messages[${n}]`
  if (!isFields(message)) throw wrongType(at, "an object", message)
  const { role } = message
  if (role === undefined) throw missing(`${at}.role`)
  if (typeof role !== "string" || !ROLES.includes(role)) {
    throw bad(
      "role",
      `Invalid value: '${String(role)}'. Supported values are: ${listed(ROLES)}.`,
      `${at}.role`,
      "invalid_value",
    )
  }
  checkContent(message, role, at)
  if (role === "tool" && typeof message["tool_call_id"] !== "string") throw missing(`${at}.tool_call_id`)
  if (role === "assistant" && message["tool_calls"] !== undefined) checkCalls(message["tool_calls"], at, idLimit)
}

function checkName({ name }: Fields, n: number): void {
  const at = `messages[${n}]`
  if (name !== undefined && (typeof name !== "string" || !/^[^\s<|\\/>]+$/.test(name))) {
    throw bad(
      "message-name",
      `Invalid '${at}.name': string does not match pattern. Expected a string that matches the pattern '^[^\\s<|\\\\/>]+$'.`,
      `${at}.name`,
      "invalid_value",
    )
  }
}

function checkContent(message: Fields, role: string, at: string): void {
  const { content } = message
  if (content === undefined || content === null) {
    const spared = role === "assistant" && (message["tool_calls"] || message["refusal"] || message["audio"])
    if (spared || role === "function") return
    throw bad(
      "content-missing",
      `Invalid value for 'content': expected a string, got ${content === null ? "null" : "nothing"}.`,
      `${at}.content`,
      content === null ? null : "missing_required_parameter",
    )
  }
  if (typeof content === "string") return
  if (!Array.isArray(content)) throw wrongType(`${at}.content`, "one of a string or array of objects", content)
  if (content.length === 0) {
    throw bad(
      "content-empty",
      `Invalid '${at}.content': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      `${at}.content`,
      "empty_array",
    )
  }
  content.forEach((part, n) => checkPart(part, role, `${at}.content[${n}]`))
}

function checkPart(part: unknown, role: string, at: string): void {
  if (!isFields(part)) throw wrongType(at, "an object", part)
  const { type } = part
  const allowed = PARTS[role] ?? ["text"]
  if (type === undefined) throw missing(`${at}.type`)
  if (typeof type !== "string" || !allowed.includes(type)) {
    throw bad(
      "part-type",
      `Invalid value: '${String(type)}'. Supported values are: ${listed(allowed)}.`,
      `${at}.type`,
      "invalid_value",
    )
  }
  if (type === "text" && typeof part["text"] !== "string") throw missing(`${at}.text`)
  if (type !== "image_url") return
  const image = part["image_url"]
  if (!isFields(image) || typeof image["url"] !== "string") throw missing(`${at}.image_url.url`)
  const detail = image["detail"]
  if (detail !== undefined && !["auto", "low", "high"].includes(String(detail))) {
    throw bad(
      "image-detail",
      `Invalid value: '${String(detail)}'. Supported values are: 'low', 'high', and 'auto'.`,
      `${at}.image_url.detail`,
      "invalid_value",
    )
  }
  const media = /^data:([^;,]+)/.exec(image["url"])?.[1]
  if (media !== undefined && !/^image\/(?:png|jpe?g|gif|webp)$/.test(media)) {
    throw bad(
      "image-format",
      "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].",
      null,
      "invalid_image_format",
    )
  }
}

function checkCalls(calls: unknown, at: string, idLimit: number): void {
  if (!Array.isArray(calls)) throw wrongType(`${at}.tool_calls`, "an array of objects", calls)
  if (calls.length === 0) {
    throw bad(
      "tool-calls-empty",
      `Invalid '${at}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      `${at}.tool_calls`,
      "empty_array",
    )
  }
  calls.forEach((call: unknown, n) => {
    const here = `${at}.tool_calls[${n}]`
    if (!isFields(call)) throw wrongType(here, "an object", call)
    const { id, type } = call
    if (typeof id !== "string") throw missing(`${here}.id`)
    if (id.length > idLimit) {
      throw bad(
        "tool-call-id-length",
        `Invalid '${here}.id': string too long. Expected a string with maximum length ${idLimit}, but got a string with length ${id.length} instead.`,
        `${here}.id`,
        "string_above_max_length",
      )
    }
    if (type === undefined) throw missing(`${here}.type`)
    if (type === "custom") return
    if (type !== "function") {
      throw bad(
        "tool-call-type",
        `Invalid value: '${String(type)}'. Supported values are: 'function' and 'custom'.`,
        `${here}.type`,
        "invalid_value",
      )
    }
    const body = call["function"]
    if (!isFields(body) || typeof body["name"] !== "string") throw missing(`${here}.function.name`)
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(body["name"])) {
      throw bad(
        "tool-call-name",
        `Invalid '${here}.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        `${here}.function.name`,
        "invalid_value",
      )
    }
    if (body["arguments"] === undefined) throw missing(`${here}.function.arguments`)
    if (typeof body["arguments"] !== "string") {
      throw wrongType(`${here}.function.arguments`, "a string", body["arguments"])
    }
  })
}

/** Every call is answered right behind it, and nothing is answered that was not called. */
function checkPairs(messages: readonly Fields[]): void {
  let open = new Set<string>()
  let from = -1
  const unanswered = (): Refused =>
    bad(
      "tool-calls-unanswered",
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
        `The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
      `messages.[${from + 1}].role`,
    )
  messages.forEach((message, n) => {
    if (message["role"] === "tool") {
      const id = message["tool_call_id"] as string
      if (from < 0) {
        throw bad(
          "tool-message-unpaired",
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          `messages.[${n}].role`,
        )
      }
      if (!open.delete(id) && !answered(messages, from, n, id)) {
        throw bad(
          "tool-message-unpaired",
          `Invalid parameter: 'tool_call_id' of '${id}' not found in 'tool_calls' of previous message.`,
          `messages.[${n}].tool_call_id`,
        )
      }
      return
    }
    if (open.size > 0) throw unanswered()
    from = -1
    const calls = message["tool_calls"]
    if (message["role"] !== "assistant" || !Array.isArray(calls)) return
    open = new Set((calls as Fields[]).map((call) => String(call["id"])))
    from = n
  })
  if (open.size > 0) throw unanswered()
}

function answered(messages: readonly Fields[], from: number, to: number, id: string): boolean {
  return messages.slice(from + 1, to).some((message) => message["tool_call_id"] === id)
}
