import { Checks, isFields, parsed, type Fields, type StreamFrame, type Violation } from "./violations.ts"

/**
 * The grammar of Responses answers, written from the vendor's documentation of streaming and the type declarations of
 * its SDK, apart from the wire that is checked with it.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
const TERMINALS = ["response.completed", "response.incomplete", "response.failed"]

/** Events of tools that the vendor runs: they name an item and say how far it is. */
const TOOL_EVENTS =
  /^response\.(web_search_call|file_search_call|code_interpreter_call|code_interpreter_call_code|image_generation_call|mcp_call|mcp_call_arguments|mcp_list_tools|shell_call_command|shell_call_output_content|apply_patch_call_operation_diff|compaction|audio|audio\.transcript)\.[a-z_]+$/

const MESSAGE_STATUS = ["in_progress", "completed", "incomplete"]
const ANNOTATIONS = ["file_citation", "url_citation", "container_file_citation", "file_path"]

/** Checks the frames of one answer's stream. */
export function checkResponsesStream(frames: readonly StreamFrame[]): Violation[] {
  const stream = new Stream()
  frames.forEach((frame, index) => stream.push(frame, index))
  return stream.end(frames.length)
}

/** Checks an answer in one document. */
export function checkResponse(document: unknown): Violation[] {
  const checks = new Checks()
  const response = checks.fields(document, "response")
  checkHead(response, checks)
  checks.oneOf(response["status"], ["completed", "incomplete", "failed"], "response.status")
  checkEnd(response, checks)
  for (const item of checks.items(response["output"], "response.output")) {
    checkDone(checks.fields(item, "output[]"), checks)
  }
  return checks.list
}

/** Checks the body of an error. */
export function checkResponsesError(body: unknown): Violation[] {
  const checks = new Checks()
  const error = checks.fields(checks.fields(body, "body")["error"], "error")
  checks.text(error["message"], "error.message")
  for (const name of ["type", "param", "code"]) checks.textOrNull(error, name, "error")
  return checks.list
}

/** A part of an item, of its content or its summary. */
interface Part {
  type: string
  text: string
  textDone: boolean
  annotations: number
}

/** An item between its two events. */
interface OpenItem {
  item: Fields
  parts: Part[]
  /** The part that is open. */
  part: Part | undefined
  /** Arguments or input of a call so far. */
  args: string
  argsDone: string | undefined
}

class Stream {
  readonly #checks = new Checks()
  /** Items by their place. */
  readonly #open = new Map<unknown, OpenItem>()
  readonly #done: Fields[] = []
  #items = 0
  #events = 0
  #id: unknown
  #state: "new" | "created" | "running" | "over" = "new"

