import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall, Responder } from "../../contract/wire-server.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import type { AssistantMessage, Block, Loss, ToolCallBlock } from "../../model/message.ts"
import { Losses } from "../../model/losses.ts"
import { errorBody, failureOf } from "./respond-failure.ts"
import { callOf, endOf, imageOf, noteBlock, refusalText } from "./respond-parts.ts"
import { Runs } from "./respond-runs.ts"
import { API, GENERATE_PATH, isObject, type Obj } from "./types.ts"

const NOTHING: Frame[] = []

/**
 * Writes one answer as lines of JSON, for a conversation or for a single prompt. A tool call is written when it is
 * complete; a single prompt has none.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export class OllamaResponder implements Responder {
  readonly #losses = new Losses()
  readonly #call: InboundCall
  readonly #now: () => number
  readonly #single: boolean
  readonly #texts = new Runs()
  readonly #thoughts = new Runs()
  /** Calls that have begun and are not written yet, in their order; the block of one that is complete. */
  readonly #calls = new Map<number, ToolCallBlock | undefined>()
  #written = 0
  #ended = false

  constructor(call: InboundCall, mint: Mint) {
    this.#call = call
    this.#now = () => mint.now()
    this.#single = call.route === GENERATE_PATH
  }

  get losses(): readonly Loss[] {
    return this.#losses.list
  }

  push(event: AssistantMessageEvent): Frame[] {
    if (this.#ended) return NOTHING
    switch (event.type) {
      case "text_start":
        this.#texts.begin(event.contentIndex)
        return NOTHING
      case "thinking_start":
        this.#thoughts.begin(event.contentIndex)
        return NOTHING
      case "text_delta":
        return this.#text(this.#texts.delta(event.contentIndex, event.delta))
      case "thinking_delta":
        return this.#thinking(this.#thoughts.delta(event.contentIndex, event.delta))
      case "text_end":
        return this.#textEnd(event.contentIndex, event.partial)
      case "thinking_end":
        this.#note(event.partial.content[event.contentIndex], event.contentIndex)
        return this.#thinking(this.#thoughts.end(event.contentIndex).text)
      case "toolcall_start":
        this.#calls.set(event.contentIndex, undefined)
        return NOTHING
      case "toolcall_end":
        return this.#toolCall(event.toolCall, event.contentIndex)
      case "block_end":
        return this.#block(event.block, event.contentIndex)
      case "done":
        return this.#done(event.message)
      case "error":
        this.#ended = true
        return [{ data: JSON.stringify(errorBody(failureOf(event.error))) }]
      default:
        return NOTHING
    }
  }

  whole(message: AssistantMessage): unknown {
    const text = message.content.map((block) => (block.type === "text" ? block.text : "")).join("")
    const thinking = message.content.map((block) => (block.type === "thinking" ? block.thinking : "")).join("")
    const calls = message.content.filter((block) => block.type === "toolCall")
    const images = message.content.flatMap((block) => (block.type === "image" ? (imageOf(block) ?? []) : []))
    const logprobs = message.content.flatMap((block) => (block.type === "text" ? (block.logprobs ?? []) : []))
    message.content.forEach((block, index) => this.#note(block, index))
    return this.#line(
      {
        content: text + refusalText(message),
        ...(thinking === "" ? {} : { thinking }),
        ...(calls.length > 0 ? { tool_calls: calls.map(callOf) } : {}),
        ...(images.length > 0 ? { images } : {}),
      },
      { ...(logprobs.length > 0 ? { logprobs } : {}), ...this.#end(message) },
    )
  }

  /** A line with nothing in it: clients read every line, so that it must be one of theirs. */
  keepAlive(): Frame {
    return this.#frame({ content: "" })
  }

  #text(text: string): Frame[] {
    return text === "" ? NOTHING : [this.#frame({ content: text })]
  }

  #thinking(thinking: string): Frame[] {
    return thinking === "" ? NOTHING : [this.#frame({ content: "", thinking })]
  }

  #textEnd(contentIndex: number, message: AssistantMessage): Frame[] {
    const { text, through } = this.#texts.end(contentIndex)
    const frames = this.#text(text)
    const logprobs: unknown[] = []
    for (const index of through) {
      const block = message.content[index]
      this.#note(block, index)
      if (block?.type === "text") logprobs.push(...(block.logprobs ?? []))
    }
    return logprobs.length === 0 ? frames : [...frames, this.#frame({ content: "" }, { done: false, logprobs })]
  }

  #toolCall(call: ToolCallBlock, index: number): Frame[] {
    this.#note(call, index)
    this.#calls.set(index, call)
    const frames: Frame[] = []
    for (const [at, ended] of this.#calls) {
      if (!ended) break
      this.#calls.delete(at)
      if (ended.incomplete || this.#single) continue
      frames.push(this.#frame({ content: "", tool_calls: [callOf(ended, this.#written++)] }))
    }
    return frames
  }

  #block(block: Block, index: number): Frame[] {
    this.#note(block, index)
    const image = block.type === "image" && !this.#single ? imageOf(block) : undefined
    return image === undefined ? NOTHING : [this.#frame({ content: "", images: [image] })]
  }

  #done(message: AssistantMessage): Frame[] {
    this.#ended = true
    return [...this.#text(refusalText(message)), this.#frame({ content: "" }, this.#end(message))]
  }

  #end(message: AssistantMessage): Obj {
    const end = endOf(message, this.#losses)
    if (this.#call.op !== "prewarm") return end
    const own = this.#call.options.wire?.[API]
    const unloads = isObject(own) && /^0(?:[a-z]+)?$/.test(String(own["keep_alive"]))
    return { ...end, done_reason: unloads ? "unload" : "load" }
  }

  #note(block: Block | undefined, index: number): void {
    if (!block) return
    noteBlock(block, index, this.#losses)
    if (this.#single && (block.type === "toolCall" || block.type === "image")) {
      this.#losses.dropped(`content[${index}]`, "The answer to a prompt is text alone.")
    }
  }

  #frame(message: Obj, rest: Obj = { done: false }): Frame {
    return { data: JSON.stringify(this.#line(message, rest)) }
  }

  #line(message: Obj, rest: Obj): Obj {
    const head = { model: this.#call.model, created_at: new Date(this.#now()).toISOString() }
    if (!this.#single) return { ...head, message: { role: "assistant", ...message }, ...rest }
    const { content, thinking } = message
    return { ...head, response: content, ...(thinking === undefined ? {} : { thinking }), ...rest }
  }
}
