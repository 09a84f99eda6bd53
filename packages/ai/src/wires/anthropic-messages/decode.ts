import { DeltaTemplate } from "../../assemble/delta-template.ts"
import { frameObject } from "../../assemble/frame-json.ts"
import { parseArguments } from "../../assemble/json-arguments.ts"
import type { MessageSink } from "../../contract/builder.ts"
import type { Effect, Frame, FrameReader, FrameRun } from "../../contract/frame.ts"
import type { Decoder } from "../../contract/wire-client.ts"
import { errorFacts } from "./errors.ts"
import { NativeBlockState } from "./native-block.ts"
import { readStop, reportStop, type WireStop } from "./stop.ts"
import { API, isObject, type Obj } from "./types.ts"
import { readUsage, servedModel } from "./usage.ts"

/** How long a host is waited for that has said why it stops and neither ended the message nor the stream. */
const LATE_END_MS = 2500
const NEARLY_FINISHED: readonly Effect[] = [{ do: "finish", withinMs: LATE_END_MS }]
const FINISHED: readonly Effect[] = [{ do: "finish", withinMs: 0 }]

/** Thinking that came as a summary in tags, which are no part of it. */
const WRAPPED = /^\s*<thinking>\s*([\s\S]*?)\s*<\/thinking>\s*$/

type Kind = "text" | "thinking" | "tool" | "native" | "whole" | "output"

/** One content block of the stream. */
interface BlockState {
  /** The block's index, as the builder's key. */
  key: string
  kind: Kind
  closed: boolean
  /** Signature so far. It is handed over at the end of the block, when it is known to belong to the text. */
  signature: string
  /** Thinking that begins with a tag, kept until its end is known. */
  tagged?: string
  /** Arguments that stood in the start of a tool call; the deltas win over them. */
  seed?: unknown
  /** Whether arguments came as deltas. */
  streamed: boolean
  /** Text of a tool's input so far. */
  input: string
  native?: NativeBlockState
}

/** The delta that goes on with a block, and the field of its text, by kind of the block. */
const PIECES: Readonly<Partial<Record<Kind, { type: string; field: string }>>> = {
  text: { type: "text_delta", field: "text" },
  thinking: { type: "thinking_delta", field: "thinking" },
  tool: { type: "input_json_delta", field: "partial_json" },
  output: { type: "input_json_delta", field: "partial_json" },
}

/** What a decoder must know of the request. */
export interface DecoderOptions {
  /** Calls of this tool are the answer's text: it stands in for an output format that the host lacks. */
  outputTool?: string | undefined
}

/**
 * Reads an answer of Anthropic's Messages: the events of a stream, in whatever framing they came, or one document.
 *
 * Blocks go by their index, so that hosts which keep several open are read as well. A second `message_start` (a
 * stream that was joined to another one) is passed over, and a block that is closed stays closed.
 */
