import { frameObject } from "../../assemble/frame-json.ts"
import { parseArguments } from "../../assemble/json-arguments.ts"
import type { MessageSink } from "../../contract/builder.ts"
import type { Effect, Frame } from "../../contract/frame.ts"
import type { Decoder } from "../../contract/wire-client.ts"
import { isObject } from "../../model/json.ts"
import { bodyFacts, failureOf } from "./errors.ts"
import { joinBase64, NativeBlock, pictureIn } from "./native-block.ts"
import { reportStop } from "./stop.ts"
import { API, type Obj } from "./types.ts"
import { readUsage, servedTier } from "./usage.ts"

/** How long a host is waited for that has said why it stops and not yet what was used. */
const LATE_USAGE_MS = 2500
const NEARLY_FINISHED: readonly Effect[] = [{ do: "finish", withinMs: LATE_USAGE_MS }]
const FINISHED: readonly Effect[] = [{ do: "finish", withinMs: 0 }]

type Kind = "text" | "thinking" | "redacted" | "tool" | "output" | "silent" | "native"

/** One content block. */
interface BlockState {
  key: string
  kind: Kind
  closed: boolean
  /** Signature, hidden thinking or the input of a call so far. */
  held: string
  native?: NativeBlock
}

/** What a decoder must know of the request. */
export interface DecoderOptions {
  /** Calls of this tool are the answer's text: it stands in for an output format. */
  outputTool?: string | undefined
  /** Calls of this tool are none: it stands in for tools that the request did not have. */
  placeholderTool?: string | undefined
}

/**
 * Reads an answer of Converse: the events of its stream, or one document.
 *
 * Only calls begin with a start of their own; text and thinking open with their first delta. The usage follows the
 * end of the message, and a stream without that end is no whole answer.
 */
