import type { Api, Prices, Usage } from "@sluice/catalog/core"
import { costOf } from "@sluice/catalog/core"
import type { ArgumentPiece, MessageSink } from "../contract/builder.ts"
import type { ErrorFacts } from "../contract/error-facts.ts"
import type { Facts } from "../contract/frame.ts"
import type { SluiceError } from "../model/errors.ts"
import { isObject } from "../model/json.ts"
import { Losses } from "../model/losses.ts"
import { isContent, type AssistantMessageEvent } from "../model/events.ts"
import type {
  AssistantMessage,
  Block,
  Issuer,
  Loss,
  StopDetails,
  StopReason,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
} from "../model/message.ts"
import { JsonArguments, parseArguments } from "./json-arguments.ts"
import { mergeObject, setPath } from "./object-arguments.ts"

/** What a builder is given from outside. */
export interface BuilderInit {
  api: Api
  provider: string
  /** Id of the model as the caller named it. */
  model: string
  prices?: Prices | undefined
  /** Milliseconds since 1970 at the start of the call. */
  timestamp: number
  now(): number
  /** A new id with the prefix. */
  mintId(prefix: string): string
  /** The one classifier. */
  toError(facts: ErrorFacts): SluiceError
  /** Tools' own names by those that the host was told, where they differ. */
  toolNames?: ReadonlyMap<string, string> | undefined
}

interface Open {
  index: number
  block: TextBlock | ThinkingBlock | ToolCallBlock
  json?: JsonArguments
  /** Arguments that came as objects or paths. */
  object?: Record<string, unknown>
}

/**
 * Makes the message and its events out of what a decoder reads.
 *
 * It keeps the order that consumers rely on: a start before everything, blocks that open, grow and end, one
 * terminal event; whatever comes for a closed block or after the end is dropped. Events are collected until
 * the driver takes them, so that all that one read brought is handed on at once.
 */
export class MessageBuilder implements MessageSink {
  readonly message: AssistantMessage
  /** Something a silent second try would repeat has been made. */
  content = false
  /** A tool call was finished. */
  final = false
  /** The answer came forward since this was last set to false. */
  progressed = false
  /** A sign of life without progress came since this was last set to false. */
  pinged = false
  /** The terminal event has been made. */
  ended = false
  /** What is to be kept if the answer ends in `done`. */
  readonly remembered: { where: "channel" | "session"; facts: Facts }[] = []
  readonly #init: BuilderInit
  readonly #issuer: Issuer
  readonly #open = new Map<string, Open>()
  readonly #closed = new Set<string>()
  #events: AssistantMessageEvent[] = []
  #stop: { reason: StopReason; details?: StopDetails } | undefined
  #failure: SluiceError | undefined
  #losses: Losses | undefined

  constructor(init: BuilderInit) {
    this.#init = init
    this.#issuer = { api: init.api, provider: init.provider, model: init.model }
    this.message = {
      role: "assistant",
      content: [],
      api: init.api,
      provider: init.provider,
      model: init.model,
      usage: { provenance: "absent" },
      stopReason: "stop",
      timestamp: init.timestamp,
    }
    this.#events.push({ type: "start", partial: this.message })
  }

  /** The failure that was reported, if any. */
  get failure(): SluiceError | undefined {
    return this.#failure
  }

  /** Whether the host has said why the answer ends. */
  get stopped(): boolean {
    return this.#stop !== undefined
  }

  /** Hands out the events made since the last time. */
  take(): AssistantMessageEvent[] {
    const events = this.#events
    if (events.length > 0) this.#events = []
    return events
  }

  meta(m: { responseId?: string; model?: string; upstreamProvider?: string }): void {
    if (this.ended) return
    if (m.responseId) this.message.responseId = m.responseId
    if (m.model && m.model !== this.message.model) this.message.servedModel = m.model
    if (m.upstreamProvider && !this.message.upstreamProvider) this.message.upstreamProvider = m.upstreamProvider
  }