export class MessagesDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #outputTool: string | undefined
  readonly #template = new DeltaTemplate()
  readonly #blocks = new Map<unknown, BlockState>()
  #lastIndex: unknown
  #last: BlockState | undefined
  #started = false
  #restarted = false
  #reused = 0
  #stop: WireStop | undefined
  /** `message_stop` came, the answer failed, or a whole document was read. */
  #done = false

  constructor(out: MessageSink, options: DecoderOptions = {}) {
    this.#out = out
    this.#outputTool = options.outputTool
  }

  push(frame: Frame): readonly Effect[] | void {
    if (this.#done) return undefined
    const known = this.#template.read(frame.data)
    if (known !== undefined && this.#last) return void this.#piece(this.#last, known)
    const event = frameObject(frame, this.#out)
    if (!event) return undefined
    const type = event["type"] ?? frame.event
    if (type === "content_block_delta") {
      const delta = event["delta"]
      if (isObject(delta)) this.#delta(event["index"], delta, frame.data)
      return undefined
    }
    this.#template.forget()
    return this.#event(type, event)
  }

  get form(): FrameReader["form"] {
    return this.#done ? undefined : this.#template.state
  }

  run(run: FrameRun): boolean {
    const state = this.#done ? undefined : this.#last
    const read = state && this.#template.readRun(run)
    if (!read) return false
    if (state.kind === "thinking") {
      if (state.tagged !== undefined) state.tagged += read.whole
    } else if (state.kind !== "text") state.input += read.whole
    this.#out.more(state.key, read.texts, read.whole)
    return true
  }

  whole(body: unknown): void {
    if (!isObject(body) || (body["type"] !== "message" && !Array.isArray(body["content"]))) {
      this.#done = true
      const facts = errorFacts(body)
      this.#out.fail(facts ?? { is: "stream_malformed", message: "The answer is no message." })
      return
    }
    this.#meta(body)
    const content = Array.isArray(body["content"]) ? body["content"] : []
    content.forEach((block: unknown, index) => {
      if (isObject(block)) this.#wholeBlock(index, block)
    })
    this.#usage(body["usage"])
    this.#stop = readStop(body)
    this.#finish()
  }

  end(): void {
    if (this.#done) return
    if (!this.#stop) {
      this.#done = true
      this.#out.fail({ is: "stream_incomplete", message: "The stream ended before message_stop." })
      return
    }
    this.#finish()
  }

  #event(type: unknown, event: Obj): readonly Effect[] | void {
    switch (type) {
      case "message_start":
        this.#messageStart(event["message"])
        return undefined
      case "content_block_start":
        if (isObject(event["content_block"])) this.#blockStart(event["index"], event["content_block"])
        return undefined
      case "content_block_stop":
        this.#blockStop(event["index"])
        return undefined
      case "message_delta":
        this.#messageDelta(event)
        return this.#stop ? NEARLY_FINISHED : undefined
      case "message_stop":
        this.#finish()
        return FINISHED
      case "message":
        this.whole(event)
        return FINISHED
      case "ping":
        this.#out.alive()
        return undefined
      default:
        return this.#other(type, event)
    }
  }

  /** Errors, and events that we do not know. */
  #other(type: unknown, event: Obj): readonly Effect[] | void {
    const failed =
      type === "error" ||
      (event["error"] !== undefined && event["error"] !== null) ||
      (type === undefined && "message" in event)
    if (!failed) {
      this.#out.alive()
      return undefined
    }
    this.#done = true
    this.#out.fail(errorFacts(event) ?? { message: "The host reported an error without saying which." })
    return FINISHED
  }

  #messageStart(message: unknown): void {
    if (this.#started) {
      this.#restarted = true
      return
    }
    this.#started = true
    if (!isObject(message)) return
    this.#meta(message)
    this.#usage(message["usage"])
    if (Array.isArray(message["content"])) {
      message["content"].forEach((block: unknown, index) => {
        if (isObject(block)) this.#wholeBlock(index, block)
      })
    }
  }

  #messageDelta(event: Obj): void {
    if (this.#stop && this.#restarted) return
    this.#usage(event["usage"])
    this.#stop ??= readStop(event["delta"])
  }

  #meta(message: Obj): void {
    const { id, model } = message
    this.#out.meta({
      ...(typeof id === "string" ? { responseId: id } : {}),
      ...(typeof model === "string" ? { model } : {}),
    })
  }

  #usage(value: unknown): void {
    if (!isObject(value)) return
    this.#out.usage(readUsage(value))
    const model = servedModel(value)
    if (model !== undefined) this.#out.meta({ model })
  }

  #blockStart(index: unknown, block: Obj): void {
    const known = this.#blocks.get(index)
    // An index that comes again behind a second message_start repeats a block; elsewhere some hosts count wrongly.
    if (known && (!known.closed || this.#restarted)) return
    const key = known ? `${String(index)}#${++this.#reused}` : String(index)
    const state: BlockState = { key, kind: "native", closed: false, signature: "", streamed: false, input: "" }
    this.#blocks.set(index, state)
    this.#last = undefined
    switch (block["type"]) {
      case "text":
        state.kind = "text"
        this.#out.text(key, string(block["text"]))
        this.#cite(key, block["citations"])
        break
      case "thinking":
        state.kind = "thinking"
        this.#out.thinking(key, "")
        state.signature = string(block["signature"])
        this.#think(state, string(block["thinking"]))
        break
      case "redacted_thinking":
        state.kind = "whole"
        this.#out.block(key, { type: "redactedThinking", data: { value: string(block["data"]) } })
        break
      case "tool_use":
        this.#toolStart(state, block)
        break
      default:
        state.native = new NativeBlockState(block)
        if (block["type"] === "fallback") this.#fallback(block["to"])
    }
  }

  #toolStart(state: BlockState, block: Obj): void {
    const id = string(block["id"])
    const name = string(block["name"])
    state.seed = block["input"]
    if (this.#outputTool !== undefined && name === this.#outputTool) {
      state.kind = "output"
      this.#out.text(state.key, "")
      return
    }
    state.kind = "tool"
    this.#out.toolCall(state.key, { ...(id ? { id } : {}), ...(name ? { name } : {}) })
    const caller = isObject(block["caller"]) ? block["caller"]["type"] : undefined
    if (caller !== undefined && caller !== "direct") {
      this.#out.loss({
        field: `content[${state.key}].caller`,
        kind: "dropped",
        reason: "That a program of the provider made this call has no place in a tool call.",
      })
    }
  }

  #delta(index: unknown, delta: Obj, data: Frame["data"]): void {
    const state = this.#blockAt(index)
    if (!state || state.closed) return
    const { kind } = state
    const piece = pieceOf(delta, kind)
    if (piece !== undefined) {
      this.#template.learn(data, piece, (value) => ofDelta(value, kind))
      this.#piece(state, piece)
      return
    }
    switch (delta["type"]) {
      case "text_delta":
      case "thinking_delta":
        return
      case "input_json_delta":
        break
      case "signature_delta":
        state.signature += string(delta["signature"])
        return
      case "citations_delta":
        if (state.kind === "text") this.#cite(state.key, [delta["citation"]])
        if (!state.native) return
    }
    state.native?.push(delta)
  }

  /** The block of an index; most deltas belong to that of the one before. */
  #blockAt(index: unknown): BlockState | undefined {
    if (index === this.#lastIndex && this.#last) return this.#last
    this.#template.forget()
    this.#lastIndex = index
    this.#last = this.#blocks.get(index)
    return this.#last
  }

  #piece(state: BlockState, text: string): void {
    if (state.kind === "text") this.#out.text(state.key, text)
    else if (state.kind === "thinking") this.#think(state, text)
    else this.#input(state, text)
  }

  #think(state: BlockState, text: string): void {
    if (text === "") return
    if (state.tagged !== undefined) state.tagged += text
    else if (!state.streamed && text.trimStart().startsWith("<")) state.tagged = text
    state.streamed = true
    this.#out.thinking(state.key, text)
  }

  #input(state: BlockState, piece: string): void {
    if (piece === "") return
    state.streamed = true
    state.input += piece
    if (state.kind === "tool") this.#out.args(state.key, piece)
    else if (state.kind === "output") this.#out.text(state.key, piece)
  }

  #cite(key: string, citations: unknown): void {
    if (!Array.isArray(citations) || citations.length === 0) return
    this.#out.attach(key, { citations: citations.filter((citation) => citation !== undefined && citation !== null) })
  }

  #blockStop(index: unknown): void {
    const state = this.#blocks.get(index)
    if (!state || state.closed) return
    state.closed = true
    switch (state.kind) {
      case "thinking":
        this.#endThinking(state)
        return
      case "tool":
      case "output":
        this.#seed(state)
        this.#out.close(state.key)
        return
      case "native":
        if (state.native) {
          this.#out.block(state.key, { type: "native", api: API, item: state.native.finish() })
        }
        return
      default:
        this.#out.close(state.key)
    }
  }

  /** Arguments that came with the start of a call, where no deltas followed. */
  #seed(state: BlockState): void {
    if (state.streamed || state.seed === undefined || state.seed === null) return
    const text = typeof state.seed === "string" ? state.seed : JSON.stringify(state.seed)
    if (text !== "{}") this.#input(state, text)
  }

  /** A summary in tags is unwrapped; its signature is not of the text that is left, and goes. */
  #endThinking(state: BlockState): void {
    const inner = state.tagged === undefined ? undefined : WRAPPED.exec(state.tagged)?.[1]
    if (inner !== undefined) {
      this.#out.close(state.key, { text: inner })
      return
    }
    if (state.signature !== "") this.#out.attach(state.key, { signature: state.signature })
    this.#out.close(state.key)
  }

  #wholeBlock(index: number, block: Obj): void {
    this.#blockStart(index, block)
    this.#blockStop(index)
  }

  #fallback(to: unknown): void {
    const model = isObject(to) ? to["model"] : undefined
    if (typeof model === "string") this.#out.meta({ model })
  }

  /** The answer is over: what is still open is closed, except a tool call whose input may lack its end. */
  #finish(): void {
    if (this.#done) return
    this.#done = true
    for (const [index, state] of this.#blocks) {
      if (state.closed) continue
      if (state.kind === "tool" && !isWholeInput(state)) {
        this.#out.fail({ is: "stream_incomplete", message: "The stream ended inside a tool call." })
        return
      }
      this.#blockStop(index)
    }
    reportStop(this.#reason(), this.#out)
  }

  /** A call of the tool that stands for the answer's text is no call. */
  #reason(): WireStop {
    const stop = this.#stop ?? { reason: "end_turn" }
    if (this.#outputTool === undefined || stop.reason !== "tool_use") return stop
    for (const state of this.#blocks.values()) if (state.kind === "tool") return stop
    return { reason: "end_turn" }
  }
}

/** Whether a call that was not ended has all of its input: an object that is closed. */
function isWholeInput({ input, seed }: BlockState): boolean {
  return input === "" ? isObject(seed) && Object.keys(seed).length > 0 : parseArguments(input).ok
}

/** The text with which a delta goes on with a block of the kind; `undefined` where it does not. */
function pieceOf(delta: Obj, kind: Kind): string | undefined {
  const piece = PIECES[kind]
  if (!piece || delta["type"] !== piece.type) return undefined
  const text = delta[piece.field]
  return typeof text === "string" && text !== "" ? text : undefined
}

/** The same of an event that says itself what it is. */
function ofDelta(event: unknown, kind: Kind): string | undefined {
  if (!isObject(event) || event["type"] !== "content_block_delta" || !isObject(event["delta"])) return undefined
  return pieceOf(event["delta"], kind)
}

function string(value: unknown): string {
  return typeof value === "string" ? value : ""
}
