import { Checks, isFields, parsed, type Fields, type StreamFrame, type Violation } from "./violations.ts"

/**
 * The grammar of Anthropic's Messages answers, written from the vendor's documentation of streaming and the type
 * declarations of its SDK, apart from the wire that is checked with it.
 *
 * @see https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export interface AnthropicGrammarOptions {
  /** Input of tools was asked for as it is made: it may be no JSON, as the vendor warns. Default false. */
  eagerInput?: boolean
}

const STOP_REASONS = [
  "end_turn",
  "max_tokens",
  "stop_sequence",
  "tool_use",
  "pause_turn",
  "refusal",
  "model_context_window_exceeded",
  "compaction",
]
/** Reasons with which an answer may hold calls that the client is not asked to run yet. */
const CUT_REASONS: ReadonlySet<unknown> = new Set([
  "max_tokens",
  "stop_sequence",
  "pause_turn",
  "refusal",
  "model_context_window_exceeded",
])
const ERROR_TYPES = [
  "invalid_request_error",
  "authentication_error",
  "billing_error",
  "permission_error",
  "not_found_error",
  "request_too_large",
  "rate_limit_error",
  "timeout_error",
  "api_error",
  "overloaded_error",
]
const CITATIONS = [
  "char_location",
  "page_location",
  "content_block_location",
  "web_search_result_location",
  "search_result_location",
]
/** Blocks whose input comes as JSON text. */
const WITH_INPUT: ReadonlySet<string> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"])
/** Deltas by type of block; a type that is not here takes none. */
const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ["text_delta", "citations_delta"],
  thinking: ["thinking_delta", "signature_delta"],
  tool_use: ["input_json_delta"],
  server_tool_use: ["input_json_delta"],
  mcp_tool_use: ["input_json_delta"],
  compaction: ["compaction_delta"],
}

/** Checks the frames of one answer's stream. */
export function checkAnthropicStream(
  frames: readonly StreamFrame[],
  options: AnthropicGrammarOptions = {},
): Violation[] {
  const stream = new Stream(options)
  frames.forEach((frame, index) => stream.push(frame, index))
  return stream.end(frames.length)
}

/** Checks an answer in one document. */
export function checkAnthropicMessage(document: unknown): Violation[] {
  const checks = new Checks()
  const message = checks.fields(document, "message")
  checkHead(message, checks)
  const blocks = checks.items(message["content"], "content").map((entry, i) => {
    const block = checks.fields(entry, `content[${i}]`)
    return checkWhole(block, checks)
  })
  checkStop(message, blocks, checks)
  checkUsage(checks.fields(message["usage"], "usage"), true, checks)
  return checks.list
}

/** Checks the body of an error, or the event of one. */
export function checkAnthropicError(body: unknown): Violation[] {
  const checks = new Checks()
  checkError(checks.fields(body, "body"), checks)
  return checks.list
}

interface OpenBlock {
  index: number
  type: string
  json: string
  signed: boolean
}

class Stream {
  readonly #checks = new Checks()
  readonly #options: AnthropicGrammarOptions
  readonly #blocks: string[] = []
  #open: OpenBlock | undefined
  #next = 0
  #state: "new" | "content" | "stopped" | "over" = "new"

  constructor(options: AnthropicGrammarOptions) {
    this.#options = options
  }

