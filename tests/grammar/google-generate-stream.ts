import { Checks, isFields, parsed, type Fields, type StreamFrame, type Violation } from "./violations.ts"

/**
 * The grammar of the answers of Google's `generateContent`, written from the vendor's reference and the type
 * declarations of its SDK, apart from the wire that is checked with it.
 *
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */

const FINISH_REASONS = [
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MALFORMED_FUNCTION_CALL",
  "MALFORMED_RESPONSE",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
  "IMAGE_OTHER",
  "NO_IMAGE",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
]
const BLOCK_REASONS = ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"]
const STATUSES = [
  "INVALID_ARGUMENT",
  "FAILED_PRECONDITION",
  "OUT_OF_RANGE",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "NOT_FOUND",
  "ABORTED",
  "ALREADY_EXISTS",
  "RESOURCE_EXHAUSTED",
  "CANCELLED",
  "DATA_LOSS",
  "UNKNOWN",
  "INTERNAL",
  "UNIMPLEMENTED",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
]
/** What a part may be; exactly one of them. */
const DATA = [
  "text",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
]
/** What may stand beside it. */
const BESIDE = ["thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"]
const COUNTS = [
  "promptTokenCount",
  "cachedContentTokenCount",
  "candidatesTokenCount",
  "toolUsePromptTokenCount",
  "thoughtsTokenCount",
  "totalTokenCount",
]

export interface GenerateGrammarOptions {
  /** Reasons other than to stop end a piece before the last one too: the vendor's own tools make it do so. */
  severalTurns?: boolean
  /** Arguments of calls may come in pieces, as Vertex streams them where that was asked for. Default false. */
  streamedArguments?: boolean
}

/** Checks the frames of one answer's stream. */
export function checkGenerateStream(frames: readonly StreamFrame[], options: GenerateGrammarOptions = {}): Violation[] {
  const checks = new Checks()
  let head: string | undefined
  let finished = false
  let over = false
  frames.forEach((frame, index) => {
    checks.at = index
    if (!checks.must(!over, "after-end", "a frame behind the last one")) return
    checks.must(frame.event === undefined, "event-name", `the event is named ${frame.event}`)
    const piece = parsed(frame, checks)
    if (!piece) return
    if (piece["error"] !== undefined) {
      over = true
      checkError(piece, checks)
      return
    }
    const said = `${String(piece["responseId"])} ${String(piece["modelVersion"])}`
    checks.must(head === undefined || head === said, "same-answer", `${head} became ${said}`)
    head = said
    const { ended, blocked } = checkPiece(piece, checks, options)
    checks.must(!finished || options.severalTurns === true, "after-finish", "a piece behind the reason to stop")
    if (blocked) checks.must(index === 0, "blocked-late", "a blocked prompt behind an answer")
    finished = ended || blocked
  })
  checks.at = frames.length
  checks.must(finished || over, "no-end", "the stream ends without a reason to stop or an error")
  return checks.list
}

/** Checks an answer in one document. */
export function checkGenerateResponse(document: unknown): Violation[] {
  const checks = new Checks()
  const { ended, blocked } = checkPiece(checks.fields(document, "response"), checks, {})
  checks.must(ended || blocked, "no-end", "the answer has no reason to stop")
  return checks.list
}

/** Checks the body of an error. */
export function checkGenerateError(body: unknown): Violation[] {
  const checks = new Checks()
  checkError(checks.fields(body, "body"), checks)
  return checks.list
}

function checkPiece(
  piece: Fields,
  checks: Checks,
  options: GenerateGrammarOptions,
): { ended: boolean; blocked: boolean } {
  const { candidates, promptFeedback, usageMetadata } = piece
  if (usageMetadata !== undefined) checkUsage(checks.fields(usageMetadata, "usageMetadata"), checks)
  for (const name of ["responseId", "modelVersion"]) {
    if (piece[name] !== undefined) checks.text(piece[name], name, true)
  }
  const reason = isFields(promptFeedback) ? promptFeedback["blockReason"] : undefined
  if (reason !== undefined) {
    checks.oneOf(reason, BLOCK_REASONS, "promptFeedback.blockReason")
    checks.must(candidates === undefined, "blocked-candidates", "a blocked prompt has an answer")
    return { ended: false, blocked: true }
  }
  // A piece may bring counts alone.
  if (candidates === undefined && usageMetadata !== undefined) return { ended: false, blocked: false }
  const list = checks.items(candidates, "candidates")
  checks.must(list.length === 1, "one-candidate", `${list.length} candidates`)
  return { ended: checkCandidate(checks.fields(list[0], "candidates[0]"), checks, options), blocked: false }
}

