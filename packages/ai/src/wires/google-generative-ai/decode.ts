import type { Usage } from "@sluice/catalog/core"
import { frameObject } from "../../assemble/frame-json.ts"
import type { MessageSink } from "../../contract/builder.ts"
import type { Effect, Frame } from "../../contract/frame.ts"
import type { Decoder, Mint } from "../../contract/wire-client.ts"
import { parseObject } from "../json.ts"
import { errorFacts } from "./errors.ts"
import { parsePath } from "./json-path.ts"
import { mediaBlock } from "./media-out.ts"
import { reportBlocked, reportStop } from "./stop.ts"
import { API, isItem, type Item } from "./types.ts"
import { readUsage } from "./usage.ts"

/** What the host says of an answer beside its parts. */
const ABOUT = ["groundingMetadata", "urlContextMetadata"] as const

const FINISHED: readonly Effect[] = [{ do: "finish", withinMs: 0 }]

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
  signature?: string
}

/**
 * Reads the answer of `generateContent`, whole or in pieces. The parts of the first candidate become blocks: texts of
 * one kind that follow each other are one block, each call is one, and what is neither text, call nor media stays as it
 * is.
 *
 * A reason to stop is the end where the counts of tokens stand beside it. Without these it is none: older models give
 * one with every piece. Where the host runs tools of its own, it says in between that it stops, and the answer is over
 * when the stream is.
 */
