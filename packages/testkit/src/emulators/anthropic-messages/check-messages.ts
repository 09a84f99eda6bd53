import { isFields, type Fields } from "../check.ts"
import { bad, checkBlock, required, type Issued } from "./check-blocks.ts"

/** What decides about a conversation besides the messages themselves. */
export interface ConversationRules {
  issued: Issued
  /** `system` is a role between messages. */
  system: boolean
  /** Turns of one role in a row are refused instead of joined. */
  alternation: boolean
  /** The conversation may end with the beginning of the answer. */
  prefill: boolean
  /** Thinking is enabled with a budget: a tool loop must keep it. */
  budget: boolean
  /** Value of `anthropic-beta`. */
  betas: string
}

/** Refuses messages as the vendor does. */
export function checkMessages(messages: unknown, rules: ConversationRules): void {
  if (!Array.isArray(messages)) throw bad("messages-list", "messages: Input should be a valid list")
  if (messages.length === 0) throw bad("messages-empty", "messages: at least one message is required")
  const latest = messages.findLastIndex((message) => isFields(message) && message["role"] === "assistant")
  messages.forEach((message: unknown, n) => checkMessage(message, n, messages.length, n === latest, rules))
  const first = (messages as Fields[]).find((message) => message["role"] !== "system")
  if (first?.["role"] !== "user") throw bad("first-role", 'messages: first message must use the "user" role')
  checkOrder(messages as Fields[], rules)
  checkPairs(messages as Fields[])
  if (rules.budget) checkThinkingKept(messages as Fields[])
}

function checkMessage(message: unknown, n: number, count: number, latest: boolean, rules: ConversationRules): void {
  const at = `messages.${n}`
  if (!isFields(message))
    throw bad("message-object", `${at}: Input should be a valid dictionary or object to extract fields from`)
  const role = required(message, "role", `${at}.`)
  if (role === "system" && !rules.system) {
    throw bad(
      "system-role",
      'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
    )
  }
  if (role !== "user" && role !== "assistant" && role !== "system") {
    throw bad("role", `${at}.role: Input should be 'user' or 'assistant'`)
  }
  for (const name of Object.keys(message)) {
    if (name === "output_config" && rules.betas.includes("per-turn-control")) continue
    if (name !== "role" && name !== "content")
      throw bad("message-field", `${at}.${name}: Extra inputs are not permitted`)
  }
  const content = required(message, "content", `${at}.`)
  const last = n === count - 1
  if (typeof content === "string") {
    if (content === "" && !(role === "assistant" && last)) throw emptyMessage(at)
    if (content !== "" && content.trim() === "") {
      throw bad("blank-text", "messages: text content blocks must contain non-whitespace text")
    }
    return
  }
  if (!Array.isArray(content)) throw bad("content-list", `${at}.content: Input should be a valid list`)
  if (content.length === 0 && !(role === "assistant" && last)) throw emptyMessage(at)
  content.forEach((block, k) => checkBlock(block, `${at}.content.${k}`, role, rules.issued, latest, rules.betas))
}

function emptyMessage(at: string): Error {
  return bad(
    "empty-message",
    `${at}: all messages must have non-empty content except for the optional final assistant message`,
  )
}

function checkOrder(messages: readonly Fields[], rules: ConversationRules): void {
  const last = messages.at(-1) as Fields
  if (last["role"] === "assistant") {
    if (!rules.prefill) {
      throw bad(
        "prefill",
        "This model does not support assistant message prefill. The conversation must end with a user message.",
      )
    }
    const end = blocksOf(last).at(-1)
    const text = typeof last["content"] === "string" ? last["content"] : end?.["type"] === "text" ? end["text"] : ""
    if (typeof text === "string" && /\s$/.test(text)) {
      throw bad("trailing-whitespace", "messages: final assistant content cannot end with trailing whitespace")
    }
  }
  if (!rules.alternation) return
  for (let n = 1; n < messages.length; n++) {
    const role = messages[n]?.["role"]
    if (role !== messages[n - 1]?.["role"]) continue
    throw bad(
      "alternation",
      `messages: roles must alternate between "user" and "assistant", but found multiple "${String(role)}" roles in a row`,
    )
  }
}