  push(frame: StreamFrame, at: number): void {
    const checks = this.#checks
    checks.at = at
    if (!checks.must(this.#state !== "over", "after-end", "a frame behind the last one")) return
    const event = parsed(frame, checks)
    if (!event) return
    const { type } = event
    checks.must(frame.event === type, "event-name", `the frame is named ${frame.event}, its type is ${String(type)}`)
    checks.must(
      event["sequence_number"] === this.#events,
      "sequence",
      `number ${String(event["sequence_number"])} where ${this.#events} is next`,
    )
    this.#events++
    if (type === "error") {
      this.#state = "over"
      checks.text(event["message"], "error.message")
      checks.textOrNull(event, "code", "error")
      checks.textOrNull(event, "param", "error")
      return
    }
    if (type === "response.created" || type === "response.in_progress" || type === "response.queued") {
      this.#begin(event, type)
      return
    }
    checks.must(this.#state !== "new", "created-first", `${String(type)} before response.created`)
    if (TERMINALS.includes(String(type))) this.#terminal(event, String(type).slice("response.".length))
    else this.#inner(event, String(type))
  }

  end(frames: number): Violation[] {
    this.#checks.at = frames
    this.#checks.must(this.#state === "over", "no-end", "the stream ends without a terminal event")
    return this.#checks.list
  }

  #begin(event: Fields, type: string): void {
    const checks = this.#checks
    const response = this.#response(event)
    if (type === "response.created") checks.must(this.#state === "new", "created-once", "response.created comes again")
    else checks.must(this.#state === "created", "order", `${type} is not right behind response.created`)
    this.#state = type === "response.in_progress" ? "running" : "created"
    checks.oneOf(response["status"], ["in_progress", "queued"], "response.status")
    checks.must(checks.items(response["output"], "response.output").length === 0, "start-output", "output at the start")
    checks.must(response["usage"] === null || response["usage"] === undefined, "start-usage", "usage at the start")
  }

  #terminal(event: Fields, status: string): void {
    const checks = this.#checks
    this.#state = "over"
    const response = this.#response(event)
    checks.must(
      response["status"] === status,
      "end-status",
      `response.${status} of status ${String(response["status"])}`,
    )
    checkEnd(response, checks)
    if (status !== "failed") {
      for (const place of this.#open.keys()) checks.fail("open-at-end", `item ${String(place)} is not done`)
    }
    const output = checks.items(response["output"], "response.output")
    const same = JSON.stringify(output.map(settled)) === JSON.stringify(this.#done.map(settled))
    checks.must(same, "output", "the output is not what the items were")
  }

  #response(event: Fields): Fields {
    const checks = this.#checks
    const response = checks.fields(event["response"], "response")
    checkHead(response, checks)
    this.#id ??= response["id"]
    checks.must(response["id"] === this.#id, "same-id", "the response has another id than before")
    return response
  }

  #inner(event: Fields, type: string): void {
    const checks = this.#checks
    checks.must(this.#state === "running", "order", `${type} before response.in_progress`)
    if (!checks.must(Number.isInteger(event["output_index"]), "output-index", `${type} without an output_index`)) return
    if (type === "response.output_item.added") return this.#added(event)
    const open = this.#open.get(event["output_index"])
    if (!open) return checks.fail("item-closed", `${type} for an item that is not open`)
    if (type === "response.output_item.done") return this.#itemDone(event, open)
    // Commands of a shell are the one kind that names no item.
    if (!type.startsWith("response.shell_call")) {
      checks.must(event["item_id"] === open.item["id"], "item-id", `${type} names ${String(event["item_id"])}`)
    }
    const part =
      /^response\.(content_part|output_text|refusal|reasoning_text|reasoning_summary_part|reasoning_summary_text)\./
    if (part.test(type)) return this.#part(event, type, open)
    switch (type) {
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        this.#kind(open, type)
        checks.must(open.argsDone === undefined, "args-closed", "a piece behind the whole")
        open.args += checks.text(event["delta"], "delta")
        return
      case "response.function_call_arguments.done":
      case "response.custom_tool_call_input.done": {
        this.#kind(open, type)
        const whole = checks.text(event[type.includes("custom") ? "input" : "arguments"], "the whole")
        checks.must(whole === open.args, "args-sum", "the whole is not the sum of its pieces")
        open.argsDone = whole
        return
      }
      default:
        checks.must(TOOL_EVENTS.test(type), "event-type", `${type} is not known`)
    }
  }

  #kind(open: OpenItem, type: string): void {
    const wanted = type.includes("custom") ? "custom_tool_call" : "function_call"
    this.#checks.must(open.item["type"] === wanted, "item-kind", `${type} for a ${String(open.item["type"])}`)
  }

  #added(event: Fields): void {
    const checks = this.#checks
    const item = checks.fields(event["item"], "item")
    checks.must(
      event["output_index"] === this.#items,
      "output-index",
      `place ${String(event["output_index"])} where ${this.#items} is next`,
    )
    checks.must(this.#open.size === 0, "overlap", "an item begins before the one ahead of it is done")
    this.#items++
    checks.text(item["type"], "item.type", true)
    checks.text(item["id"], "item.id", true)
    switch (item["type"]) {
      case "message":
        checks.oneOf(item["role"], ["assistant"], "item.role")
        checks.oneOf(item["status"], ["in_progress"], "item.status")
        checks.must(checks.items(item["content"], "item.content").length === 0, "start-content", "content at the start")
        break
      case "reasoning":
        checks.must(
          checks.items(item["summary"], "item.summary").length === 0,
          "start-content",
          "a summary at the start",
        )
        break
      case "function_call":
      case "custom_tool_call":
        checks.text(item["call_id"], "item.call_id", true)
        checks.text(item["name"], "item.name", true)
        checks.must(item[argsField(item)] === "", "start-content", "arguments at the start")
    }
    this.#open.set(event["output_index"], { item, parts: [], part: undefined, args: "", argsDone: undefined })
  }

  #itemDone(event: Fields, open: OpenItem): void {
    const checks = this.#checks
    const item = checks.fields(event["item"], "item")
    this.#open.delete(event["output_index"])
    this.#done.push(item)
    for (const name of ["id", "type", "call_id", "name"]) {
      checks.must(item[name] === open.item[name], "same-item", `item.${name} is another than at the start`)
    }
    checks.must(open.part === undefined, "part-open", "a part is not done")
    checkDone(item, checks)
    if (item["type"] === "function_call" || item["type"] === "custom_tool_call") {
      const whole = item[argsField(item)]
      if (item["type"] === "function_call") checks.must(open.argsDone !== undefined, "args-done", "no whole arguments")
      checks.must(whole === open.args, "args-sum", "the item's arguments are not the sum of their pieces")
    }
    if (item["type"] !== "message" && item["type"] !== "reasoning") return
    const list = checks.items(item[item["type"] === "message" ? "content" : "summary"], "parts")
    const texts = list.map((part) => textOf(checks.fields(part, "part")))
    checks.must(
      JSON.stringify(texts) === JSON.stringify(open.parts.map((part) => part.text)),
      "item-parts",
      "the item's parts are not those that were streamed",
    )
  }

  #part(event: Fields, type: string, open: OpenItem): void {
    const checks = this.#checks
    const summary = type.includes("summary")
    const index = event[summary ? "summary_index" : "content_index"]
    const verb = type.slice(type.lastIndexOf(".") + 1)
    checks.must(
      open.item["type"] === (summary || type.includes("reasoning") ? "reasoning" : "message"),
      "item-kind",
      type,
    )
    if (type.includes("_part.added")) {
      checks.must(open.part === undefined, "part-open", "a part begins before the one ahead of it is done")
      checks.must(index === open.parts.length, "part-index", `part ${String(index)} where ${open.parts.length} is next`)
      const part = checks.fields(event["part"], "part")
      checks.must(textOf(part) === "", "start-content", "a part begins with text")
      if (part["type"] === "output_text") checkTextPart(part, checks)
      open.part = { type: String(part["type"]), text: "", textDone: false, annotations: 0 }
      return
    }
    const { part } = open
    if (!checks.must(part !== undefined, "part-closed", `${type} outside of parts`) || !part) return
    checks.must(index === open.parts.length, "part-index", `part ${String(index)} where ${open.parts.length} is open`)
    if (type.includes("_part.done")) {
      const whole = checks.fields(event["part"], "part")
      checks.must(part.textDone, "text-done", "a part is done before its text")
      checks.must(textOf(whole) === part.text, "text-sum", "the part's text is not the sum of its pieces")
      if (whole["type"] === "output_text") {
        checkTextPart(whole, checks)
        const annotations = checks.items(whole["annotations"], "part.annotations").length
        checks.must(annotations === part.annotations, "annotations", "the part has other annotations than were told")
      }
      open.parts.push(part)
      open.part = undefined
    } else if (type === "response.output_text.annotation.added") {
      checks.must(event["annotation_index"] === part.annotations, "annotation-index", "annotations do not count up")
      part.annotations++
      const annotation = checks.fields(event["annotation"], "annotation")
      checks.oneOf(annotation["type"], ANNOTATIONS, "annotation.type")
    } else if (verb === "delta") {
      checks.must(!part.textDone, "text-closed", "a piece behind the whole")
      part.text += checks.text(event["delta"], "delta")
      if (type === "response.output_text.delta") checks.items(event["logprobs"], "logprobs")
    } else if (verb === "done") {
      const whole = checks.text(event[type.includes("refusal") ? "refusal" : "text"], "the whole text")
      checks.must(whole === part.text, "text-sum", "the whole is not the sum of its pieces")
      if (type === "response.output_text.done") checks.items(event["logprobs"], "logprobs")
      part.textDone = true
    } else checks.fail("event-type", `${type} is not known`)
  }
}

/** What stays the same of an item: the vendor encrypts anew for the last event, and a status may have gone on. */
function settled(item: unknown): unknown {
  const { encrypted_content: _, fingerprint: __, status: ___, ...rest } = isFields(item) ? item : {}
  return sorted(rest)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  )
}

function argsField(item: Fields): string {
  return item["type"] === "custom_tool_call" ? "input" : "arguments"
}

function textOf(part: Fields): unknown {
  return part["type"] === "refusal" ? part["refusal"] : part["text"]
}

function checkHead(response: Fields, checks: Checks): void {
  checks.text(response["id"], "response.id", true)
  checks.oneOf(response["object"], ["response"], "response.object")
  checks.count(response["created_at"], "response.created_at")
  checks.text(response["model"], "response.model", true)
  checks.must(typeof response["parallel_tool_calls"] === "boolean", "type", "response.parallel_tool_calls")
  checks.items(response["tools"], "response.tools")
  checks.must("tool_choice" in response && response["tool_choice"] !== null, "type", "response.tool_choice")
  for (const name of ["error", "incomplete_details", "instructions", "metadata", "temperature", "top_p"]) {
    checks.must(name in response, "head-field", `response.${name} is absent`)
  }
}

function checkEnd(response: Fields, checks: Checks): void {
  const { status } = response
  const details = response["incomplete_details"]
  if (status === "incomplete") {
    const reason = checks.fields(details, "incomplete_details")["reason"]
    checks.oneOf(reason, ["max_output_tokens", "content_filter"], "incomplete_details.reason")
  } else checks.must(details === null, "end-details", "incomplete_details of a response that is not incomplete")
  if (status === "failed") {
    const error = checks.fields(response["error"], "response.error")
    checks.text(error["code"], "response.error.code", true)
    checks.text(error["message"], "response.error.message")
  } else checks.must(response["error"] === null, "end-error", "an error of a response that did not fail")
  if (status === "failed" && response["usage"] === null) return
  const usage = checks.fields(response["usage"], "usage")
  for (const name of ["input_tokens", "output_tokens", "total_tokens"]) checks.count(usage[name], `usage.${name}`)
  checks.count(checks.fields(usage["input_tokens_details"], "details")["cached_tokens"], "usage cached_tokens")
  checks.count(checks.fields(usage["output_tokens_details"], "details")["reasoning_tokens"], "usage reasoning_tokens")
  checks.must(
    usage["total_tokens"] === (usage["input_tokens"] as number) + (usage["output_tokens"] as number),
    "usage-total",
    "the total is not the sum",
  )
}

function checkDone(item: Fields, checks: Checks): void {
  checks.text(item["id"], "item.id", true)
  switch (item["type"]) {
    case "message":
      checks.oneOf(item["status"], MESSAGE_STATUS.slice(1), "item.status")
      checks.oneOf(item["role"], ["assistant"], "item.role")
      for (const entry of checks.items(item["content"], "item.content")) {
        const part = checks.fields(entry, "content[]")
        checks.oneOf(part["type"], ["output_text", "refusal"], "content[].type")
        checks.text(textOf(part), "content[] text")
        if (part["type"] === "output_text") checkTextPart(part, checks)
      }
      return
    case "reasoning":
      for (const entry of checks.items(item["summary"], "item.summary")) {
        const part = checks.fields(entry, "summary[]")
        checks.oneOf(part["type"], ["summary_text"], "summary[].type")
        checks.text(part["text"], "summary[].text")
      }
      checks.must(
        item["encrypted_content"] == null || typeof item["encrypted_content"] === "string",
        "type",
        "item.encrypted_content",
      )
      return
    case "function_call":
    case "custom_tool_call":
      checks.text(item["call_id"], "item.call_id", true)
      checks.text(item["name"], "item.name", true)
      checks.text(item[argsField(item)], "item arguments")
      // One that a program of the vendor made goes on until the program has its result.
      if (item["caller"] === undefined) {
        checks.must(item["status"] !== "in_progress", "word", "a call that is done is in progress")
      }
      return
    default:
      checks.text(item["type"], "item.type", true)
  }
}

function checkTextPart(part: Fields, checks: Checks): void {
  checks.items(part["annotations"], "part.annotations")
  if (part["logprobs"] !== undefined) checks.items(part["logprobs"], "part.logprobs")
}
