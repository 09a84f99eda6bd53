import { Checks, parsed, type Fields, type StreamFrame, type Violation } from "./violations.ts"

/**
 * The grammar of Chat Completions answers, written from the vendor's documentation of streaming and the type
 * declarations of its SDK, apart from the wire that is checked with it. Fields that many hosts add and clients know
 * (`reasoning_content`, `images`, `annotations` in a delta) are part of it.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export interface ChatGrammarOptions {
  /** `stream_options.include_usage` was asked for. `undefined`: it is not known. */
  usage?: boolean
  /** A named function was forced: an answer with its call may end in `stop`. Default false. */
  forced?: boolean
}

const FINISH = ["stop", "length", "tool_calls", "content_filter", "function_call"]
const CHUNK = [
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "system_fingerprint",
  "obfuscation",
  "moderation",
]
const COMPLETION = [...CHUNK, "metadata"]
const DELTA = [
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "reasoning_content",
  "annotations",
  "images",
]
const MESSAGE = DELTA

/** Checks the frames of one answer's stream. */
export function checkChatStream(frames: readonly StreamFrame[], options: ChatGrammarOptions = {}): Violation[] {
  const stream = new Stream(options)
  frames.forEach((frame, index) => stream.push(frame, index))
  return stream.end(frames.length)
}

/** Checks an answer in one document. */
export function checkChatCompletion(document: unknown, options: ChatGrammarOptions = {}): Violation[] {
  const checks = new Checks()
  const completion = checks.fields(document, "completion")
  checks.only(completion, COMPLETION, "completion")
  checkHead(completion, "chat.completion", checks)
  const choices = checks.items(completion["choices"], "choices")
  checks.must(choices.length > 0, "choices", "there is no choice")
  choices.forEach((entry, i) => {
    const choice = checks.fields(entry, `choices[${i}]`)
    checks.must(choice["index"] === i, "choice-index", `choice ${String(choice["index"])} at place ${i}`)
    checkLogprobs(choice["logprobs"], checks)
    const calls = checkMessage(checks.fields(choice["message"], "message"), checks)
    checks.oneOf(choice["finish_reason"], FINISH, "finish_reason")
    checkFinish(choice["finish_reason"], calls, options, checks)
  })
  if (completion["usage"] !== undefined) checkUsage(checks.fields(completion["usage"], "usage"), checks)
  return checks.list
}

/** Checks the body of an error. */
export function checkChatError(body: unknown): Violation[] {
  const checks = new Checks()
  checkError(checks.fields(checks.fields(body, "body")["error"], "error"), checks)
  return checks.list
}

class Stream {
  readonly #checks = new Checks()
  readonly #options: ChatGrammarOptions
  /** Kinds of the calls so far. */
  readonly #calls: ("function" | "custom")[] = []
  #head: Fields | undefined
  #state: "new" | "content" | "finished" | "usage" | "over" = "new"

  constructor(options: ChatGrammarOptions) {
    this.#options = options
  }

