import { isFields, Refused, type Fields } from "../check.ts"

/** A request that is wrong, in the words of Anthropic. */
export function bad(rule: string, message: string): Refused {
  return new Refused(400, "invalid_request_error", message, { rule })
}

/** The value of a field that must be there. @throws Refused */
export function required(fields: Fields, name: string, at: string): unknown {
  const value = fields[name]
  if (value === undefined) throw bad("required-field", `${at}${name}: Field required`)
  return value
}

const BLOCKS = [
  "bash_code_execution_tool_result",
  "code_execution_tool_result",
  "connector_text",
  "container_upload",
  "document",
  "image",
  "redacted_thinking",
  "search_result",
  "server_tool_use",
  "text",
  "text_editor_code_execution_tool_result",
  "thinking",
  "tool_result",
  "tool_search_tool_result",
  "tool_use",
  "web_fetch_tool_result",
  "web_search_tool_result",
]

/** Blocks that exist behind a beta only. */
const BETA_BLOCKS = new Set([
  "advisor_tool_result",
  "compaction",
  "fallback",
  "mcp_tool_listing",
  "mcp_tool_result",
  "mcp_tool_use",
  "tool_addition",
  "tool_removal",
])

/** What the result of a tool may hold. */
const IN_RESULTS: ReadonlySet<string> = new Set(["document", "image", "search_result", "text", "tool_reference"])

const IMAGE_TYPES = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"])

/** Opaque values that this server gave out. */
export interface Issued {
  /** Signature to the thinking it signs. */
  signatures: ReadonlyMap<string, string>
  redacted: ReadonlySet<string>
  /** Whether foreign ones are refused. */
  verify: boolean
}

/** Refuses a block by itself. `latest`: it stands in the last assistant message. */
export function checkBlock(
  block: unknown,
  at: string,
  role: string,
  issued: Issued,
  latest: boolean,
  betas: string,
): void {
  if (!isFields(block))
    throw bad("block-object", `${at}: Input should be a valid dictionary or object to extract fields from`)
  const type = required(block, "type", `${at}.`)
  if (typeof type === "string" && BETA_BLOCKS.has(type) && betas !== "") return
  if (typeof type !== "string" || !BLOCKS.includes(type)) {
    const tags = BLOCKS.map((name) => `'${name}'`).join(", ")
    throw bad(
      "block-type",
      `${at}: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: ${tags}`,
    )
  }
  switch (type) {
    case "text":
      checkText(block, at)
      break
    case "image":
      checkImage(block, at)
      break
    case "tool_use":
      checkToolUse(block, at, role)
      break
    case "tool_result":
      checkToolResult(block, at, role, issued, betas)
      break
    case "thinking":
    case "redacted_thinking":
      checkThinking(block, at, type, role, issued, latest)
  }
}

function checkText(block: Fields, at: string): void {
  const text = required(block, "text", `${at}.text.`)
  if (typeof text !== "string") throw bad("text-string", `${at}.text.text: Input should be a valid string`)
  if (text === "") {
    if (block["cache_control"])
      throw bad("empty-text-cached", `${at}.text: cache_control cannot be set for empty text blocks`)
    throw bad("empty-text", "messages: text content blocks must be non-empty")
  }
  if (text.trim() === "") throw bad("blank-text", "messages: text content blocks must contain non-whitespace text")
}

function checkImage(block: Fields, at: string): void {
  const source = required(block, "source", `${at}.image.`)
  if (!isFields(source)) throw bad("image-source", `${at}.image.source: Input should be a valid dictionary`)
  const type = required(source, "type", `${at}.image.source.`)
  if (type !== "base64") return
  const media = required(source, "media_type", `${at}.image.source.base64.`)
  if (!IMAGE_TYPES.has(String(media))) {
    throw bad(
      "image-media-type",
      `${at}.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`,
    )
  }
  const data = required(source, "data", `${at}.image.source.base64.`)
  if (data === "") throw bad("image-data", `${at}.image.source.base64: image cannot be empty`)
}

