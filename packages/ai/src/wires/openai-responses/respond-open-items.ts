import type { Frame } from "../../contract/frame.ts"
import type { AssistantMessage, TextBlock, ThinkingBlock, ToolCallBlock } from "../../model/message.ts"
import { annotationsOf, finalArguments, logprobsOf, signatureFields, type Report } from "./respond-item-fields.ts"
import { deltaHead, type EventFrames } from "./respond-frames.ts"
import type { Obj } from "./types.ts"

/** What an item needs of the answer it belongs to. */
export interface ItemContext {
  frames: EventFrames
  report: Report
  /** The next place in the output. */
  place(): number
  /** The item's own id if it has one that is not taken, else a new one. */
  id(own: string | undefined, prefix: string): string
  /** Takes a finished item. */
  done(item: Obj): void
}

/** What all events of an item carry. */
type Place = { item_id: string; output_index: number }

/** A message of the model, with its texts one after the other. */
export class MessageItem {
  readonly #context: ItemContext
  readonly #own: string | undefined
  readonly #phase: string | undefined
  readonly #place: Place
  readonly #content: Obj[] = []
  #text = ""
  #head = ""

  constructor(context: ItemContext, { itemId, phase }: Pick<TextBlock, "itemId" | "phase">, frames: Frame[]) {
    this.#context = context
    this.#own = itemId
    this.#phase = phase
    this.#place = { item_id: context.id(itemId, "msg_"), output_index: context.place() }
    frames.push(added(context, this.#place, this.#item("in_progress", [])))
  }

  /** Whether a text came in the same message of the host. */
  takes(block: TextBlock): boolean {
    return block.itemId !== undefined && block.itemId === this.#own && block.phase === this.#phase
  }

  beginText(frames: Frame[]): void {
    this.#text = ""
    const type = "response.output_text.delta"
    this.#head = deltaHead(type, this.#at())
    const part = { type: "output_text", annotations: [], logprobs: [], text: "" }
    frames.push(this.#context.frames.event("response.content_part.added", { ...this.#at(), part }))
  }

  delta(text: string, frames: Frame[]): void {
    this.#text += text
    frames.push(this.#context.frames.delta("response.output_text.delta", this.#head, text, `,"logprobs":[]`))
  }

  endText(block: TextBlock, path: string, frames: Frame[]): void {
    const { frames: events, report } = this.#context
    const at = this.#at()
    const annotations = annotationsOf(block, path, report)
    const logprobs = logprobsOf(block, path, report)
    annotations.forEach((annotation, annotation_index) => {
      frames.push(events.event("response.output_text.annotation.added", { ...at, annotation_index, annotation }))
    })
    const part = { type: "output_text", annotations, logprobs, text: this.#text }
    frames.push(
      events.event("response.output_text.done", { ...at, text: this.#text, logprobs }),
      events.event("response.content_part.done", { ...at, part }),
    )
    this.#content.push(part)
  }

  refuse(refusal: string, frames: Frame[]): void {
    const { frames: events } = this.#context
    const at = this.#at()
    const part = { type: "refusal", refusal }
    frames.push(
      events.event("response.content_part.added", { ...at, part: { type: "refusal", refusal: "" } }),
      events.event("response.refusal.delta", { ...at, delta: refusal }),
      events.event("response.refusal.done", { ...at, refusal }),
      events.event("response.content_part.done", { ...at, part }),
    )
    this.#content.push(part)
  }

  close(frames: Frame[]): void {
    frames.push(finished(this.#context, this.#place, this.#item("completed", this.#content)))
  }

  #at(): Obj {
    return { ...this.#place, content_index: this.#content.length }
  }

  #item(status: string, content: Obj[]): Obj {
    return {
      id: this.#place.item_id,
      type: "message",
      status,
      role: "assistant",
      ...(this.#phase === undefined ? {} : { phase: this.#phase }),
      content,
    }
  }
}

/** A model's thinking. A delta that is nothing but a blank line ends one part of the summary and begins the next. */
export class ReasoningItem {
  readonly #context: ItemContext
  readonly #place: Place
  readonly #summary: Obj[] = []
  #text = ""
  #head = ""
  #open = false
  #break = false

  constructor(context: ItemContext, { itemId }: ThinkingBlock, frames: Frame[]) {
    this.#context = context
    this.#place = { item_id: context.id(itemId, "rs_"), output_index: context.place() }
    frames.push(added(context, this.#place, { id: this.#place.item_id, type: "reasoning", summary: [] }))
  }

  delta(text: string, frames: Frame[]): void {
    if (text === "\n\n" && this.#open && !this.#break) {
      this.#break = true
      return
    }
    if (this.#break && text !== "\n\n") this.#endPart(frames)
    else if (this.#break) return this.#write(text, frames)
    this.#break = false
    if (!this.#open) this.#beginPart(frames)
    if (text !== "") this.#write(text, frames)
  }

  close(block: ThinkingBlock, message: AssistantMessage, frames: Frame[]): void {
    if (this.#break) this.#write("\n\n", frames)
    if (this.#open) this.#endPart(frames)
    const { thinking, field } = block
    const content = { type: "thinking" as const, thinking, ...(field === undefined ? {} : { field }) }
    const item = {
      id: this.#place.item_id,
      type: "reasoning",
      summary: this.#summary,
      ...signatureFields(block.signature, content, message),
    }
    frames.push(finished(this.#context, this.#place, item))
  }

  #at(): Obj {
    return { ...this.#place, summary_index: this.#summary.length }
  }

  #beginPart(frames: Frame[]): void {
    this.#open = true
    this.#text = ""
    this.#head = deltaHead("response.reasoning_summary_text.delta", this.#at())
    const part = { type: "summary_text", text: "" }
    frames.push(this.#context.frames.event("response.reasoning_summary_part.added", { ...this.#at(), part }))
  }

  #write(text: string, frames: Frame[]): void {
    this.#text += text
    frames.push(this.#context.frames.delta("response.reasoning_summary_text.delta", this.#head, text))
  }

  #endPart(frames: Frame[]): void {
    this.#open = false
    const { frames: events } = this.#context
    const part = { type: "summary_text", text: this.#text }
    frames.push(
      events.event("response.reasoning_summary_text.done", { ...this.#at(), text: this.#text }),
      events.event("response.reasoning_summary_part.done", { ...this.#at(), part }),
    )
    this.#summary.push(part)
  }
}

/** The two kinds of calls: their types, the prefixes of their ids, and the names of what they carry. */
const FUNCTION = { type: "function_call", prefix: "fc_", field: "arguments", event: "response.function_call_arguments" }
const CUSTOM = { type: "custom_tool_call", prefix: "ctc_", field: "input", event: "response.custom_tool_call_input" }

/** A call of a tool. */
export class CallItem {
  readonly #context: ItemContext
  readonly #kind: typeof FUNCTION
  readonly #place: Place
  readonly #callId: string
  readonly #name: string
  readonly #head: string
  #text = ""

  /** @param callId the id by which the client knows the call */
  constructor(context: ItemContext, block: ToolCallBlock, callId: string, frames: Frame[]) {
    this.#context = context
    this.#kind = block.custom ? CUSTOM : FUNCTION
    this.#place = { item_id: context.id(block.itemId, this.#kind.prefix), output_index: context.place() }
    this.#callId = callId
    this.#name = block.name
    this.#head = deltaHead(`${this.#kind.event}.delta`, this.#place)
    frames.push(added(context, this.#place, this.#item("in_progress", "")))
  }

  delta(text: string, frames: Frame[]): void {
    this.#text += text
    frames.push(this.#context.frames.delta(`${this.#kind.event}.delta`, this.#head, text))
  }

  close(block: ToolCallBlock, frames: Frame[]): void {
    const { frames: events } = this.#context
    const text = finalArguments(block, this.#text)
    if (this.#text === "" && text !== "") this.delta(text, frames)
    const whole = !block.incomplete && block.rawArguments === undefined
    frames.push(
      events.event(`${this.#kind.event}.done`, {
        ...this.#place,
        ...(block.custom ? {} : { name: this.#name }),
        [this.#kind.field]: text,
      }),
      finished(this.#context, this.#place, this.#item(whole ? "completed" : "incomplete", text)),
    )
  }

  #item(status: string, text: string): Obj {
    return {
      id: this.#place.item_id,
      type: this.#kind.type,
      status,
      call_id: this.#callId,
      name: this.#name,
      [this.#kind.field]: text,
    }
  }
}

function added({ frames }: ItemContext, { output_index }: Place, item: Obj): Frame {
  return frames.event("response.output_item.added", { output_index, item })
}

function finished({ frames, done }: ItemContext, { output_index }: Place, item: Obj): Frame {
  done(item)
  return frames.event("response.output_item.done", { output_index, item })
}
