import type { MessageSink } from "../../contract/builder.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Effect, Frame, FrameReader, FrameRun } from "../../contract/frame.ts"
import type { Call, Decoder } from "../../contract/wire-client.ts"
import { DeltaTemplate } from "../../assemble/delta-template.ts"
import { frameObject } from "../../assemble/frame-json.ts"
import type { Block } from "../../model/message.ts"
import { soleText, TaggedCopy, unwrap } from "./chunk-shape.ts"
import { errorFacts } from "../host-errors.ts"
import { readDataUrl } from "../openai/data-url.ts"
import { readFinish } from "./finish.ts"
import { ToolDeltas } from "./tool-deltas.ts"
import { API, isObject, THINKING_FIELDS, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

/** How long a host is waited for that has ended its answer and neither closed the stream nor said `[DONE]`. */
const LATE_USAGE_MS = 2500
const STOP_NOW: readonly Effect[] = [{ do: "finish", withinMs: 0 }]
const WAIT_FOR_USAGE: readonly Effect[] = [{ do: "finish", withinMs: LATE_USAGE_MS }]

type Kind = "none" | "text" | "thinking"

/**
 * Reads one answer of a chat host, in every dialect that is known.
 *
 * A delta that only goes on with the open block takes the short way at the head of `push`. Text and thinking get a
 * new block whenever the kind changes; tool calls stay open until the end, as their pieces may interleave.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export class ChatDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #calls: ToolDeltas
  readonly #cumulative: Map<string, string> | undefined
  readonly #emptyLengthIsOverflow: boolean
  readonly #audioFormat: string
  readonly #template = new DeltaTemplate()
  readonly #copy = new TaggedCopy()
  #kind: Kind = "none"
  #key = ""
  #field: string | undefined
  #blocks = 0
  #identified = false
  #content = false
  #finished = false
  #failed = false
  #done = false
  #usage = false
  #cachedUsage = false
  #refusal = ""
  #blocked: ErrorFacts | undefined
  #audio: { data: string; transcript: string } | undefined
  #annotations: unknown[] = []
  #annotated = false
  #logprobs: readonly unknown[] | undefined
  #sources: readonly unknown[] | undefined

  constructor(call: Call, out: MessageSink) {
    const compat = call.model.compat.chat ?? {}
    this.#out = out
    this.#calls = new ToolDeltas(out)
    this.#cumulative = compat.cumulativeThinking ? new Map() : undefined
    this.#emptyLengthIsOverflow = compat.emptyLengthIsOverflow === true
    const audio = call.options.wire?.[API]?.["audio"]
    this.#audioFormat = isObject(audio) && typeof audio["format"] === "string" ? audio["format"] : "wav"
  }

  push(frame: Frame): readonly Effect[] | void {
    if (this.#done) return undefined
    const { data } = frame
    if (data.length < 16 && typeof data === "string" && data.trim() === "[DONE]") {
      this.#settle()
      return STOP_NOW
    }
    const known = this.#template.read(data)
    if (known !== undefined) return this.#more(known)
    const chunk = frameObject(frame, this.#out)
    if (chunk === undefined) return undefined
    const field = this.#soleField()
    if (field !== undefined) {
      const text = soleText(chunk, field)
      if (text !== undefined) {
        this.#template.learn(data, text, (value) => soleText(value, field))
        return this.#more(text)
      }
    }
    const choices = chunk["choices"]
    if (frame.event === "error" && chunk["error"] === undefined && !Array.isArray(choices)) return this.#error(chunk)
    return this.#chunk(chunk)
  }

  whole(body: unknown): void {
    const list = Array.isArray(body) ? body : [body]
    for (const entry of list) {
      const document = unwrap(entry)
      if (document) this.#chunk(document)
    }
    if (this.#failed) return
    if (!this.#finished && !this.#content && this.#refusal === "") {
      const chosen = list.some((entry) => Array.isArray(unwrap(entry)?.["choices"]))
      this.#out.fail(
        chosen ? { is: "empty_response" } : { is: "stream_malformed", message: "The host's answer holds no choices." },
      )
      return
    }
    this.#settle()
  }

  end(): void {
    if (this.#done) return
    if (this.#finished) this.#settle()
    else if (!this.#failed) this.#out.fail({ is: "stream_incomplete" })
  }

  /** The field of a delta that could only go on with the block that is open. */
  #soleField(): string | undefined {
    if (!this.#identified) return undefined
    if (this.#kind === "text") return "content"
    return this.#kind === "thinking" && !this.#cumulative ? this.#field : undefined
  }

  get form(): FrameReader["form"] {
    return this.#done ? undefined : this.#template.state
  }

  run(run: FrameRun): boolean {
    const read = this.#done ? undefined : this.#template.readRun(run)
    if (read) this.#out.more(this.#key, read.texts, read.whole)
    return read !== undefined
  }

  /** The short way of a delta: more of the block that is open. */
  #more(text: string): void {
    if (this.#kind === "text") this.#out.text(this.#key, text)
    else this.#out.thinking(this.#key, text, this.#field)
  }

  #chunk(chunk: Obj): readonly Effect[] | void {
    if (!this.#identified) this.#identify(chunk)
    this.#readChunkUsage(chunk)
    const choices = chunk["choices"]
    const failure = failureIn(chunk)
    let moved = false
    if (Array.isArray(choices)) {
      for (const choice of choices) {
        if (!isObject(choice) || (choice["index"] ?? 0) !== 0) continue
        if (isObject(choice["usage"]) && !isObject(chunk["usage"])) this.#readUsage(choice["usage"])
        // What the host says about its failure says more than the bare word for it.
        if (this.#choice(choice, failure !== undefined)) moved = true
      }
    }
    if (Array.isArray(chunk["citations"]) && chunk["citations"].length > 0) this.#sources = chunk["citations"]
    if (failure) return this.#error(failure)
    if (!moved) this.#out.alive()
    if (!this.#finished) return undefined
    return this.#usage && this.#cachedUsage ? STOP_NOW : WAIT_FOR_USAGE
  }

  #readChunkUsage(chunk: Obj): void {
    const groq = chunk["x_groq"]
    if (isObject(chunk["usage"])) this.#readUsage(chunk["usage"])
    else if (isObject(groq) && isObject(groq["usage"]) && !this.#usage) this.#readUsage(groq["usage"])
    const tier = chunk["service_tier"]
    if (typeof tier === "string" && tier !== "") this.#out.usage({ serviceTier: tier })
  }

  #readUsage(usage: Obj): void {
    const read = readUsage(usage)
    // Each report is a whole one: what an earlier one said of the cache does not hold beside newer totals.
    if (this.#cachedUsage && read.input !== undefined) read.cacheRead ??= 0
    this.#usage = true
    if (read.cacheRead) this.#cachedUsage = true
    this.#out.usage(read)
  }

  #identify(chunk: Obj): void {
    const responseId = chunk["id"]
    const model = chunk["model"]
    const upstream = chunk["provider"]
    this.#out.meta({
      ...(typeof responseId === "string" && responseId !== "" ? { responseId } : {}),
      ...(typeof model === "string" && model !== "" ? { model } : {}),
      ...(typeof upstream === "string" && upstream !== "" ? { upstreamProvider: upstream } : {}),
    })
    this.#identified = Array.isArray(chunk["choices"]) && chunk["choices"].length > 0
  }

  #error(chunk: Obj): readonly Effect[] {
    this.#failed = true
    this.#out.fail(errorFacts(chunk))
    return STOP_NOW
  }

  /** Reads one choice; says whether the answer came forward. */
  #choice(choice: Obj, failed: boolean): boolean {
    const whole = !isObject(choice["delta"]) && isObject(choice["message"])
    const delta = isObject(choice["delta"]) ? choice["delta"] : whole ? (choice["message"] as Obj) : undefined
    let moved = false
    const logprobs = choice["logprobs"]
    if (isObject(logprobs) && Array.isArray(logprobs["content"])) this.#logprobs = logprobs["content"]
    if (delta) moved = this.#delta(delta, whole)
    if (this.#logprobs) this.#flushLogprobs()
    const finish = choice["finish_reason"]
    if (typeof finish === "string" && finish !== "" && !failed) {
      this.#finish(finish)
      return true
    }
    return moved
  }

  #delta(delta: Obj, whole: boolean): boolean {
    const before = this.#blocks
    let moved = false
    const thought = this.#reasoning(delta)
    if (thought) moved = true
    if (this.#textOf(delta["content"], thought)) moved = true
    // Before whatever else the delta holds ends the text that they belong to.
    if (Array.isArray(delta["annotations"]) && delta["annotations"].length > 0) this.#cite(delta["annotations"])
    if (Array.isArray(delta["tool_calls"]) && delta["tool_calls"].length > 0) {
      this.#calls.push(delta["tool_calls"], whole, this.#opening)
      moved = true
    }
    const legacy = delta["function_call"]
    if (isObject(legacy)) {
      this.#calls.legacy(legacy, this.#opening)
      if (this.#blocks > before) moved = true
    }
    if (Array.isArray(delta["reasoning_details"]) && this.#details(delta["reasoning_details"])) moved = true
    if (typeof delta["refusal"] === "string" && delta["refusal"] !== "") {
      this.#refusal += delta["refusal"]
      moved = true
    }
    if (Array.isArray(delta["images"]) && this.#images(delta["images"])) moved = true
    if (isObject(delta["audio"]) && this.#audioPiece(delta["audio"])) moved = true
    if (Array.isArray(delta["executed_tools"])) this.#executed(delta["executed_tools"])
    return moved
  }

  /** The thinking's text in a delta: the same text may stand in several fields and counts once. */
  #reasoning(delta: Obj): string {
    for (const field of THINKING_FIELDS) {
      const text = delta[field]
      if (typeof text !== "string" || text === "") continue
      this.#think(this.#cumulative ? this.#newPart(field, text) : text, field)
      return text
    }
    const details = delta["reasoning_details"]
    if (!Array.isArray(details)) return ""
    let text = ""
    for (const detail of details) {
      if (isObject(detail)) text += string(detail["text"]) || string(detail["summary"])
    }
    this.#think(this.#cumulative ? this.#newPart("reasoning_details", text) : text, undefined)
    return text
  }

  #newPart(field: string, snapshot: string): string {
    const known = this.#cumulative?.get(field) ?? ""
    if (known.startsWith(snapshot)) return ""
    this.#cumulative?.set(field, snapshot)
    return snapshot.startsWith(known) ? snapshot.slice(known.length) : snapshot
  }

  #think(text: string, field: string | undefined): void {
    if (text === "") return
    if (this.#kind !== "thinking" || this.#field !== field) {
      this.#open("thinking")
      this.#field = field
    }
    this.#out.thinking(this.#key, text, field)
  }

  /** Reads `content`: a text, or typed parts, one or several. */
  #textOf(content: unknown, thought: string): boolean {
    if (typeof content === "string") {
      const said = content === "" ? "" : this.#copy.rest(content, thought)
      this.#write(said)
      return said !== ""
    }
    let moved = false
    for (const part of Array.isArray(content) ? content : isObject(content) ? [content] : []) {
      if (isObject(part) && this.#part(part)) moved = true
    }
    return moved
  }

  #part(part: Obj): boolean {
    switch (part["type"]) {
      case "text":
      case "output_text":
        return this.#textOf(string(part["text"]), "")
      case "thinking": {
        const thinking = part["thinking"]
        const text =
          typeof thinking === "string"
            ? thinking
            : Array.isArray(thinking)
              ? thinking.map((piece) => (isObject(piece) ? string(piece["text"]) : "")).join("")
              : ""
        this.#think(text, undefined)
        return text !== ""
      }
      case "reference":
        this.#cite([part])
        return false
      case "refusal":
        this.#refusal += string(part["refusal"])
        return true
      case "image_url":
        return this.#images([part])
      default:
        return false
    }
  }

  #write(text: string): void {
    if (text === "") return
    if (this.#kind !== "text") this.#open("text")
    this.#out.text(this.#key, text)
    if (this.#annotations.length > 0) this.#flushCitations()
    if (this.#logprobs) this.#flushLogprobs()
  }

  /** Log probabilities stand beside the text that they belong to. */
  #flushLogprobs(): void {
    if (this.#kind === "text" && this.#logprobs) this.#out.attach(this.#key, { logprobs: this.#logprobs })
    this.#logprobs = undefined
  }

  readonly #opening = (): void => {
    this.#leave()
    this.#content = true
    this.#blocks++
  }

  #open(kind: "text" | "thinking"): void {
    this.#leave()
    this.#content = true
    this.#kind = kind
    this.#key = `${kind}:${this.#blocks++}`
  }

  /** Ends the text or thinking that is open. */
  #leave(): void {
    if (this.#kind !== "none") this.#out.close(this.#key)
    this.#template.forget()
    this.#kind = "none"
    this.#key = ""
    this.#field = undefined
  }

  #block(block: Block): void {
    this.#leave()
    this.#content = true
    this.#out.block(`block:${this.#blocks++}`, block)
  }

  /** Opaque parts of thinking: kept with the call or the thinking they belong to, else as a block of their own. */
  #details(details: readonly unknown[]): boolean {
    let moved = false
    for (const detail of details) {
      if (!isObject(detail)) continue
      if (detail["type"] === "reasoning.encrypted" && string(detail["data"]) !== "") {
        const value = JSON.stringify(detail)
        if (!this.#calls.sign(string(detail["id"]), value)) this.#block({ type: "redactedThinking", data: { value } })
        moved = true
      } else if (string(detail["signature"]) !== "") {
        const { text: _text, ...signed } = detail
        const signature = JSON.stringify(signed)
        if (this.#kind === "thinking") this.#out.attach(this.#key, { signature })
        else this.#block({ type: "redactedThinking", data: { value: signature } })
        moved = true
        // A signature ends what it signs: thinking that follows is signed on its own.
        if (this.#kind === "thinking") this.#leave()
      }
    }
    return moved
  }

  #images(images: readonly unknown[]): boolean {
    let moved = false
    for (const image of images) {
      if (!isObject(image)) continue
      const url = isObject(image["image_url"]) ? string(image["image_url"]["url"]) : string(image["image_url"])
      if (url === "") continue
      this.#block({ type: "image", source: readDataUrl(url) ?? { url } })
      moved = true
    }
    return moved
  }

  #audioPiece(audio: Obj): boolean {
    const data = string(audio["data"])
    const transcript = string(audio["transcript"])
    if (data === "" && transcript === "") return false
    this.#audio ??= { data: "", transcript: "" }
    this.#audio.data += data
    this.#audio.transcript += transcript
    this.#content = true
    return true
  }

  #cite(annotations: readonly unknown[]): void {
    this.#annotated = true
    for (const annotation of annotations) this.#annotations.push(annotation)
    if (this.#kind === "text") this.#flushCitations()
  }

  #flushCitations(): void {
    this.#out.attach(this.#key, { citations: this.#annotations })
    this.#annotations = []
  }

  /** Tools that the host ran itself: kept once they have an output. */
  #executed(tools: readonly unknown[]): void {
    for (const tool of tools) {
      if (!isObject(tool) || tool["output"] === undefined || tool["output"] === null) continue
      this.#block({ type: "native", api: API, item: { type: "executed_tool", ...tool } })
    }
  }

  #finish(word: string): void {
    const finish = readFinish(word)
    this.#finished = true
    if ("fail" in finish) {
      // An answer that was blocked is charged for all the same: its usage may still come.
      if (finish.fail.is === "content_blocked") this.#blocked = finish.fail
      else {
        this.#failed = true
        this.#out.fail(finish.fail)
      }
      return
    }
    if (finish.reason === "length" && this.#emptyLengthIsOverflow && !this.#content) {
      this.#failed = true
      this.#out.fail({ is: "context_overflow", message: "The prompt filled the context window." })
      return
    }
    // Without a call there is nothing to run: a loop that went by the word alone would ask for ever.
    this.#stop(finish.reason === "toolUse" && this.#calls.count === 0 ? "stop" : finish.reason)
  }

  #stop(reason: "stop" | "length" | "toolUse" | "error" | "aborted"): void {
    if (this.#refusal !== "" && (reason === "stop" || reason === "toolUse")) {
      this.#out.stop(reason, { type: "refusal", explanation: this.#refusal })
    } else this.#out.stop(reason)
  }

  /** The host has said that this is all. */
  #settle(): void {
    if (this.#done) return
    this.#done = true
    if (this.#sources && !this.#annotated) this.#annotations.push(...this.#sources)
    if (this.#annotations.length > 0) {
      if (this.#kind === "text") this.#flushCitations()
      else {
        this.#out.loss({
          field: "content.citations",
          kind: "dropped",
          reason: "The host named its sources after the text they belong to had ended.",
        })
      }
    }
    this.#leave()
    if (this.#audio) {
      const { data, transcript } = this.#audio
      this.#audio = undefined
      const source = { data, mimeType: `audio/${this.#audioFormat}` }
      this.#block({ type: "audio", source, ...(transcript === "" ? {} : { transcript }) })
    }
    if (this.#blocked) this.#out.fail(this.#blocked)
    if (this.#finished || this.#failed) return
    if (this.#content || this.#refusal !== "") this.#stop("stop")
    else this.#out.fail({ is: "stream_incomplete" })
  }
}

/** The error that a chunk or its choice tells of. */
function failureIn(chunk: Obj): Obj | undefined {
  if (chunk["error"]) return chunk
  const { choices } = chunk
  if (!Array.isArray(choices)) return undefined
  return choices.find((choice): choice is Obj => isObject(choice) && isObject(choice["error"]))
}

function string(value: unknown): string {
  return typeof value === "string" ? value : ""
}