export class GenerateDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #mint: Mint
  #hostTools: boolean
  readonly #ids = new Set<string>()
  readonly #about: Item = {}
  #count = 0
  /** The answer's id is known; what comes later with another one belongs to it all the same. */
  #named = false
  #run: Run | undefined
  #call: OpenCall | undefined
  #usage: Partial<Usage> = {}
  #stopped = false
  /** Nothing but further counts can follow. */
  #complete = false
  #over = false

  constructor(out: MessageSink, mint: Mint, options: DecoderOptions = {}) {
    this.#out = out
    this.#mint = mint
    this.#hostTools = options.hostTools === true
  }

  push(frame: Frame): readonly Effect[] | void {
    if (this.#complete) this.#late(frame)
    else {
      const chunk = frameObject(frame, this.#out)
      if (chunk) this.#read(chunk)
    }
    return this.#complete ? FINISHED : undefined
  }

  whole(body: unknown): void {
    for (const chunk of Array.isArray(body) ? body : [body]) if (isItem(chunk)) this.#read(chunk)
    this.end()
  }

  end(): void {
    if (!this.#stopped || this.#over) return
    this.#endCall()
    this.#tellAbout()
    this.#endRun()
    this.#over = true
  }

  /**
   * What comes behind the end is usage or nothing, unless the host answers a call of the answer itself: then it has tools
   * of its own that the request did not tell of, and goes on.
   */
  #late(frame: Frame): void {
    const chunk = frame.json ?? (typeof frame.data === "string" ? parseObject(frame.data) : undefined)
    if (!isItem(chunk)) return
    const { usageMetadata, candidates } = unwrapped(chunk)
    if (partsOf(candidates).some((part) => isItem(part["functionResponse"]))) {
      this.#hostTools = true
      this.#complete = false
      this.#read(chunk)
    } else if (isItem(usageMetadata)) this.#readUsage(usageMetadata)
  }

  #read(outer: Item): void {
    const chunk = unwrapped(outer)
    if (chunk["error"] !== undefined) {
      this.#out.fail(errorFacts(chunk))
      return
    }
    const { responseId, modelVersion, usageMetadata, promptFeedback } = chunk
    this.#out.meta({
      ...(typeof responseId === "string" && !this.#named ? { responseId } : {}),
      ...(typeof modelVersion === "string" ? { model: modelVersion } : {}),
    })
    this.#named ||= typeof responseId === "string" && responseId !== ""
    const counted = isItem(usageMetadata) && this.#readUsage(usageMetadata)
    const candidates = Array.isArray(chunk["candidates"]) ? chunk["candidates"].filter(isItem) : []
    const blocked = isItem(promptFeedback) ? text(promptFeedback["blockReason"]) : undefined
    if (blocked !== undefined && candidates.every(({ content, finishReason }) => !content && !finishReason)) {
      reportBlocked(blocked, text((promptFeedback as Item)["blockReasonMessage"]), this.#out)
      return
    }
    const first = candidates.find((candidate) => (candidate["index"] ?? 0) === 0)
    if (first) this.#candidate(first)
    const stops = !first || first["finishReason"] !== undefined
    this.#complete = this.#stopped && stops && counted && !this.#hostTools
  }

  /** Gives whether there were counts. */
  #readUsage(value: Item): boolean {
    const usage = readUsage(value, this.#usage)
    if (!usage) return false
    Object.assign(this.#usage, usage)
    this.#out.usage(usage)
    return true
  }

  #candidate(candidate: Item): void {
    const { content, citationMetadata, logprobsResult, finishReason, finishMessage } = candidate
    const parts = isItem(content) && Array.isArray(content["parts"]) ? content["parts"] : []
    for (const part of parts) if (isItem(part)) this.#part(part)
    for (const name of ABOUT) {
      const value = candidate[name]
      if (isItem(value)) this.#about[name] = merged(this.#about[name], value)
    }
    if (isItem(citationMetadata)) this.#cite(citationMetadata["citationSources"] ?? citationMetadata["citations"])
    if (isItem(logprobsResult) && this.#run) this.#out.attach(this.#run.key, { logprobs: [logprobsResult] })
    if (typeof finishReason !== "string" || finishReason === "") return
    this.#stopped = true
    reportStop(finishReason, text(finishMessage), this.#out)
  }

  #part(part: Item): void {
    const signature = text(part["thoughtSignature"])
    const { functionCall, text: words, thought } = part
    if (isItem(functionCall)) this.#functionCall(functionCall, signature)
    else if (typeof words === "string") this.#words(words, thought === true ? "thinking" : "text", signature)
    else {
      const { thoughtSignature: _signature, thought: _thought, ...rest } = part
      if (Object.keys(rest).length > 0) this.#whole(part)
      else if (signature !== undefined) this.#loneSignature(signature)
    }
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
    if (signature !== undefined) run.signature = signature
    if (kind === "text") this.#out.text(run.key, words)
    else this.#out.thinking(run.key, words)
  }

  /** A signature without words is the one of what stands open. Behind a block that is over it stays a part. */
  #loneSignature(signature: string): void {
    if (this.#run) this.#run.signature = signature
    else if (this.#call) this.#call.signature = signature
    else if (this.#count > 0) this.#native({ text: "", thoughtSignature: signature })
  }

  #functionCall(call: Item, signature: string | undefined): void {
    const name = text(call["name"])
    const goesOn = call["willContinue"] === true
    if (name !== undefined) {
      this.#endRun()
      this.#endCall()
      const key = this.#key()
      this.#call = { key }
      this.#out.toolCall(key, { id: this.#callId(call["id"]), name })
    }
    const open = this.#call
    if (!open) return
    if (signature !== undefined) open.signature = signature
    const { args, partialArgs } = call
    const pieces = Array.isArray(partialArgs) ? partialArgs.filter(isItem) : []
    if (isItem(args)) {
      const isAll = !goesOn && pieces.length === 0 && name !== undefined
      this.#out.args(open.key, isAll ? JSON.stringify(args) : { path: [], value: args })
    }
    for (const piece of pieces) this.#piece(open.key, piece)
    // Behind streamed arguments the call ends with a part of its own, or with the next thing that is something else.
    if (!goesOn && pieces.length === 0) this.#endCall()
  }

  #piece(key: string, piece: Item): void {
    const path = parsePath(text(piece["jsonPath"]) ?? "")
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

  #whole(part: Item): void {
    const media = mediaBlock(part)
    if (!media) {
      this.#native(part)
      return
    }
    this.#endRun()
    this.#endCall()
    this.#out.block(this.#key(), media)
  }

  #native(item: Item): void {
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
    if (isItem(groundingMetadata)) this.#cite(groundingMetadata["groundingSupports"])
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
    if (call.signature !== undefined) this.#out.attach(call.key, { signature: call.signature })
    this.#out.close(call.key)
  }

  #key(): string {
    return String(this.#count++)
  }
}

/** Some hosts put each piece into an object of their own. */
function unwrapped(outer: Item): Item {
  return isItem(outer["response"]) && outer["candidates"] === undefined ? outer["response"] : outer
}

function partsOf(candidates: unknown): Item[] {
  const [first] = Array.isArray(candidates) ? candidates.filter(isItem) : []
  const content = first?.["content"]
  return isItem(content) && Array.isArray(content["parts"]) ? content["parts"].filter(isItem) : []
}

/** A later report of the same thing over an earlier one; a field that it leaves empty stays. */
function merged(before: unknown, next: Item): Item {
  const all: Item = { ...(isItem(before) ? before : {}) }
  for (const [name, value] of Object.entries(next)) {
    if (Array.isArray(value) && value.length === 0 && all[name] !== undefined) continue
    all[name] = value
  }
  return all
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}
