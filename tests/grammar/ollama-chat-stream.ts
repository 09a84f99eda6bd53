import { Checks, isFields, parsed, type Fields, type StreamFrame, type Violation } from "./violations.ts"

/**
 * The grammar of answers of Ollama's own API, to a conversation and to a single prompt, written from the vendor's
 * documentation and the type declarations of its JavaScript library, apart from the wire that is checked with it.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
const COUNTS = [
  "total_duration",
  "load_duration",
  "prompt_eval_count",
  "prompt_eval_duration",
  "eval_count",
  "eval_duration",
]
const LINE = ["model", "created_at", "done", "done_reason", "logprobs", ...COUNTS]
const MESSAGE = ["role", "content", "thinking", "images", "tool_calls"]
const REASONS = ["stop", "length", "load", "unload"]

/** Checks the lines of one answer's stream. */
export function checkOllamaStream(frames: readonly StreamFrame[]): Violation[] {
  const checks = new Checks()
  let ended = false
  frames.forEach((frame, at) => {
    checks.at = at
    checks.must(!ended, "after-end", "a line stands behind the last one")
    checks.must(frame.event === undefined, "event", "lines have no name")
    checks.must(!String(frame.data).includes("\n"), "line", "a line is broken")
    const line = parsed(frame, checks)
    if (!line) return
    if (line["error"] !== undefined) {
      ended = true
      checks.only(line, ["error"], "error line")
      checks.text(line["error"], "error", true)
      return
    }
    checkLine(line, checks)
    if (line["done"] === true) ended = true
  })
  checks.at = frames.length
  checks.must(ended, "end", "the last line is missing")
  return checks.list
}

/** Checks an answer in one document. */
export function checkOllamaAnswer(document: unknown): Violation[] {
  const checks = new Checks()
  const answer = checks.fields(document, "answer")
  checkLine(answer, checks)
  checks.must(answer["done"] === true, "done", "a whole answer is done")
  return checks.list
}

function checkLine(line: Fields, checks: Checks): void {
  const single = line["message"] === undefined
  checks.only(line, [...LINE, ...(single ? ["response", "thinking", "context"] : ["message"])], "line")
  checks.text(line["model"], "model", true)
  const created = checks.text(line["created_at"], "created_at", true)
  checks.must(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(created),
    "time",
    `created_at is ${created}`,
  )
  checks.must(typeof line["done"] === "boolean", "type", "done is neither true nor false")
  if (single) {
    checks.text(line["response"], "response")
    if (line["thinking"] !== undefined) checks.text(line["thinking"], "thinking")
  } else checkMessage(checks.fields(line["message"], "message"), checks)
  if (line["logprobs"] !== undefined) checkLogprobs(checks.items(line["logprobs"], "logprobs"), checks)
  for (const name of COUNTS) checks.maybeCount(line[name], name)
  if (line["done"] === true) checks.oneOf(line["done_reason"], REASONS, "done_reason")
  else {
    for (const name of [...COUNTS, "done_reason"]) {
      checks.must(line[name] === undefined, "early", `${name} stands before the last line`)
    }
  }
}

function checkMessage(message: Fields, checks: Checks): void {
  checks.only(message, MESSAGE, "message")
  checks.oneOf(message["role"], ["assistant"], "message.role")
  checks.text(message["content"], "message.content")
  if (message["thinking"] !== undefined) checks.text(message["thinking"], "message.thinking", true)
  if (message["images"] !== undefined) {
    for (const image of checks.items(message["images"], "message.images")) {
      const data = checks.text(image, "image", true)
      checks.must(!data.startsWith("data:"), "image", "an image is base64 alone")
    }
  }
  if (message["tool_calls"] === undefined) return
  const calls = checks.items(message["tool_calls"], "message.tool_calls")
  checks.must(calls.length > 0, "calls", "the list of calls is empty")
  for (const call of calls) checkCall(checks.fields(call, "call"), checks)
}

function checkCall(call: Fields, checks: Checks): void {
  checks.only(call, ["id", "function"], "call")
  if (call["id"] !== undefined) checks.text(call["id"], "call.id", true)
  const fn = checks.fields(call["function"], "call.function")
  checks.only(fn, ["index", "name", "arguments"], "call.function")
  checks.text(fn["name"], "call.function.name")
  checks.maybeCount(fn["index"], "call.function.index")
  checks.must(isFields(fn["arguments"]), "arguments", "the arguments of a call are an object")
}

function checkLogprobs(list: readonly unknown[], checks: Checks): void {
  for (const entry of list) {
    const { token, logprob } = checks.fields(entry, "logprob")
    checks.text(token, "logprob.token")
    checks.must(typeof logprob === "number", "type", "logprob.logprob is no number")
  }
}