/** Whether the candidate has come to its end. */
function checkCandidate(candidate: Fields, checks: Checks, options: GenerateGrammarOptions): boolean {
  const { content, finishReason, finishMessage, index } = candidate
  checks.must(index === undefined || index === 0, "candidate-index", `the index is ${String(index)}`)
  if (content !== undefined) checkContent(checks.fields(content, "content"), checks, options)
  else checks.must(finishReason !== undefined, "no-content", "a piece without content goes on")
  if (finishMessage !== undefined) {
    checks.text(finishMessage, "finishMessage")
    checks.must(finishReason !== undefined, "message-alone", "a finishMessage without a finishReason")
  }
  if (finishReason === undefined) return false
  checks.oneOf(finishReason, FINISH_REASONS, "finishReason")
  return true
}

function checkContent(content: Fields, checks: Checks, options: GenerateGrammarOptions): void {
  if (content["role"] !== undefined) checks.oneOf(content["role"], ["model"], "content.role")
  if (content["parts"] === undefined) return
  checks.items(content["parts"], "content.parts").forEach((entry, i) => {
    checkPart(checks.fields(entry, `parts[${i}]`), `parts[${i}]`, checks, options)
  })
}

function checkPart(part: Fields, name: string, checks: Checks, options: GenerateGrammarOptions): void {
  const kinds = DATA.filter((kind) => part[kind] !== undefined)
  checks.must(kinds.length === 1, "part-kind", `${name} is ${kinds.length === 0 ? "nothing" : kinds.join(" and ")}`)
  checks.only(part, [...DATA, ...BESIDE], name)
  const { thought, thoughtSignature, text, functionCall, inlineData, fileData } = part
  if (thought !== undefined) checks.must(typeof thought === "boolean", "type", `${name}.thought is no truth value`)
  if (thoughtSignature !== undefined) checks.text(thoughtSignature, `${name}.thoughtSignature`, true)
  if (text !== undefined) checks.text(text, `${name}.text`)
  if (functionCall !== undefined) checkCall(checks.fields(functionCall, `${name}.functionCall`), name, checks, options)
  if (inlineData !== undefined) {
    const inline = checks.fields(inlineData, `${name}.inlineData`)
    checks.text(inline["mimeType"], `${name}.inlineData.mimeType`, true)
    checks.text(inline["data"], `${name}.inlineData.data`, true)
  }
  if (fileData !== undefined) {
    checks.text(checks.fields(fileData, `${name}.fileData`)["fileUri"], `${name}.fileData.fileUri`, true)
  }
}

function checkCall(call: Fields, name: string, checks: Checks, options: GenerateGrammarOptions): void {
  const { id, args } = call
  const streamed = options.streamedArguments === true
  if (!streamed || call["name"] !== undefined) checks.text(call["name"], `${name}.functionCall.name`, true)
  if (id !== undefined) checks.text(id, `${name}.functionCall.id`, true)
  if (args !== undefined) checks.fields(args, `${name}.functionCall.args`)
  const more = streamed ? ["partialArgs", "willContinue"] : []
  checks.only(call, ["id", "name", "args", ...more], `${name}.functionCall`)
}

function checkUsage(usage: Fields, checks: Checks): void {
  for (const name of COUNTS) checks.maybeCount(usage[name], `usageMetadata.${name}`)
  const count = (name: string): number => (typeof usage[name] === "number" ? usage[name] : 0)
  const sum = ["promptTokenCount", "candidatesTokenCount", "toolUsePromptTokenCount", "thoughtsTokenCount"]
    .map(count)
    .reduce((all, one) => all + one, 0)
  // Early pieces have a total that knows more than they tell.
  checks.must(count("totalTokenCount") >= sum, "usage-total", `${count("totalTokenCount")} is less than ${sum}`)
  checks.must(
    count("cachedContentTokenCount") <= count("promptTokenCount"),
    "usage-cached",
    "more of the prompt was cached than there is",
  )
}

function checkError(body: Fields, checks: Checks): void {
  const error = checks.fields(body["error"], "error")
  checks.must(
    Number.isInteger(error["code"]) && (error["code"] as number) >= 400 && (error["code"] as number) < 600,
    "error-code",
    `the code is ${String(error["code"])}`,
  )
  checks.text(error["message"], "error.message")
  checks.oneOf(error["status"], STATUSES, "error.status")
  if (error["details"] === undefined) return
  checks.items(error["details"], "error.details").forEach((entry, i) => {
    const type = checks.text(checks.fields(entry, `details[${i}]`)["@type"], `details[${i}].@type`)
    checks.must(type.startsWith("type.googleapis.com/"), "detail-type", `the type is ${type}`)
  })
}
