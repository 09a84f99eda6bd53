import { isFields, Refused, type Fields } from "../check.ts"

/** A refusal of what a request holds. */
export function invalid(rule: string, message: string): Refused {
  return new Refused(400, "ValidationException", message, { rule })
}

const IMAGES = ["png", "jpeg", "gif", "webp"]
const DOCUMENTS = ["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]
const NAME = /^(?!.* {2})[A-Za-z0-9\s\-()[\]]{1,200}$/
const ID = /^[a-zA-Z0-9_-]{1,64}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Refuses a conversation as Converse does. @throws Refused */
export function checkMessages(messages: unknown, signatures: ReadonlySet<string> | undefined): void {
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid("messages-empty", "The messages field is empty. Add a message.")
  const names = new Set<string>()
  let asked: string[] = []
  messages.forEach((message: unknown, index) => {
    const at = `messages.${index}`
    if (!isFields(message)) throw invalid("message-object", `${at}: expected an object`)
    const { role, content } = message
    if (index === 0 && role !== "user") {
      throw invalid(
        "first-role",
        "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
      )
    }
    if (role !== (index % 2 === 0 ? "user" : "assistant")) {
      throw invalid(
        "alternation",
        "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
      )
    }
    if (!Array.isArray(content) || content.length === 0) {
      throw invalid(
        "empty-message",
        `The content field in the Message object at ${at} is empty. Add a ContentBlock object to the content field and try again.`,
      )
    }
    const blocks = content.map((block: unknown, n) =>
      checkBlock(block, `${at}.content.${n}`, { names, signatures, role }),
    )
    const answered = idsOf(blocks, "toolResult")
    checkPairs(asked, answered, at)
    asked = idsOf(blocks, "toolUse")
    if (blocks.some((block) => "document" in block) && !blocks.some((block) => "text" in block)) {
      throw invalid("document-without-text", "Documents must be accompanied by a text block in the same message.")
    }
  })
  if (asked.length > 0)
    throw invalid(
      "tool-use-unanswered",
      `Expected toolResult blocks at messages.${messages.length}.content for the following Ids: ${asked.join(", ")}`,
    )
}

/** Whether there are calls or results. */
export function usesTools(messages: unknown): boolean {
  if (!Array.isArray(messages)) return false
  const blocks = messages.flatMap((message) => (isFields(message) ? message["content"] : []))
  return blocks.some((block) => isFields(block) && ("toolUse" in block || "toolResult" in block))
}

function idsOf(blocks: readonly Fields[], kind: "toolUse" | "toolResult"): string[] {
  return blocks.flatMap((block) => (isFields(block[kind]) ? [String(block[kind]["toolUseId"])] : []))
}

function checkPairs(asked: readonly string[], answered: readonly string[], at: string): void {
  const missing = asked.filter((id) => !answered.includes(id))
  if (missing.length > 0)
    throw invalid(
      "tool-use-unanswered",
      `Expected toolResult blocks at ${at}.content for the following Ids: ${missing.join(", ")}`,
    )
  if (answered.length > asked.length || answered.some((id) => !asked.includes(id))) {
    throw invalid(
      "tool-result-unpaired",
      `The number of toolResult blocks at ${at}.content exceeds the number of toolUse blocks of previous turn.`,
    )
  }
}

interface BlockRules {
  names: Set<string>
  signatures: ReadonlySet<string> | undefined
  role?: unknown
}

function checkBlock(block: unknown, at: string, rules: BlockRules): Fields {
  if (!isFields(block) || Object.keys(block).length !== 1)
    throw invalid("block-member", `${at}: a block has exactly one member`)
  const [[kind, value] = ["", undefined]] = Object.entries(block)
  switch (kind) {
    case "text":
      checkText(value, at)
      break
    case "image":
      checkMedia(value, IMAGES, at)
      break
    case "document":
      checkDocument(value, at, rules)
      break
    case "toolUse":
      checkUse(value, at, rules)
      break
    case "toolResult":
      checkResult(value, at, rules)
      break
    case "reasoningContent":
      checkReasoning(value, at, rules)
      break
    case "cachePoint":
      checkCachePoint(value, at)
      break
    case "guardContent":
      break
    case "citationsContent":
      if (rules.role !== "assistant")
        throw invalid("citations-role", `The citationsContent block at ${at} belongs to the assistant`)
      break
    default:
      throw invalid("block-type", `${at}: unknown member ${kind}`)
  }
  return block
}

/** Refuses a blank text. */
export function checkText(text: unknown, at: string): void {
  if (typeof text === "string" && text.trim() !== "") return
  throw invalid(
    "blank-text",
    `The text field in the ContentBlock object at ${at} is blank. Add text to the text field, and try again.`,
  )
}

/** Refuses a cache point of another type or lifetime than the vendor knows. */
export function checkCachePoint(point: unknown, at: string): void {
  if (!isFields(point) || point["type"] !== "default")
    throw invalid("cache-type", `${at}.cachePoint: type must be default`)
  if (point["ttl"] !== undefined && point["ttl"] !== "5m" && point["ttl"] !== "1h")
    throw invalid("cache-ttl", `${at}.cachePoint: unknown ttl`)
}

function checkMedia(media: unknown, formats: readonly string[], at: string): Fields {
  if (!isFields(media) || !formats.includes(String(media["format"])))
    throw invalid("media-format", `${at}: Member must satisfy enum value set: [${formats.join(", ")}]`)
  const source = media["source"]
  if (!isFields(source) || Object.keys(source).length !== 1)
    throw invalid("media-source", `${at}: a source has exactly one member`)
  const { bytes, s3Location: place } = source
  if (bytes !== undefined && (typeof bytes !== "string" || bytes === "" || !BASE64.test(bytes))) {
    throw new Refused(400, "SerializationException", "Base64 encoded string is not valid", { rule: "base64" })
  }
  if (place !== undefined && !(isFields(place) && String(place["uri"]).startsWith("s3://")))
    throw invalid("media-address", `${at}: not an address in S3`)
  return media
}

function checkDocument(document: unknown, at: string, { names }: BlockRules): void {
  const { name } = checkMedia(document, DOCUMENTS, at)
  if (typeof name !== "string" || !NAME.test(name)) {
    throw invalid(
      "document-name",
      "The file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.",
    )
  }
  if (names.has(name)) throw invalid("document-name-unique", "Messages can't contain duplicate document names.")
  names.add(name)
}

function checkUse(use: unknown, at: string, { role }: BlockRules): void {
  if (role !== "assistant") throw invalid("tool-use-role", `The toolUse block at ${at} belongs to the assistant`)
  if (!isFields(use) || !ID.test(String(use["toolUseId"])) || !ID.test(String(use["name"])))
    throw invalid("tool-use-id", `${at}.toolUse: toolUseId and name must match [a-zA-Z0-9_-]+`)
  if (!isFields(use["input"]))
    throw invalid(
      "tool-use-input",
      `The format of the value at ${at}.toolUse.input is invalid. Provide a json object for the field and try again.`,
    )
}

function checkResult(result: unknown, at: string, rules: BlockRules): void {
  if (rules.role !== "user") throw invalid("tool-result-role", `The toolResult block at ${at} belongs to the user`)
  if (!isFields(result) || !ID.test(String(result["toolUseId"])))
    throw invalid("tool-result-id", `${at}.toolResult: toolUseId must match [a-zA-Z0-9_-]+`)
  const { content, status } = result
  if (!Array.isArray(content)) throw invalid("tool-result-content", `${at}.toolResult.content: expected a list`)
  if (status !== undefined && status !== "success" && status !== "error")
    throw invalid("tool-result-status", `${at}.toolResult.status: Member must satisfy enum value set: [success, error]`)
  content.forEach((block: unknown, n) => {
    const [kind] = Object.keys(isFields(block) ? block : {})
    if (!["text", "json", "image", "document"].includes(kind ?? ""))
      throw invalid("tool-result-content", `${at}.toolResult.content.${n}: unknown member ${kind}`)
    if (kind !== "json") checkBlock(block, `${at}.toolResult.content.${n}`, rules)
  })
}

function checkReasoning(reasoning: unknown, at: string, { role, signatures }: BlockRules): void {
  if (role !== "assistant" || !isFields(reasoning))
    throw invalid("thinking-role", `The reasoningContent block at ${at} belongs to the assistant`)
  const { reasoningText: told, redactedContent: hidden } = reasoning
  if (hidden !== undefined) {
    if (typeof hidden !== "string" || !BASE64.test(hidden))
      throw invalid("redacted-data", `${at}.reasoningContent.redactedContent is not valid`)
    return
  }
  if (!isFields(told) || typeof told["text"] !== "string")
    throw invalid("thinking-text", `${at}.reasoningContent: a text is missing`)
  const signature = told["signature"]
  if (signature !== undefined && signatures && !signatures.has(`${String(signature)} ${told["text"]}`)) {
    throw invalid(
      "thinking-signature",
      `The model returned the following errors: ${at}: Invalid \`signature\` in \`thinking\` block`,
    )
  }
}