export class ConverseDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #options: DecoderOptions
  /** Open and closed blocks; the last of an index counts. */
  readonly #blocks = new Map<unknown, BlockState>()
  #opened = 0
  #reason: string | undefined
  #metadata = false
  #done = false
  /** A call that the caller will see, and one that it will not. */
  #called = false
  #swallowed = false

  constructor(out: MessageSink, options: DecoderOptions = {}) {
    this.#out = out
    this.#options = options
  }

  push(frame: Frame): readonly Effect[] | void {
    if (this.#done) return undefined
    const failure = failureOf(frame)
    if (failure) {
      this.#done = true
      this.#out.fail(failure)
      return FINISHED
    }
    const event = frameObject(frame, this.#out)
    if (!event) return undefined
    return this.#event(frame.event, event)
  }

  whole(body: unknown): void {
    if (this.#done) return
    const message = isObject(body) && isObject(body["output"]) ? body["output"]["message"] : undefined
    if (!isObject(body) || !isObject(message)) {
      this.#done = true
      const facts = bodyFacts(undefined, body)
      const told =
        facts.message !== undefined && isObject(body) && ("message" in body || "Message" in body || "__type" in body)
      this.#out.fail(told ? facts : { is: "stream_malformed", message: "The answer holds no message." })
      return
    }
    const content = Array.isArray(message["content"]) ? message["content"] : []
    content.forEach((block: unknown, index) => {
      if (isObject(block)) this.#wholeBlock(index, block)
    })
    this.#meta(body)
    if (typeof body["stopReason"] !== "string") {
      this.#done = true
      this.#out.fail({ is: "stream_incomplete", message: "The answer does not say why it ends." })
      return
    }
    this.#reason = body["stopReason"]
    this.#finish()
  }

  end(): void {
    if (this.#done) return
    if (this.#reason === undefined) {
      this.#done = true
      this.#out.fail({ is: "stream_incomplete", inStream: true, message: "The stream ended before messageStop." })
      return
    }
    this.#finish()
  }

  #event(type: string | undefined, event: Obj): readonly Effect[] | void {
    const index = event["contentBlockIndex"]
    switch (type) {
      case "messageStart":
        return this.#out.alive()
      case "contentBlockStart":
        return this.#start(index, event["start"])
      case "contentBlockDelta":
        return isObject(event["delta"]) ? this.#delta(index, event["delta"]) : this.#out.alive()
      case "contentBlockStop":
        return this.#stop(index)
      case "messageStop":
        if (typeof event["stopReason"] === "string") this.#reason = event["stopReason"]
        return this.#ended()
      case "metadata": {
        this.#metadata = true
        const told = this.#meta(event)
        const ended = this.#reason === undefined ? [] : (this.#ended() ?? [])
        return [...told, ...ended]
      }
      default:
        return this.#out.alive()
    }
  }

  /** Both of the last two events have come, or the second is waited for a moment. */
  #ended(): readonly Effect[] | void {
    if (this.#reason === undefined) return undefined
    if (!this.#metadata) return NEARLY_FINISHED
    this.#finish()
    return FINISHED
  }

  /** What stands beside the content: usage, the tier and the model that were served, what a guardrail says. */
  #meta(event: Obj): readonly Effect[] {
    const tier = servedTier(event)
    this.#out.usage({ ...readUsage(event["usage"]), ...(tier === undefined ? {} : { serviceTier: tier }) })
    const trace = event["trace"]
    if (!isObject(trace)) return []
    const router = trace["promptRouter"]
    if (isObject(router) && typeof router["invokedModelId"] === "string") {
      this.#out.meta({ model: router["invokedModelId"] })
    }
    return trace["guardrail"] === undefined ? [] : [{ do: "moderation", value: trace["guardrail"] }]
  }

  #start(index: unknown, start: unknown): void {
    if (!isObject(start) || Object.keys(start).length === 0) return this.#out.alive()
    const use = start["toolUse"]
    // Text and thinking are opened by what comes of them.
    if (!isObject(use) && ("text" in start || "reasoningContent" in start)) return this.#out.alive()
    if (!isObject(use)) {
      this.#open(index, "native").native = new NativeBlock(start)
      return
    }
    this.#startTool(index, use)
  }

  #startTool(index: unknown, use: Obj): BlockState {
    const { toolUseId: id, name, type } = use
    if (type === "server_tool_use") {
      const state = this.#open(index, "native")
      state.native = new NativeBlock({ toolUse: use })
      return state
    }
    if (name !== undefined && name === this.#options.outputTool) {
      const state = this.#open(index, "output")
      this.#out.text(state.key, "")
      return state
    }
    if (name !== undefined && name === this.#options.placeholderTool) {
      this.#swallowed = true
      return this.#open(index, "silent")
    }
    this.#called = true
    const state = this.#open(index, "tool")
    this.#out.toolCall(state.key, {
      ...(typeof id === "string" && id !== "" ? { id } : {}),
      ...(typeof name === "string" && name !== "" ? { name } : {}),
    })
    return state
  }

  #delta(index: unknown, delta: Obj): void {
    const { text, toolUse, reasoningContent: reasoning, citation } = delta
    if (typeof text === "string") {
      if (text === "" && this.#at(index)?.kind !== "text") return this.#out.alive()
      this.#out.text(this.#block(index, "text").key, text)
    } else if (isObject(toolUse)) this.#input(index, toolUse["input"])
    else if (isObject(reasoning)) this.#reasoning(index, reasoning)
    else if (citation !== undefined) this.#cite(index, [citation])
    else this.#other(index, delta)
  }

  #input(index: unknown, input: unknown): void {
    const piece = typeof input === "string" ? input : input === undefined ? "" : JSON.stringify(input)
    const state = this.#at(index)
    if (!state && piece !== "") {
      this.#done = true
      return this.#out.fail({ is: "stream_malformed", message: "Arguments came of a call that was not announced." })
    }
    if (!state || state.closed || piece === "") return this.#out.alive()
    state.held += piece
    if (state.kind === "tool") this.#out.args(state.key, piece)
    else if (state.kind === "output") this.#out.text(state.key, piece)
    else {
      state.native?.input(piece)
      this.#out.alive()
    }
  }

  #reasoning(index: unknown, reasoning: Obj): void {
    // Whole answers have text and signature in an object of their own, and some hosts stream it so.
    const inner = isObject(reasoning["reasoningText"]) ? reasoning["reasoningText"] : reasoning
    const { text, signature } = inner
    const hidden = reasoning["redactedContent"]
    if (typeof hidden === "string" && hidden !== "") {
      const state = this.#block(index, "redacted")
      state.held = joinBase64(state.held, hidden)
      this.#out.alive()
      return
    }
    if (typeof text === "string" && text !== "") this.#out.thinking(this.#block(index, "thinking").key, text)
    if (typeof signature !== "string" || signature === "") return
    const state = this.#block(index, "thinking")
    if (state.held === "") this.#out.thinking(state.key, "")
    state.held += signature
  }

  #cite(index: unknown, citations: readonly unknown[]): void {
    const state = this.#block(index, "text")
    this.#out.text(state.key, "")
    this.#out.attach(state.key, { citations })
  }

  /** Pieces of a block that we do not know belong to an item that travels whole. */
  #other(index: unknown, delta: Obj): void {
    const state = this.#block(index, "native")
    state.native ??= new NativeBlock({})
    state.native.push(delta)
    this.#out.alive()
  }

  #stop(index: unknown): void {
    const state = this.#at(index)
    if (state) this.#close(state)
  }

  #close(state: BlockState): void {
    if (state.closed) return
    state.closed = true
    const { key, held, kind, native } = state
    if (kind === "thinking" && held !== "") this.#out.attach(key, { signature: held })
    if (kind === "redacted") this.#out.block(key, { type: "redactedThinking", data: { value: held } })
    else if (native) {
      const item = native.finish()
      this.#out.block(key, pictureIn(item) ?? { type: "native", api: API, item })
    } else if (kind !== "silent") this.#out.close(key)
  }

  #wholeBlock(index: number, block: Obj): void {
    const { text, toolUse, reasoningContent: reasoning, citationsContent: cited } = block
    if (typeof text === "string") this.#delta(index, { text })
    else if (isObject(toolUse)) {
      this.#startTool(index, toolUse)
      if (toolUse["type"] !== "server_tool_use") this.#input(index, toolUse["input"] ?? {})
    } else if (isObject(reasoning)) {
      const told = isObject(reasoning["reasoningText"]) ? reasoning["reasoningText"] : reasoning
      this.#reasoning(index, { ...told, redactedContent: reasoning["redactedContent"] })
    } else if (isObject(cited)) this.#wholeCitations(index, cited)
    else this.#open(index, "native").native = new NativeBlock(block)
    this.#stop(index)
  }

  #wholeCitations(index: number, { content, citations }: Obj): void {
    for (const part of Array.isArray(content) ? content : []) {
      if (isObject(part) && typeof part["text"] === "string") this.#delta(index, { text: part["text"] })
    }
    if (Array.isArray(citations) && citations.length > 0) this.#cite(index, citations)
  }

  #at(index: unknown): BlockState | undefined {
    return this.#blocks.get(index)
  }

  /** The open block of an index, if it is of the kind; else a new one, which ends the one before. */
  #block(index: unknown, kind: Kind): BlockState {
    const state = this.#at(index)
    if (state && (state.kind === kind || (kind === "native" && state.native))) return state
    return this.#open(index, kind)
  }

  #open(index: unknown, kind: Kind): BlockState {
    const before = this.#at(index)
    if (before) this.#close(before)
    const state: BlockState = { key: `${JSON.stringify(index)}#${this.#opened++}`, kind, closed: false, held: "" }
    this.#blocks.set(index, state)
    return state
  }

  /** The answer is over: what is still open is closed, except a call whose input may lack its end. */
  #finish(): void {
    if (this.#done) return
    this.#done = true
    const reason = this.#reason ?? "end_turn"
    for (const state of this.#blocks.values()) {
      if (!state.closed && state.kind === "tool" && reason !== "max_tokens" && !isWhole(state.held)) {
        this.#out.fail({ is: "stream_incomplete", inStream: true, message: "The stream ended inside a tool call." })
        return
      }
      this.#close(state)
    }
    const stands = this.#swallowed || this.#options.outputTool !== undefined
    reportStop(reason === "tool_use" && stands && !this.#called ? "end_turn" : reason, this.#out)
  }
}

function isWhole(input: string): boolean {
  return input === "" || parseArguments(input).ok
}