  push(frame: StreamFrame, at: number): void {
    const checks = this.#checks
    checks.at = at
    if (!checks.must(this.#state !== "over", "after-end", "a frame behind the last one")) return
    checks.must(frame.event === undefined, "event-name", `the frame is named ${frame.event}`)
    if (frame.data === "[DONE]") {
      this.#done()
      return
    }
    const chunk = parsed(frame, checks)
    if (!chunk) return
    if (chunk["error"] !== undefined) {
      this.#state = "over"
      checkError(checks.fields(chunk["error"], "error"), checks)
      return
    }
    checks.must(this.#state !== "usage", "usage-last", "a chunk behind the one with the usage")
    checks.only(chunk, CHUNK, "chunk")
    checkHead(chunk, "chat.completion.chunk", checks)
    this.#sameHead(chunk)
    const choices = checks.items(chunk["choices"], "choices")
    this.#usage(chunk, choices)
    for (const entry of choices) {
      const choice = checks.fields(entry, "choice")
      checks.must(choice["index"] === 0, "choice-index", `choice ${String(choice["index"])}`)
      this.#choice(choice)
    }
  }

  end(frames: number): Violation[] {
    this.#checks.at = frames
    this.#checks.must(this.#state === "over", "no-end", "the stream ends without [DONE] or an error")
    return this.#checks.list
  }

  #done(): void {
    const checks = this.#checks
    checks.must(
      this.#state === "finished" || this.#state === "usage",
      "done-early",
      "[DONE] before a reason to finish was given",
    )
    if (this.#options.usage) checks.must(this.#state === "usage", "usage-missing", "the usage was asked for")
    this.#state = "over"
  }

  #sameHead(chunk: Fields): void {
    this.#head ??= chunk
    for (const name of ["id", "created", "model"]) {
      this.#checks.must(chunk[name] === this.#head[name], `same-${name}`, `${name} is another than before`)
    }
  }

  #usage(chunk: Fields, choices: readonly unknown[]): void {
    const checks = this.#checks
    const { usage } = chunk
    if (choices.length > 0) {
      checks.must(usage === undefined || usage === null, "usage-empty-choices", "usage beside a choice")
      if (this.#options.usage) checks.must("usage" in chunk, "usage-null", "usage: null is missing")
      return
    }
    checks.must(this.#state === "finished", "usage-place", "a chunk without choices before the answer is finished")
    checks.must(this.#options.usage !== false, "usage-unasked", "the usage was not asked for")
    if (usage !== null) checkUsage(checks.fields(usage, "usage"), checks)
    this.#state = "usage"
  }

  #choice(choice: Fields): void {
    const checks = this.#checks
    const delta = checks.fields(choice["delta"], "delta")
    checks.must(this.#state !== "finished", "after-finish", "a choice behind the reason to finish")
    checks.only(choice, ["index", "delta", "finish_reason", "logprobs"], "choice")
    checks.only(delta, DELTA, "delta")
    if (this.#state === "new") {
      checks.must(delta["role"] === "assistant", "role-first", "the first delta has no role")
      this.#state = "content"
    } else checks.must(delta["role"] === undefined, "role-once", "the role comes again")
    for (const name of ["content", "refusal"]) {
      if (delta[name] !== undefined) checks.textOrNull(delta, name, "delta")
    }
    if (delta["reasoning_content"] !== undefined) checks.text(delta["reasoning_content"], "delta.reasoning_content")
    if (delta["tool_calls"] !== undefined) {
      for (const entry of checks.items(delta["tool_calls"], "tool_calls")) {
        this.#call(checks.fields(entry, "tool_calls[]"))
      }
    }
    checkExtras(delta, checks)
    checkLogprobs(choice["logprobs"], checks)
    const finish = choice["finish_reason"]
    if (!checks.must(finish !== undefined, "type", "finish_reason is absent") || finish === null) return
    checks.oneOf(finish, FINISH, "finish_reason")
    this.#state = "finished"
    checkFinish(finish, this.#calls.length > 0, this.#options, checks)
  }

  #call(call: Fields): void {
    const checks = this.#checks
    const { index } = call
    checks.count(index, "tool_calls[].index")
    const at = index as number
    const known = this.#calls[at]
    if (known === undefined) {
      checks.must(at === this.#calls.length, "call-index", `call ${at} where ${this.#calls.length} is next`)
      checks.must(call["id"] !== undefined && call["id"] !== "", "call-head", `call ${at} begins without an id`)
      checks.must(
        call["type"] === "function" || call["type"] === "custom",
        "call-head",
        `call ${at} begins without a type`,
      )
      const kind = call["type"] === "custom" ? "custom" : "function"
      this.#calls[at] = kind
      const inner = checks.fields(call[kind], `tool_calls[].${kind}`)
      checks.must(typeof inner["name"] === "string" && inner["name"] !== "", "call-head", `call ${at} has no name`)
      checks.text(inner[kind === "custom" ? "input" : "arguments"], "the first piece of the arguments")
      return
    }
    checks.must(call["id"] === undefined, "call-head-once", `call ${at} is given its id again`)
    const inner = checks.fields(call[known], `tool_calls[].${known}`)
    checks.must(inner["name"] === undefined, "call-head-once", `call ${at} is given its name again`)
    checks.text(inner[known === "custom" ? "input" : "arguments"], "a piece of the arguments")
  }
}

function checkHead(chunk: Fields, object: string, checks: Checks): void {
  checks.text(chunk["id"], "id", true)
  checks.oneOf(chunk["object"], [object], "object")
  checks.count(chunk["created"], "created")
  checks.text(chunk["model"], "model", true)
  for (const name of ["system_fingerprint", "service_tier"]) {
    if (chunk[name] !== undefined) checks.textOrNull(chunk, name, "chunk")
  }
}

function checkMessage(message: Fields, checks: Checks): boolean {
  checks.only(message, MESSAGE, "message")
  checks.oneOf(message["role"], ["assistant"], "message.role")
  checks.textOrNull(message, "content", "message")
  checks.textOrNull(message, "refusal", "message")
  if (message["reasoning_content"] !== undefined) checks.text(message["reasoning_content"], "message.reasoning_content")
  checkExtras(message, checks)
  const calls = message["tool_calls"]
  if (calls === undefined) return false
  const list = checks.items(calls, "tool_calls")
  checks.must(list.length > 0, "calls-empty", "an empty list of calls")
  for (const entry of list) {
    const call = checks.fields(entry, "tool_calls[]")
    checks.text(call["id"], "tool_calls[].id", true)
    checks.oneOf(call["type"], ["function", "custom"], "tool_calls[].type")
    const kind = call["type"] === "custom" ? "custom" : "function"
    const inner = checks.fields(call[kind], `tool_calls[].${kind}`)
    checks.text(inner["name"], "tool_calls[].name", true)
    checks.text(inner[kind === "custom" ? "input" : "arguments"], "tool_calls[].arguments")
  }
  return list.length > 0
}

/** What stands in a delta and in a message alike. */
function checkExtras(part: Fields, checks: Checks): void {
  if (part["annotations"] !== undefined) {
    for (const entry of checks.items(part["annotations"], "annotations")) {
      checks.text(checks.fields(entry, "annotations[]")["type"], "annotations[].type", true)
    }
  }
  if (part["images"] !== undefined) {
    for (const entry of checks.items(part["images"], "images")) {
      const image = checks.fields(entry, "images[]")
      checks.oneOf(image["type"], ["image_url"], "images[].type")
      checks.text(checks.fields(image["image_url"], "images[].image_url")["url"], "images[].image_url.url", true)
    }
  }
  const audio = part["audio"]
  if (audio === undefined || audio === null) return
  const given = checks.fields(audio, "audio")
  for (const name of ["id", "data", "transcript"]) {
    if (given[name] !== undefined) checks.text(given[name], `audio.${name}`)
  }
  checks.maybeCount(given["expires_at"], "audio.expires_at")
}

function checkLogprobs(value: unknown, checks: Checks): void {
  if (value === undefined || value === null) return
  const logprobs = checks.fields(value, "logprobs")
  for (const name of ["content", "refusal"]) {
    const list = logprobs[name]
    if (!checks.must(list === null || Array.isArray(list), "type", `logprobs.${name}`) || list === null) continue
    for (const entry of list as readonly unknown[]) {
      const token = checks.fields(entry, "logprobs[]")
      checks.text(token["token"], "logprobs[].token")
      checks.must(typeof token["logprob"] === "number", "type", "logprobs[].logprob")
      checks.must(token["bytes"] === null || Array.isArray(token["bytes"]), "type", "logprobs[].bytes")
      checks.items(token["top_logprobs"], "logprobs[].top_logprobs")
    }
  }
}

function checkFinish(finish: unknown, calls: boolean, { forced }: ChatGrammarOptions, checks: Checks): void {
  checks.must(calls || finish !== "tool_calls", "finish-calls", "the reason is tool_calls, and there is no call")
  checks.must(
    !calls || finish !== "stop" || forced === true,
    "finish-calls",
    `there is a call, and the reason is ${String(finish)}`,
  )
}

function checkUsage(usage: Fields, checks: Checks): void {
  for (const name of ["prompt_tokens", "completion_tokens", "total_tokens"]) checks.count(usage[name], `usage.${name}`)
  checks.must(
    usage["total_tokens"] === (usage["prompt_tokens"] as number) + (usage["completion_tokens"] as number),
    "usage-total",
    "the total is not the sum",
  )
  for (const name of ["prompt_tokens_details", "completion_tokens_details"]) {
    const details = usage[name]
    if (details === undefined || details === null) continue
    for (const [figure, value] of Object.entries(checks.fields(details, `usage.${name}`))) {
      checks.maybeCount(value, `usage.${name}.${figure}`)
    }
  }
}

function checkError(error: Fields, checks: Checks): void {
  checks.text(error["message"], "error.message")
  checks.textOrNull(error, "type", "error")
  checks.textOrNull(error, "param", "error")
  const { code } = error
  checks.must(code === null || typeof code === "string", "type", "error.code is neither text nor null")
}
