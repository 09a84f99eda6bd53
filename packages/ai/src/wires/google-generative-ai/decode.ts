import type { Usage } from "@sluice/catalog/core"
import { frameObject } from "../../assemble/frame-json.ts"
import type { MessageSink } from "../../contract/builder.ts"
import type { Effect, Frame } from "../../contract/frame.ts"
import type { Decoder, Mint } from "../../contract/wire-client.ts"
import { parseObject } from "../../model/json.ts"
import { errorFacts } from "./errors.ts"
import { parsePath } from "./json-path.ts"
import { mediaBlock } from "./media-out.ts"
import { reportBlocked, reportStop, UNSPECIFIED } from "./stop.ts"
import { API, isObject, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

/** What the host says of an answer beside its parts. */
const ABOUT = ["groundingMetadata", "urlContextMetadata"] as const
/** What it says of a text in particular. Where none is open it is kept with what it says of the answer. */
const OF_TEXT = ["citationMetadata", "logprobsResult"] as const

/** How long more is waited for behind what looks like the end, where some hosts say of every piece that it is the last. */
const GRACE_MS = 1600
const FINISHED: readonly Effect[] = [{ do: "finish", withinMs: GRACE_MS }]
const RESUMED: readonly Effect[] = [{ do: "resume" }]

/** What a decoder must know of the request. */
export interface DecoderOptions {
  /** Tools of the host's own were offered: it may stop for one of them and go on. */
  hostTools?: boolean
}

/** Text or thinking that goes on as long as the parts are of one kind. */
interface Run {
  key: string
  kind: "text" | "thinking"
  signature?: string
}

/** A call whose arguments are not all there yet. */
interface OpenCall {
  key: string
  /** The host's own id. */
  id: string | undefined
  name: string
  /** A value of its arguments was begun, and its end has not come. */
  unfinished: boolean
  signature?: string
}

/**
 * Reads the answer of `generateContent`, whole or in pieces. The parts of the first candidate become blocks: texts of
 * one kind that follow each other are one block, each call is one, and what is neither text, call nor media stays as it
 * is.
 *
 * A reason to stop is the end where the counts of tokens stand beside it, unless more comes: older models give one, and
 * some give both, with every piece. Where the host runs tools of its own, it says in between that it stops, and the
 * answer is over when the stream is.
 */
export class GenerateDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #mint: Mint
  #hostTools: boolean
  readonly #ids = new Set<string>()
  readonly #about: Obj = {}
  #count = 0
  /** The answer's id is known; what comes later with another one belongs to it all the same. */
  #named = false
  #run: Run | undefined
  #call: OpenCall | undefined
  #usage: Partial<Usage> = {}
  #stopped = false
  /** The cap on the answer was met. */
  #cut = false
  /** The latest reason to stop was none. */
  #unspecified = false
  /** It looks as if nothing but further counts could follow. */
  #complete = false
  /** That was so before, and more came: the end of the stream is the end. */
  #wentOn = false
  /** A signature that came before anything that it could belong to. */
  #early: string | undefined
  #over = false

  constructor(out: MessageSink, mint: Mint, options: DecoderOptions = {}) {
    this.#out = out
    this.#mint = mint
    this.#hostTools = options.hostTools === true
  }

  push(frame: Frame): readonly Effect[] | void {
    const before = this.#complete
    if (before) this.#late(frame)
    else {
      const chunk = frameObject(frame, this.#out)
      if (chunk) this.#read(chunk)
    }
    if (this.#complete) return FINISHED
    return before ? RESUMED : undefined
  }

  whole(body: unknown): void {
    for (const chunk of Array.isArray(body) ? body : [body]) if (isObject(chunk)) this.#read(chunk)
    this.end()
  }

  end(): void {
    if (!this.#stopped && this.#unspecified) reportStop(UNSPECIFIED, undefined, this.#out)
    if (!this.#stopped || this.#over) return
    if (this.#call?.unfinished) {
      // The host ended in the middle of a call: it is left open, so that nobody runs it.
      if (!this.#cut) this.#out.fail({ is: "stream_incomplete", inStream: true, message: "The last call has no end." })
    } else this.#endCall()
    this.#tellAbout()
    this.#endRun()
    this.#over = true
  }

  /**
   * What comes behind the end is usage, or what stands beside the parts; unless the host says the end with every piece,
   * so that its counts grow, or has run a tool of its own that the request did not tell of: then the answer goes on.
   */
  #late(frame: Frame): void {
    const chunk = frame.json ?? (typeof frame.data === "string" ? parseObject(frame.data) : undefined)
    if (!isObject(chunk)) return
    const { usageMetadata, candidates } = unwrapped(chunk)
    const first = firstOf(candidates)
    const parts = partsOf(first)
    if (parts.length > 0 && (parts.some(isHostsResult) || this.#grew(usageMetadata))) {
      this.#wentOn = true
      this.#complete = false
      this.#read(chunk)
      return
    }
    if (parts.length === 0 && first) this.#beside(first)
    if (isObject(usageMetadata)) this.#readUsage(usageMetadata)
  }

  /** Whether counts tell of more than was counted before: a stream that is sent twice begins anew with less. */
  #grew(usageMetadata: unknown): boolean {
    const output = isObject(usageMetadata) ? readUsage(usageMetadata)?.output : undefined
    return output !== undefined && output > (this.#usage.output ?? 0)
  }

  /** What stands beside the parts of a candidate. */
  #beside(candidate: Obj): void {
    for (const name of ABOUT) {
      const value = candidate[name]
      if (isObject(value)) this.#about[name] = merged(this.#about[name], value)
    }
    for (const name of OF_TEXT) {
      const value = candidate[name]
      if (!isObject(value)) continue
      if (this.#run?.kind !== "text") this.#about[name] = joined(this.#about[name], value)
      else if (name === "citationMetadata") this.#cite(value["citationSources"] ?? value["citations"])
      else this.#out.attach(this.#run.key, { logprobs: [value] })
    }
  }

  #read(outer: Obj): void {
    const chunk = unwrapped(outer)
    if (hasError(chunk["error"])) {
      this.#out.fail(errorFacts(chunk))
      return
    }
    const { responseId, modelVersion, usageMetadata, promptFeedback } = chunk
    this.#out.meta({
      ...(typeof responseId === "string" && !this.#named ? { responseId } : {}),
      ...(typeof modelVersion === "string" ? { model: modelVersion } : {}),
    })
    this.#named ||= typeof responseId === "string" && responseId !== ""
    const counted = isObject(usageMetadata) && this.#readUsage(usageMetadata)
    const candidates = itemsOf(chunk["candidates"])
    const blocked = isObject(promptFeedback) ? text(promptFeedback["blockReason"]) : undefined
    if (blocked !== undefined && candidates.every(({ content, finishReason }) => !content && !finishReason)) {
      reportBlocked(blocked, text((promptFeedback as Obj)["blockReasonMessage"]), this.#out)
      return
    }
    const first = firstOf(candidates)
    if (first) this.#candidate(first)
    const stops = !first || first["finishReason"] !== undefined
    this.#complete = this.#stopped && stops && counted && !this.#hostTools && !this.#wentOn
  }

  /** Gives whether there were counts. */
  #readUsage(value: Obj): boolean {
    const usage = readUsage(value, this.#usage)
    if (!usage) return false
    Object.assign(this.#usage, usage)
    this.#out.usage(usage)
    return true
  }

  #candidate(candidate: Obj): void {
    const { finishReason, finishMessage } = candidate
    for (const part of partsOf(candidate)) this.#part(part)
    this.#beside(candidate)
    if (typeof finishReason !== "string" || finishReason === "") return
    this.#unspecified = finishReason === UNSPECIFIED
    if (this.#unspecified) return
    this.#stopped = true
    this.#cut = finishReason === "MAX_TOKENS"
    reportStop(finishReason, text(finishMessage), this.#out)
  }

  #part(part: Obj): void {
    const signature = text(part["thoughtSignature"])
    const { functionCall, text: words, thought } = part
    if (isObject(functionCall)) this.#functionCall(functionCall, signature)
    else if (isWhole(part)) this.#whole(part, signature)
    else if (typeof words === "string") this.#words(words, thought === true ? "thinking" : "text", signature)
    else if (signature !== undefined) this.#loneSignature(signature)
  }

  #words(words: string, kind: Run["kind"], signature: string | undefined): void {
    if (words === "") {
      if (signature !== undefined) this.#loneSignature(signature)
      return
    }
    this.#endCall()
    if (this.#run?.kind !== kind) {
      this.#endRun()
      this.#run = { key: this.#key(), kind }
    }
    const run = this.#run as Run
    const own = this.#signed(signature)
    if (own !== undefined) run.signature = own
    if (kind === "text") this.#out.text(run.key, words)
    else this.#out.thinking(run.key, words)
  }

  /** A signature without words is the one of what stands open. Behind a block that is over it stays a part. */
  #loneSignature(signature: string): void {
    if (this.#run) this.#run.signature = signature
    else if (this.#call) this.#call.signature = signature
    else if (this.#count > 0) this.#native({ text: "", thoughtSignature: signature })
    else this.#early = signature
  }

  /** A signature, or the one that came ahead of everything. */
  #signed(signature: string | undefined): string | undefined {
    const early = this.#early
    this.#early = undefined
    return signature ?? early
  }

  #functionCall(call: Obj, signature: string | undefined): void {
    const name = text(call["name"])
    const goesOn = call["willContinue"] === true
    const given = text(call["id"])
    if (name !== undefined && !this.#isOpen(name, given)) {
      this.#endRun()
      this.#endCall()
      const key = this.#key()
      this.#call = { key, id: given, name, unfinished: false }
      this.#out.toolCall(key, { id: this.#callId(call["id"]), name })
    }
    const open = this.#call
    if (!open) return
    const own = this.#signed(signature)
    if (own !== undefined) open.signature = own
    const { args, partialArgs } = call
    const pieces = Array.isArray(partialArgs) ? partialArgs.filter(isObject) : []
    // Hosts that only speak like Google's write the arguments as text.
    if (typeof args === "string") this.#out.args(open.key, args)
    else if (isObject(args)) {
      const isAll = !goesOn && pieces.length === 0 && name !== undefined
      this.#out.args(open.key, isAll ? JSON.stringify(args) : { path: [], value: args })
    }
    for (const piece of pieces) {
      this.#piece(open.key, piece)
      open.unfinished = piece["willContinue"] === true
    }
    // Behind streamed arguments the call ends with a part of its own, or with the next thing that is something else.
    if (goesOn || pieces.length > 0) return
    open.unfinished = false
    this.#endCall()
  }

  /** Whether a part that names a call goes on with the open one: some name it again with each piece of its arguments. */
  #isOpen(name: string, id: string | undefined): boolean {
    const open = this.#call
    if (!open) return false
    return id === undefined ? open.unfinished && open.name === name : open.id === id
  }

  #piece(key: string, piece: Obj): void {
    const named = text(piece["jsonPath"]) ?? "$"
    const path = parsePath(named)
    if (!path) {
      // Without it the call would be another one.
      this.#out.fail({
        is: "stream_malformed",
        message: `A piece of a call's arguments is for a place that cannot be found: ${named.slice(0, 80)}`,
      })
      return
    }
    if (path.length === 0) return
    if ("numberValue" in piece) this.#out.args(key, { path, value: piece["numberValue"] })
    else if ("boolValue" in piece) this.#out.args(key, { path, value: piece["boolValue"] })
    else if ("nullValue" in piece) this.#out.args(key, { path, value: null })
    else this.#out.args(key, { path, append: text(piece["stringValue"]) ?? "" })
  }

  /** The host's id where it has given one that stands for this call alone. */
  #callId(given: unknown): string {
    const own = text(given)
    const id = own === undefined || this.#ids.has(own) ? this.#mint.id("call_") : own
    this.#ids.add(id)
    return id
  }

  #whole(part: Obj, signature: string | undefined): void {
    const media = mediaBlock(part)
    if (!media) {
      this.#native(part)
      return
    }
    this.#endRun()
    this.#endCall()
    const own = this.#signed(signature)
    this.#out.block(this.#key(), own === undefined ? media : { ...media, signature: { value: own } })
  }

  #native(item: Obj): void {
    this.#endRun()
    this.#endCall()
    this.#out.block(this.#key(), { type: "native", api: API, item })
  }

  #cite(sources: unknown): void {
    if (!Array.isArray(sources) || sources.length === 0) return
    if (this.#run?.kind === "text") this.#out.attach(this.#run.key, { citations: sources })
  }

  /** What the answer rests on: each statement beside the text, the whole as an item of its own. */
  #tellAbout(): void {
    const { groundingMetadata } = this.#about
    if (isObject(groundingMetadata)) this.#cite(groundingMetadata["groundingSupports"])
    if (Object.keys(this.#about).length > 0) this.#native(this.#about)
  }

  #endRun(): void {
    const run = this.#run
    if (!run) return
    this.#run = undefined
    if (run.signature !== undefined) this.#out.attach(run.key, { signature: run.signature })
    this.#out.close(run.key)
  }

  #endCall(): void {
    const call = this.#call
    if (!call) return
    this.#call = undefined
    if (call.unfinished) {
      this.#out.fail({ is: "stream_malformed", message: "Something else came in the middle of a call's arguments." })
      return
    }
    if (call.signature !== undefined) this.#out.attach(call.key, { signature: call.signature })
    this.#out.close(call.key)
  }

  #key(): string {
    return String(this.#count++)
  }
}