  push(frame: StreamFrame, at: number): void {
    const checks = this.#checks
    checks.at = at
    if (!checks.must(this.#state !== "over", "after-end", "a frame behind the last one")) return
    const event = parsed(frame, checks)
    if (!event) return
    const type = checks.text(event["type"], "type", true)
    checks.must(frame.event === type, "event-name", `the event is named ${frame.event}, its type is ${type}`)
    switch (type) {
      case "ping":
        return
      case "error":
        this.#state = "over"
        checkError(event, checks)
        return
      case "message_start":
        this.#start(event)
        return
      case "content_block_start":
        if (this.#inContent(type)) this.#blockStart(event)
        return
      case "content_block_delta":
        if (this.#inContent(type)) this.#delta(event)
        return
      case "content_block_stop":
        if (this.#inContent(type)) this.#blockStop(event)
        return
      case "message_delta":
        if (this.#inContent(type)) this.#messageDelta(event)
        return
      case "message_stop":
        checks.must(this.#state === "stopped", "order", "message_stop without message_delta")
        this.#state = "over"
        return
      default:
        checks.fail("event-type", `an event of type ${type}`)
    }
  }

  end(frames: number): Violation[] {
    this.#checks.at = frames
    this.#checks.must(this.#state === "over", "no-end", "the stream ends without message_stop or error")
    return this.#checks.list
  }

  #inContent(type: string): boolean {
    return this.#checks.must(this.#state === "content", "order", `${type} out of place`)
  }

  #start(event: Fields): void {
    const checks = this.#checks
    checks.must(this.#state === "new", "order", "a second message_start")
    this.#state = "content"
    const message = checks.fields(event["message"], "message")
    checkHead(message, checks)
    const content = checks.items(message["content"], "message.content")
    checks.must(content.length === 0, "start-content", "the message begins with content")
    checks.must(message["stop_reason"] === null, "start-stop", "the message begins with a reason to stop")
    checks.must(message["stop_sequence"] === null, "start-stop", "the message begins with a stop sequence")
    checkUsage(checks.fields(message["usage"], "message.usage"), true, checks)
  }

  #blockStart(event: Fields): void {
    const checks = this.#checks
    const { index } = event
    checks.must(this.#open === undefined, "overlap", `block ${String(index)} begins inside another one`)
    checks.must(index === this.#next, "index", `block ${String(index)} where ${this.#next} is next`)
    this.#next = (typeof index === "number" ? index : this.#next) + 1
    const block = checks.fields(event["content_block"], "content_block")
    const type = checkStart(block, checks)
    this.#blocks.push(type)
    this.#open = { index: index as number, type, json: "", signed: false }
  }

  #delta(event: Fields): void {
    const checks = this.#checks
    const open = this.#open
    if (!checks.must(open !== undefined, "delta-closed", "a delta outside of blocks") || !open) return
    checks.must(event["index"] === open.index, "delta-index", `a delta of block ${String(event["index"])}`)
    const delta = checks.fields(event["delta"], "delta")
    const type = checks.text(delta["type"], "delta.type", true)
    if (!(DELTAS[open.type] ?? []).includes(type)) {
      checks.fail("delta-type", `${type} in a block of type ${open.type}`)
      return
    }
    checks.must(!open.signed, "signature-last", `${type} behind the signature`)
    switch (type) {
      case "text_delta":
        checks.text(delta["text"], "delta.text")
        return
      case "thinking_delta":
        checks.text(delta["thinking"], "delta.thinking")
        return
      case "signature_delta":
        open.signed = true
        checks.text(delta["signature"], "delta.signature")
        return
      case "input_json_delta":
        open.json += checks.text(delta["partial_json"], "delta.partial_json")
        return
      case "citations_delta":
        checkCitation(delta["citation"], checks)
        return
      default:
        checks.must(delta["content"] === null || typeof delta["content"] === "string", "type", "delta.content")
    }
  }

  #blockStop(event: Fields): void {
    const checks = this.#checks
    const open = this.#open
    if (!checks.must(open !== undefined, "stop-closed", "a stop outside of blocks") || !open) return
    checks.must(event["index"] === open.index, "stop-index", `a stop of block ${String(event["index"])}`)
    if (open.type === "thinking") checks.must(open.signed, "signature", "thinking ends without a signature_delta")
    if (WITH_INPUT.has(open.type) && open.json !== "" && !this.#options.eagerInput) {
      checks.must(isObjectText(open.json), "input-json", `input is no JSON object: ${open.json.slice(0, 60)}`)
    }
    this.#open = undefined
  }

  #messageDelta(event: Fields): void {
    const checks = this.#checks
    checks.must(this.#open === undefined, "open-at-end", "message_delta while a block is open")
    this.#state = "stopped"
    const delta = checks.fields(event["delta"], "delta")
    checkStop(delta, this.#blocks, checks)
    checkUsage(checks.fields(event["usage"], "usage"), false, checks)
  }
}

function isObjectText(text: string): boolean {
  try {
    return isFields(JSON.parse(text))
  } catch {
    return false
  }
}

function checkHead(message: Fields, checks: Checks): void {
  checks.text(message["id"], "message.id", true)
  checks.oneOf(message["type"], ["message"], "message.type")
  checks.oneOf(message["role"], ["assistant"], "message.role")
  checks.text(message["model"], "message.model", true)
}

/** A block as it begins in a stream: nothing of it but its name. */
function checkStart(block: Fields, checks: Checks): string {
  const type = checks.text(block["type"], "content_block.type", true)
  switch (type) {
    case "text":
      checks.must(block["text"] === "", "start-empty", "a text begins with text")
      checks.must(isEmptyList(block["citations"]), "start-empty", "a text begins with citations")
      break
    case "thinking":
      checks.must(block["thinking"] === "", "start-empty", "thinking begins with text")
      checks.must(block["signature"] === "", "start-empty", "thinking begins without an empty signature")
      break
    case "redacted_thinking":
      checks.text(block["data"], "content_block.data", true)
      break
    default:
      if (!WITH_INPUT.has(type)) break
      checkCall(block, checks)
      checks.must(
        isFields(block["input"]) && Object.keys(block["input"]).length === 0,
        "start-input",
        "the input of a tool begins with something else than {}",
      )
  }
  return type
}

function isEmptyList(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function checkCall(block: Fields, checks: Checks): void {
  checks.text(block["id"], "content_block.id", true)
  checks.text(block["name"], "content_block.name", true)
}

function checkWhole(block: Fields, checks: Checks): string {
  const type = checks.text(block["type"], "content_block.type", true)
  switch (type) {
    case "text":
      checks.text(block["text"], "content_block.text")
      if (block["citations"] !== undefined && block["citations"] !== null) {
        for (const citation of checks.items(block["citations"], "citations")) checkCitation(citation, checks)
      }
      break
    case "thinking":
      checks.text(block["thinking"], "content_block.thinking")
      checks.text(block["signature"], "content_block.signature")
      break
    case "redacted_thinking":
      checks.text(block["data"], "content_block.data", true)
      break
    default:
      if (!WITH_INPUT.has(type)) break
      checkCall(block, checks)
      checks.fields(block["input"], "content_block.input")
  }
  return type
}

function checkCitation(value: unknown, checks: Checks): void {
  const citation = checks.fields(value, "citation")
  checks.oneOf(citation["type"], CITATIONS, "citation.type")
  checks.text(citation["cited_text"], "citation.cited_text")
}

function checkStop(stop: Fields, blocks: readonly string[], checks: Checks): void {
  const reason = stop["stop_reason"]
  checks.oneOf(reason, STOP_REASONS, "stop_reason")
  checks.textOrNull(stop, "stop_sequence", "message")
  checks.must(
    stop["stop_sequence"] === null || reason === "stop_sequence",
    "stop-sequence",
    `a stop sequence with the reason ${String(reason)}`,
  )
  const calls = blocks.includes("tool_use")
  checks.must(calls || reason !== "tool_use", "stop-tool-use", "the reason is tool_use, and there is no call")
  checks.must(
    !calls || reason === "tool_use" || CUT_REASONS.has(reason),
    "stop-tool-use",
    `there is a call, and the reason is ${String(reason)}`,
  )
  const details = stop["stop_details"]
  if (details === undefined || details === null) return
  const given = checks.fields(details, "stop_details")
  checks.must(reason === "refusal", "stop-details", `details with the reason ${String(reason)}`)
  checks.oneOf(given["type"], ["refusal"], "stop_details.type")
  checks.textOrNull(given, "category", "stop_details")
  checks.textOrNull(given, "explanation", "stop_details")
}

/** `full`: the figures of a message, not those of a `message_delta`. */
function checkUsage(usage: Fields, full: boolean, checks: Checks): void {
  checks.count(usage["output_tokens"], "usage.output_tokens")
  if (full) checks.count(usage["input_tokens"], "usage.input_tokens")
  else checks.maybeCount(usage["input_tokens"], "usage.input_tokens")
  checks.maybeCount(usage["cache_creation_input_tokens"], "usage.cache_creation_input_tokens")
  checks.maybeCount(usage["cache_read_input_tokens"], "usage.cache_read_input_tokens")
  for (const [name, figures] of [
    ["cache_creation", ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]],
    ["output_tokens_details", ["thinking_tokens"]],
    ["server_tool_use", ["web_search_requests", "web_fetch_requests"]],
  ] as const) {
    const inner = usage[name]
    if (inner === undefined || inner === null) continue
    const given = checks.fields(inner, `usage.${name}`)
    for (const figure of figures) checks.maybeCount(given[figure], `usage.${name}.${figure}`)
  }
}

function checkError(event: Fields, checks: Checks): void {
  checks.oneOf(event["type"], ["error"], "type")
  const error = checks.fields(event["error"], "error")
  checks.oneOf(error["type"], ERROR_TYPES, "error.type")
  checks.text(error["message"], "error.message")
  if (event["request_id"] !== undefined && event["request_id"] !== null) checks.text(event["request_id"], "request_id")
}