/** The blocks of a message; none where its content is a text. */
export function blocksOf(message: Fields | undefined): Fields[] {
  const content = message?.["content"]
  return Array.isArray(content) ? (content as Fields[]) : []
}

function ids(message: Fields | undefined, type: string, field: string): string[] {
  return blocksOf(message)
    .filter((block) => block["type"] === type)
    .map((block) => String(block[field]))
}

/** Calls are answered at the head of the next message, and nothing is answered that was not called. */
function checkPairs(messages: readonly Fields[]): void {
  const turns = joined(messages)
  const known = new Set<string>()
  turns.forEach(({ message, at }, n) => {
    const called = ids(message, "tool_use", "id")
    for (const id of called) {
      if (known.has(id)) throw bad("tool-use-id-unique", "messages: `tool_use` ids must be unique")
      known.add(id)
    }
    const before = n > 0 ? turns[n - 1]?.message : undefined
    const open = new Set(ids(before, "tool_use", "id"))
    const answered = new Set<string>()
    blocksOf(message).forEach((block, k) => {
      if (block["type"] !== "tool_result") return
      const id = String(block["tool_use_id"])
      if (!open.has(id)) {
        throw bad(
          "tool-result-unpaired",
          `messages.${at}.content.${k}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
            "Each `tool_result` block must have a corresponding `tool_use` block in the previous message.",
        )
      }
      if (answered.has(id)) {
        throw bad(
          "tool-result-duplicate",
          `messages.${at}.content.${k}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
        )
      }
      answered.add(id)
    })
    if (called.length === 0) return
    const after = leadingResults(turns[n + 1]?.message)
    const late = textAfterCall(message) ? called : called.filter((id) => !after.has(id))
    if (late.length === 0) return
    throw bad(
      "tool-use-unanswered",
      `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${late.join(", ")}. ` +
        "Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
    )
  })
}

/** Turns of one role in a row are one turn, as the vendor reads them. */
function joined(messages: readonly Fields[]): { message: Fields; at: number }[] {
  const turns: { message: Fields; at: number }[] = []
  messages.forEach((message, at) => {
    if (message["role"] === "system") return
    const last = turns.at(-1)
    if (last && last.message["role"] === message["role"]) {
      last.message = { role: message["role"], content: [...asBlocks(last.message), ...asBlocks(message)] }
    } else turns.push({ message, at })
  })
  return turns
}

function asBlocks(message: Fields): Fields[] {
  const { content } = message
  return typeof content === "string" ? [{ type: "text", text: content }] : blocksOf(message)
}

function leadingResults(message: Fields | undefined): Set<string> {
  const found = new Set<string>()
  for (const block of blocksOf(message)) {
    if (block["type"] !== "tool_result") break
    found.add(String(block["tool_use_id"]))
  }
  return found
}

function textAfterCall(message: Fields): boolean {
  const blocks = blocksOf(message)
  const call = blocks.findIndex((block) => block["type"] === "tool_use")
  return call >= 0 && blocks.slice(call).some((block) => block["type"] === "text")
}

/** With a budget, the turn that a tool loop goes on from begins with its thinking. */
function checkThinkingKept(messages: readonly Fields[]): void {
  const last = messages.length - 1
  const loop = messages[last]?.["role"] === "user" && blocksOf(messages[last]).some((b) => b["type"] === "tool_result")
  if (!loop) return
  const at = messages.findLastIndex((message) => message["role"] === "assistant")
  const first = blocksOf(messages[at])[0]?.["type"]
  if (first === "thinking" || first === "redacted_thinking") return
  throw bad(
    "thinking-first",
    `messages.${at}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${String(first)}\`. ` +
      "When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). " +
      "We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. " +
      "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
  )
}