/** Whether there is an error: some hosts say with every piece that there is none. */
function hasError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== "" && error !== false
}

/** Fields of a part that say nothing of what it is. */
const BESIDE: ReadonlySet<string> = new Set(["text", "thought", "thoughtSignature", "partMetadata"])

/** Whether a part is something other than words. Hosts that only speak like Google's write fields that are empty. */
function isWhole(part: Obj): boolean {
  if (text(part["text"]) !== undefined) return false
  return Object.keys(part).some((name) => !BESIDE.has(name) && part[name] !== null)
}

/** What a tool that the host ran itself has given. */
function isHostsResult(part: Obj): boolean {
  return ["functionResponse", "codeExecutionResult", "toolResponse"].some((name) => isObject(part[name]))
}

/** Some hosts put each piece into an object of their own. */
function unwrapped(outer: Obj): Obj {
  return isObject(outer["response"]) && outer["candidates"] === undefined ? outer["response"] : outer
}

/** The one candidate that is read. */
function firstOf(candidates: unknown): Obj | undefined {
  return itemsOf(candidates).find(({ index = 0 }) => index === 0)
}

function partsOf(candidate: Obj | undefined): Obj[] {
  const content = candidate?.["content"]
  return isObject(content) ? itemsOf(content["parts"]) : []
}

function itemsOf(list: unknown): Obj[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

/** A later report of the same thing over an earlier one; a field that it leaves empty stays. */
function merged(before: unknown, next: Obj): Obj {
  const all: Obj = { ...(isObject(before) ? before : {}) }
  for (const [name, value] of Object.entries(next)) {
    if (Array.isArray(value) && value.length === 0 && all[name] !== undefined) continue
    all[name] = value
  }
  return all
}

/** Adds a report to those before it, of which each has something of its own: lists go on in place. */
function joined(before: unknown, next: Obj): Obj {
  const all: Obj = isObject(before) ? before : {}
  for (const [name, value] of Object.entries(next)) {
    const list = all[name]
    if (!Array.isArray(value)) all[name] = value
    else if (Array.isArray(list)) for (const one of value) list.push(one)
    else all[name] = [...(value as unknown[])]
  }
  return all
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}