function checkToolUse(block: Fields, at: string, role: string): void {
  if (role !== "assistant")
    throw bad("tool-use-role", `${at}: \`tool_use\` blocks can only be in \`assistant\` messages`)
  const id = required(block, "id", `${at}.tool_use.`)
  if (typeof id !== "string" || !/^[a-zA-Z0-9_-]+$/.test(id)) {
    throw bad("tool-use-id", `${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`)
  }
  const name = required(block, "name", `${at}.tool_use.`)
  if (typeof name !== "string" || name === "")
    throw bad("tool-use-name", `${at}.tool_use.name: String should have at least 1 character`)
  if (name.length > 200) throw bad("tool-use-name", `${at}.tool_use.name: String should have at most 200 characters`)
  if (!isFields(required(block, "input", `${at}.tool_use.`))) {
    throw bad("tool-use-input", `${at}.tool_use.input: Input should be a valid dictionary`)
  }
}

function checkToolResult(block: Fields, at: string, role: string, issued: Issued, betas: string): void {
  if (role !== "user") throw bad("tool-result-role", `${at}: \`tool_result\` blocks can only be in \`user\` messages`)
  const id = required(block, "tool_use_id", `${at}.tool_result.`)
  if (typeof id !== "string" || !/^[a-zA-Z0-9_-]+$/.test(id)) {
    throw bad("tool-result-id", `${at}.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'`)
  }
  const { content } = block
  const failed = block["is_error"] === true
  const empty =
    content === undefined ||
    (typeof content === "string" && content.trim() === "") ||
    (Array.isArray(content) && content.length === 0)
  if (failed && empty)
    throw bad("tool-error-content", `${at}.tool_result: content cannot be empty if \`is_error\` is true`)
  if (!Array.isArray(content)) return
  content.forEach((part: unknown, n) => {
    const type = isFields(part) ? part["type"] : undefined
    if (failed && type !== "text") {
      throw bad("tool-error-content", `${at}.tool_result: all content must be type "text" if \`is_error\` is true`)
    }
    if (type === "tool_reference") return
    if (typeof type === "string" && BLOCKS.includes(type) && !IN_RESULTS.has(type)) {
      const tags = [...IN_RESULTS].map((name) => `'${name}'`).join(", ")
      throw bad(
        "tool-result-content",
        `${at}.tool_result.content.${n}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${tags}`,
      )
    }
    checkBlock(part, `${at}.tool_result.content.${n}`, role, issued, false, betas)
  })
}

function checkThinking(block: Fields, at: string, type: string, role: string, issued: Issued, latest: boolean): void {
  if (role !== "assistant")
    throw bad("thinking-role", `${at}: \`${type}\` blocks can only be in \`assistant\` messages`)
  if (block["cache_control"] !== undefined)
    throw bad("thinking-cached", `${at}.${type}.cache_control: Extra inputs are not permitted`)
  if (type === "redacted_thinking") {
    const data = required(block, "data", `${at}.redacted_thinking.`)
    if (issued.verify && !issued.redacted.has(String(data))) {
      throw bad("redacted-data", `${at}: Invalid \`data\` in \`redacted_thinking\` block`)
    }
    return
  }
  const thinking = required(block, "thinking", `${at}.thinking.`)
  const signature = required(block, "signature", `${at}.thinking.`)
  if (!issued.verify) return
  const signed = issued.signatures.get(String(signature))
  if (signed === undefined) throw bad("thinking-signature", `${at}: Invalid \`signature\` in \`thinking\` block`)
  // Thinking that was hidden from the client comes back empty.
  if (thinking === signed || thinking === "") return
  if (!latest) throw bad("thinking-signature", `${at}: Invalid \`signature\` in \`thinking\` block`)
  throw bad(
    "thinking-modified",
    `${at}: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. ` +
      "These blocks must remain as they were in the original response.",
  )
}
