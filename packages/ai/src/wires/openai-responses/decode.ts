import type { MessageSink } from "../../contract/builder.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Effect, Frame, ResponseHead } from "../../contract/frame.ts"
import type { Call, Decoder } from "../../contract/wire-client.ts"
import { frameObject } from "../../assemble/frame-json.ts"
import { chainFacts, sentFacts } from "./chain.ts"
import { ConnectionGuard, lastResponse } from "./connection-guard.ts"
import { answerError, withWait } from "./errors.ts"
import { clientRun, Items, type Item } from "./items.ts"
import { HeaderNotes } from "./kept-headers.ts"
import { ReasoningReader } from "./reasoning.ts"
import { hasFailed, readEnd, type Seen } from "./stop.ts"
import { TextReader } from "./texts.ts"
import { API, isObject, text, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"
import { WhitespaceGuard } from "./whitespace-guard.ts"

const STOP_NOW: readonly Effect[] = [{ do: "finish", withinMs: 0 }]

/** Events that tell of no progress. */
const SIGNS_OF_LIFE: ReadonlySet<string> = new Set([
  "response.created",
  "response.queued",
  "response.in_progress",
  "response.metadata",
  "keepalive",
])

/** Events that end an answer. */
const TERMINAL: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
  "response.done",
])

/**
 * Reads one answer of the Responses API, from OpenAI and from the hosts that speak it more or less as OpenAI does.
 *
 * Items are told apart by every name that a host gives them, and what an event that ends something says of it wins
 * over the pieces before. What was not announced is opened when it is first heard of.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponsesDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #items = new Items()
  readonly #texts: TextReader
  readonly #reasoning: ReasoningReader
  /** Items that only this wire knows, as they came. */
  readonly #natives: Obj[] = []
  readonly #call: Call
  readonly #headers: HeaderNotes
  readonly #connection: ConnectionGuard | undefined
  readonly #whitespace = new WhitespaceGuard()
  #responseId = ""
  #calls = 0
  #openCalls = 0
  #done = false
  /** Tokens of the answer at which the host cuts it without a word; none where it says so. */
  readonly #silentCap: number

  constructor(call: Call, head: ResponseHead, out: MessageSink) {
    this.#call = call
    this.#out = out
    this.#headers = new HeaderNotes(call, head.headers)
    this.#connection = head.channel === "websocket" ? new ConnectionGuard(call) : undefined
    this.#silentCap = silentCap(call)
    this.#texts = new TextReader(out)
    this.#reasoning = new ReasoningReader(out, call.model.compat.responses?.cumulativeSummaries === true)
  }

  push(frame: Frame): readonly Effect[] | void {
    if (this.#done) return undefined
    const { data } = frame
    if (data.length < 16 && typeof data === "string" && data.trim() === "[DONE]") {
      this.end()
      return STOP_NOW
    }
    const event = frameObject(frame, this.#out)
    if (event === undefined) return undefined
    const type = text(event["type"]) || (frame.event ?? "")
    const verdict = this.#connection?.verdict(type, event) ?? "read"
    if (verdict === "drop") return undefined
    if (verdict !== "read") return this.#fail(verdict)
    return this.#event(type, event)
  }

  whole(body: unknown): void {
    if (this.#done) return
    const document = unwrap(body)
    if (!document || !Array.isArray(document["output"])) {
      this.#done = true
      const facts = answerError(document ?? body)
      const told = isObject(document) && (document["error"] || document["detail"] || document["message"])
      this.#out.fail(
        told ? facts : { is: "stream_malformed", message: "The host's answer holds no list of output items." },
      )
      return
    }
    this.#terminal("", document)
  }

  end(): void {
    if (this.#done) return
    this.#done = true
    this.#out.fail({ is: "stream_incomplete" })
  }

  #event(type: string, event: Obj): readonly Effect[] | void {
    if (type === "response.function_call_arguments.delta" || type === "response.custom_tool_call_input.delta") {
      const endless = this.#whitespace.piece(event)
      if (endless) return this.#fail(endless)
      this.#piece(event, type.startsWith("response.custom"))
      return undefined
    }
    if (!SIGNS_OF_LIFE.has(type)) this.#whitespace.reset()
    switch (type) {
      case "response.output_text.delta":
        this.#texts.delta(this.#message(event), event, false)
        return undefined
      case "response.refusal.delta":
        this.#texts.delta(this.#message(event), event, true)
        return undefined
      case "response.reasoning_summary_text.delta":
        this.#reasoning.delta(this.#item("reasoning", event), event, "summary")
        return undefined
      case "response.reasoning_text.delta":
        this.#reasoning.delta(this.#item("reasoning", event), event, "text")
        return undefined
      case "response.reasoning_summary_text.done":
        this.#reasoning.textDone(this.#item("reasoning", event), event, "summary")
        return undefined
      case "response.reasoning_text.done":
        this.#reasoning.textDone(this.#item("reasoning", event), event, "text")
        return undefined
      case "response.output_text.done":
      case "response.refusal.done":
        this.#texts.done(this.#message(event), event, type === "response.refusal.done")
        return undefined
      case "response.output_text.annotation.added":
        this.#texts.annotation(this.#message(event), event)
        return undefined
      case "response.function_call_arguments.done":
        this.#argumentsDone(event, text(event["arguments"]))
        return undefined
      case "response.custom_tool_call_input.done":
        this.#argumentsDone(event, text(event["input"]))
        return undefined
      case "response.output_item.added":
        if (isObject(event["item"])) this.#added(event["item"], event)
        return undefined
      case "response.output_item.done":
        if (isObject(event["item"])) this.#itemDone(event["item"], event)
        return undefined
      case "error":
        return this.#failed(event)
      default:
        return this.#other(type, event)
    }
  }

  #other(type: string, event: Obj): readonly Effect[] | void {
    if (TERMINAL.has(type)) {
      this.#terminal(type, isObject(event["response"]) ? event["response"] : event)
      return STOP_NOW
    }
    if (event["error"]) return this.#failed(event)
    // A whole response as the one frame of a stream.
    if (type === "" && Array.isArray(event["output"])) {
      this.#terminal("", event)
      return STOP_NOW
    }
    if (isObject(event["response"])) this.#identify(event["response"])
    this.#out.alive()
    return type === "response.metadata" ? this.#metadata(event) : undefined
  }

  /** What a host says beside the answer: headers where there is no head for them, and what its filter thinks. */
  #metadata({ headers, metadata }: Obj): readonly Effect[] | void {
    if (isObject(headers)) this.#headers.event(headers)
    const value = isObject(metadata) ? metadata["openai_chatgpt_moderation_metadata"] : undefined
    return value === undefined ? undefined : [{ do: "moderation", value }]
  }

  #failed(event: Obj): readonly Effect[] {
    return this.#fail(withWait(answerError(event), event["headers"], this.#call.mint.now()))
  }

  #fail(facts: ErrorFacts): readonly Effect[] {
    this.#done = true
    this.#out.fail(facts)
    return STOP_NOW
  }

  #identify(response: Obj): void {
    const responseId = text(response["id"])
    const model = text(response["model"])
    const tier = text(response["service_tier"])
    if (response["store"] === true) this.#reasoning.stored = true
    if (responseId !== "") this.#responseId = responseId
    this.#out.meta({
      ...(responseId === "" ? {} : { responseId }),
      ...(model === "" ? {} : { model }),
    })
    if (tier !== "") this.#out.usage({ serviceTier: tier })
  }

  #message(event: Obj): Item {
    return this.#item("message", event)
  }

  /** The item that an event is about; one that was not announced is opened now. */
  #item(type: "message" | "reasoning", event: Obj): Item {
    const known = this.#items.ofEvent(event)
    if (known?.kind === type) return known
    const named = event["output_index"] !== undefined || text(event["item_id"]) !== ""
    const last = named ? undefined : this.#items.all.findLast((item) => item.kind === type)
    return last && !last.done ? last : this.#items.add({ type, id: event["item_id"] }, event)
  }

  #added(item: Obj, event: Obj): void {
    const known = this.#items.ofItem(item, event, true)
    if (known && !known.done) {
      this.#items.name(known, item)
      return
    }
    const made = this.#items.add(item, event)
    if (made.kind === "call") this.#openCall(made, item)
    this.#out.alive()
  }

  #openCall(made: Item, item: Obj): void {
    this.#calls++
    this.#openCalls++
    this.#out.toolCall(made.key, callFields(item))
    if (made.id !== "") this.#out.attach(made.key, { itemId: made.id })
  }

  #piece(event: Obj, custom: boolean): void {
    const piece = text(event["delta"])
    const item = this.#callOf(event, piece, custom)
    if (!item) return
    if (!custom) item.reach.push(piece)
    this.#out.args(item.key, piece)
  }

  /** The call of an event; what names a call that is not known opens it, and what names none is the first open one's. */
  #callOf(event: Obj, piece: string, custom: boolean): Item | undefined {
    const known = this.#items.ofEvent(event)
    if (known) return known.kind === "call" ? known : undefined
    if (event["output_index"] === undefined && text(event["item_id"]) === "") return this.#items.openCall(piece)
    const item: Obj = { type: custom ? "custom_tool_call" : "function_call", id: event["item_id"] }
    const made = this.#items.add(item, event)
    this.#openCall(made, item)
    return made
  }

  #argumentsDone(event: Obj, final: string): void {
    const item = this.#callOf(event, final, event["type"] === "response.custom_tool_call_input.done")
    if (item && !item.done) item.final = final
  }

  /** An item has come to its end, or is given whole. */
  #itemDone(item: Obj, event: Obj): void {
    const known = this.#items.ofItem(item, event)
    if (known?.done) {
      // The place of a done item that comes again with another id is another item's.
      if (known.id === text(item["id"]) || text(item["id"]) === "") return
    }
    const target = known && !known.done ? known : this.#items.add(item, event)
    if (target === known) this.#items.name(target, item)
    else if (target.kind === "call") this.#openCall(target, item)
    this.#finish(target, item)
  }

  #finish(target: Item, item: Obj): void {
    target.done = true
    target.whole = item
    switch (target.kind) {
      case "message":
        this.#texts.finish(target, item)
        break
      case "reasoning":
        this.#reasoning.finish(target, item)
        break
      case "call":
        this.#finishCall(target, item)
        break
      case "native":
        this.#natives.push(item)
        this.#out.block(target.key, { type: "native", api: API, item })
    }
  }

  #finishCall(target: Item, item: Obj): void {
    const fields = callFields(item)
    this.#out.toolCall(target.key, fields)
    if (target.id !== "") this.#out.attach(target.key, { itemId: target.id })
    const given = text(fields.custom ? item["input"] : item["arguments"])
    const object = isObject(item["arguments"]) ? JSON.stringify(item["arguments"]) : ""
    const final = target.final || given || object
    this.#out.close(target.key, final === "" ? undefined : { arguments: final })
    if (item["status"] !== "incomplete") this.#openCalls--
  }

  /** The host has said that this is all. */
  #terminal(type: string, response: Obj): void {
    this.#done = true
    this.#identify(response)
    if (isObject(response["usage"])) this.#out.usage(readUsage(response["usage"]))
    if (Array.isArray(response["output"])) this.#settle(response["output"].filter(isObject))
    const failed = hasFailed(response, type)
    for (const item of this.#items.all) if (!failed || !isCut(item)) this.#closeOpen(item)
    const end = readEnd(response, type, this.#seen(response["usage"]))
    if ("fail" in end) {
      if (end.details) this.#out.stop("error", end.details)
      this.#out.fail(withWait(end.fail, undefined, this.#call.mint.now()))
      return
    }
    this.#out.stop(end.reason, end.details)
    this.#remember(end.reason !== "length")
  }

  /** What the next request goes on from. An answer that was cut short is no end that one could go on from. */
  #remember(complete: boolean): void {
    const calls = this.#items.all.flatMap(({ kind, callId }) => (kind === "call" ? [callId] : []))
    const session = { ...this.#headers.facts(calls), ...sentFacts(this.#call) }
    if (Object.keys(session).length > 0) this.#out.remember("session", session)
    if (this.#connection) this.#out.remember("channel", lastResponse(this.#responseId))
    const items = this.#items.all.flatMap(({ whole }) => (whole ? [whole] : []))
    const answer = complete ? { id: this.#responseId, items } : undefined
    const chain = chainFacts(this.#call, answer)
    if (chain) this.#out.remember(chain.where, chain.facts)
  }

  /** Ends and adds what the events before did not tell of. */
  #settle(output: readonly Obj[]): void {
    const missing = new Map<string, number>()
    for (const item of output) {
      const type = text(item["type"])
      missing.set(type, (missing.get(type) ?? 0) + 1)
    }
    for (const { type } of this.#items.all) missing.set(type, (missing.get(type) ?? 0) - 1)
    const claimed = new Set<Item>()
    output.forEach((item, place) => {
      const known = this.#items.ofItem(item, { output_index: place })
      // Two entries under one name are two items.
      if (known && !claimed.has(known)) {
        claimed.add(known)
        if (!known.done) this.#itemDone(item, { output_index: place })
        return
      }
      const type = text(item["type"])
      const more = missing.get(type) ?? 0
      // With as many items of its type as there are it is one of those, under another name.
      if (more <= 0) return
      missing.set(type, more - 1)
      claimed.add(this.#finishNew(item))
    })
  }

  #finishNew(item: Obj): Item {
    const made = this.#items.add(item, {})
    if (made.kind === "call") this.#openCall(made, item)
    this.#finish(made, item)
    return made
  }

  /** An item whose end was lost: what was streamed of it stands. */
  #closeOpen(item: Item): void {
    if (item.done || item.kind === "native") return
    const { type, id, callId: call_id } = item
    this.#finish(item, { type, id, call_id })
    if (item.kind === "call" && item.final === undefined && !item.reach.ended) this.#openCalls++
  }

  #seen(usage: unknown): Seen {
    return {
      calls: this.#calls,
      callsWhole: this.#openCalls <= 0,
      clientRun: clientRun(this.#natives),
      approval: this.#natives.some((item) => item["type"] === "mcp_approval_request"),
      refusal: this.#texts.refusal,
      capMet: isObject(usage) && (readUsage(usage).output ?? 0) >= this.#silentCap,
    }
  }
}

function silentCap({ model, options }: Call): number {
  if (!model.compat.responses?.silentCap || options.maxTokens === undefined) return Infinity
  return Math.min(options.maxTokens, model.maxTokens ?? Infinity)
}

/** Whether a call's end has not come, neither with its item nor with its arguments. */
function isCut({ kind, done, final }: Item): boolean {
  return kind === "call" && !done && final === undefined
}

function callFields(item: Obj): { id?: string; name?: string; custom?: boolean } {
  const id = text(item["call_id"])
  const name = text(item["name"])
  return {
    ...(id === "" ? {} : { id }),
    ...(name === "" ? {} : { name }),
    ...(item["type"] === "custom_tool_call" ? { custom: true } : {}),
  }
}

/** The response, or the error, out of what a host put around it. */
function unwrap(body: unknown): Obj | undefined {
  const value = Array.isArray(body) ? body.find(isObject) : body
  if (!isObject(value)) return undefined
  const inner = value["response"]
  return !Array.isArray(value["output"]) && isObject(inner) ? inner : value
}