  text(key: string, delta: string): void {
    let open = this.#open.get(key)
    if (!open) {
      const block: TextBlock = { type: "text", text: "" }
      open = this.#begin(key, block)
      if (!open) return
      this.#events.push({ type: "text_start", contentIndex: open.index, partial: this.message })
    }
    if (delta === "" || open.block.type !== "text" || this.#failure) return
    open.block.text += delta
    this.#emit({ type: "text_delta", contentIndex: open.index, delta, partial: this.message })
  }

  thinking(key: string, delta: string, field?: string): void {
    let open = this.#open.get(key)
    if (!open) {
      const block: ThinkingBlock = { type: "thinking", thinking: "" }
      if (field) block.field = field
      open = this.#begin(key, block)
      if (!open) return
      this.#events.push({ type: "thinking_start", contentIndex: open.index, partial: this.message })
    }
    if (delta === "" || open.block.type !== "thinking" || this.#failure) return
    open.block.thinking += delta
    this.#emit({ type: "thinking_delta", contentIndex: open.index, delta, partial: this.message })
  }

  toolCall(key: string, call: { id?: string; name?: string; custom?: boolean }): void {
    const open = this.#open.get(key)
    const name = (call.name === undefined ? undefined : this.#init.toolNames?.get(call.name)) ?? call.name ?? ""
    if (open) {
      if (open.block.type !== "toolCall" || this.#failure) return
      if (call.id && !open.block.id) open.block.id = call.id
      if (name && !open.block.name) open.block.name = name
      return
    }
    const block: ToolCallBlock = { type: "toolCall", id: call.id ?? "", name, arguments: {} }
    if (call.custom) {
      block.custom = true
      block.arguments = { input: "" }
    }
    const begun = this.#begin(key, block)
    if (!begun) return
    this.#emit({ type: "toolcall_start", contentIndex: begun.index, partial: this.message })
  }

  args(key: string, piece: ArgumentPiece): void {
    const open = this.#open.get(key)
    if (!open || open.block.type !== "toolCall" || this.#failure || this.ended) return
    if (typeof piece !== "string") {
      open.object ??= {}
      if (piece.path.length === 0 && isObject(piece.value)) mergeObject(open.object, piece.value)
      else setPath(open.object, piece.path, piece)
      open.block.arguments = open.object
      this.progressed = true
      return
    }
    if (piece === "") return
    this.#growArguments(open, open.block, piece)
    this.#emit({ type: "toolcall_delta", contentIndex: open.index, delta: piece, partial: this.message })
  }

  more(key: string, deltas: readonly string[], whole: string): void {
    const open = this.#open.get(key)
    if (!open || this.#failure || this.ended) return
    const { block, index: contentIndex } = open
    if (block.type === "text") block.text += whole
    else if (block.type === "thinking") block.thinking += whole
    else this.#growArguments(open, block, whole)
    this.#forward()
    const type = block.type === "toolCall" ? "toolcall_delta" : (`${block.type}_delta` as const)
    const partial = this.message
    for (const delta of deltas) this.#events.push({ type, contentIndex, delta, partial })
  }

  attach(key: string, extra: Parameters<MessageSink["attach"]>[1]): void {
    const block = this.#open.get(key)?.block
    if (!block || this.ended || this.#failure) return
    if (extra.signature !== undefined) {
      block.signature = { value: (block.signature?.value ?? "") + extra.signature, issuer: this.#issuer }
      this.progressed = true
    }
    if (extra.itemId !== undefined) block.itemId = extra.itemId
    if (block.type !== "text") return
    if (extra.phase !== undefined) block.phase = extra.phase
    if (extra.citations?.length) block.citations = appended(block.citations, extra.citations)
    if (extra.logprobs?.length) block.logprobs = appended(block.logprobs, extra.logprobs)
  }

  block(key: string, block: Block): void {
    if (this.ended || this.#failure || this.#closed.has(key) || this.#open.has(key)) return
    this.#closed.add(key)
    const contentIndex = this.message.content.length
    this.message.content.push(this.#issued(block))
    this.#emit({ type: "block_end", contentIndex, block, partial: this.message })
  }

  close(key: string, final?: { text?: string; arguments?: string }): void {
    const open = this.#open.get(key)
    if (!open || this.#failure || this.ended) return
    this.#end(key, open, final, true)
  }

  usage(usage: Partial<Usage>): void {
    if (this.ended) return
    const target = this.message.usage as unknown as Record<string, unknown>
    for (const [name, value] of Object.entries(usage)) if (value !== undefined && value !== null) target[name] = value
    if (usage.provenance === undefined && (usage.input !== undefined || usage.output !== undefined)) {
      this.message.usage.provenance = "reported"
    }
  }

  stop(reason: StopReason, details?: StopDetails): void {
    if (this.ended || this.#failure) return
    this.#stop = details ? { reason, details } : { reason }
    this.progressed = true
  }

  fail(facts: ErrorFacts): void {
    if (this.ended || this.#failure) return
    this.#failure = this.#init.toError({ inStream: true, ...facts })
  }

  loss(loss: Loss): void {
    if (this.ended) return
    this.#losses ??= new Losses()
    this.#losses.add(loss.field, loss.kind, loss.reason)
  }

  alive(forward = false): void {
    if (forward) this.progressed = true
    else this.pinged = true
  }

  remember(where: "channel" | "session", facts: Facts): void {
    if (!this.ended) this.remembered.push({ where, facts })
  }

  /**
   * Makes the terminal event, after the decoder has seen the end of its input or could not see it.
   * Without an error given or reported, and with a reason to stop, the answer is `done`.
   */
  finish(error?: SluiceError): void {
    if (this.ended) return
    const failure = error?.code === "aborted" ? error : (this.#failure ?? error)
    const complete = !failure && this.#stop !== undefined
    // Arguments that came as an object look whole wherever they are cut.
    const cut = this.#stop?.reason === "length"
    for (const [key, open] of this.#open) this.#end(key, open, undefined, complete && !(cut && open.object))
    const message = this.message
    if (this.#losses) message.losses = [...(message.losses ?? []), ...this.#losses.list]
    const stop = this.#stop
    if (stop?.details) message.stopDetails = stop.details
    // A host that gives its refusal as the reason to stop has told all of its usage.
    this.#settleUsage(complete || stop?.reason === "error")
    message.duration = this.#init.now() - message.timestamp
    const reason = stop?.reason
    if (!failure && reason !== undefined && reason !== "error" && reason !== "aborted") {
      message.stopReason =
        reason === "stop" &&
        stop?.details?.type !== "pause_turn" &&
        message.content.some((block) => block.type === "toolCall")
          ? "toolUse"
          : reason
      this.content = true
      this.#events.push({ type: "done", reason: message.stopReason as "stop" | "length" | "toolUse", message })
    } else {
      const cause = failure ?? this.#init.toError({ is: "stream_incomplete", inStream: true })
      message.stopReason = cause.code === "aborted" ? "aborted" : "error"
      const delivered = this.final ? "final" : this.content ? "content" : "nothing"
      message.error = { ...cause.toJSON(), delivered }
      this.#events.push({ type: "error", reason: message.stopReason, error: message })
    }
    this.ended = true
  }

  #begin(key: string, block: Open["block"]): Open | undefined {
    if (this.ended || this.#failure || this.#closed.has(key)) return undefined
    const open: Open = { index: this.message.content.length, block }
    this.message.content.push(block)
    this.#open.set(key, open)
    return open
  }

  #growArguments(open: Open, block: ToolCallBlock, piece: string): void {
    if (block.custom) {
      ;(block.arguments as { input: string }).input += piece
      return
    }
    open.json ??= new JsonArguments()
    open.json.push(piece)
    block.arguments = open.json.value
  }

  #emit(event: AssistantMessageEvent): void {
    if (this.ended || this.#failure) return
    if (this.content || isContent(event)) this.#forward()
    else this.progressed = true
    this.#events.push(event)
  }

  /** There is content, or more of it. */
  #forward(): void {
    this.progressed = true
    if (this.content) return
    this.content = true
    this.message.ttft = this.#init.now() - this.message.timestamp
  }

  #end(key: string, open: Open, final: { text?: string; arguments?: string } | undefined, complete: boolean): void {
    this.#open.delete(key)
    this.#closed.add(key)
    const { block, index: contentIndex } = open
    const partial = this.message
    if (block.type === "toolCall") {
      this.#endToolCall(open, block, final?.arguments, complete)
      this.#events.push({ type: "toolcall_end", contentIndex, toolCall: block, partial })
      return
    }
    const field = block.type === "text" ? "text" : "thinking"
    const text = block as unknown as Record<typeof field, string>
    if (final?.text !== undefined && final.text !== text[field]) {
      const missing = final.text.startsWith(text[field]) ? final.text.slice(text[field].length) : ""
      text[field] = final.text
      if (missing)
        this.#emit({ type: `${field}_delta`, contentIndex, delta: missing, partial } as AssistantMessageEvent)
    }
    this.#events.push({ type: `${field}_end`, contentIndex, content: text[field], partial } as AssistantMessageEvent)
  }

  #endToolCall(open: Open, block: ToolCallBlock, finalText: string | undefined, complete: boolean): void {
    if (!block.id) block.id = this.#init.mintId("call_")
    if (!complete) block.incomplete = true
    else this.final = true
    if (block.custom) {
      if (finalText !== undefined) block.arguments = { input: finalText }
      return
    }
    const streamed = open.json?.text ?? ""
    if (open.object && finalText === undefined && streamed === "") {
      block.arguments = open.object
      this.#emit({
        type: "toolcall_delta",
        contentIndex: open.index,
        delta: JSON.stringify(open.object),
        partial: this.message,
      })
      return
    }
    const text = finalText ?? streamed
    if (streamed === "" && text !== "") {
      this.#emit({ type: "toolcall_delta", contentIndex: open.index, delta: text, partial: this.message })
    }
    const parsed = parseArguments(text)
    block.arguments = parsed.ok ? parsed.value : {}
    if (!parsed.ok) block.rawArguments = parsed.text
  }

  /** Opaque values are this answer's own: they carry its issuer from here on. */
  #issued(block: Block): Block {
    if (block.type === "redactedThinking" && !block.data.issuer) block.data.issuer = this.#issuer
    if (block.type === "native" && !block.issuer) block.issuer = this.#issuer
    if ((block.type === "image" || block.type === "audio") && block.signature) {
      block.signature.issuer ??= this.#issuer
    }
    return block
  }

  #settleUsage(complete: boolean): void {
    const usage = this.message.usage
    if (usage.provenance === "reported") {
      if (!complete) usage.provenance = "partial"
      usage.totalTokens = (usage.input ?? 0) + (usage.output ?? 0) + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0)
    }
    const cost = costOf(usage, this.#init.prices)
    if (cost) usage.cost = cost
  }
}

/** Appends in place once the list is ours, so that one entry per token stays linear. */
function appended(list: readonly unknown[] | undefined, more: readonly unknown[]): readonly unknown[] {
  if (!list) return [...more]
  for (const entry of more) (list as unknown[]).push(entry)
  return list
}
