import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { AssistantMessageEvent, TerminalEvent } from "../../model/events.ts"
import type { AssistantMessage, Block, ToolCallBlock } from "../../model/message.ts"
import { callLosses, callSignature, ownCitations, signatureOf, textLosses, writeBlock } from "./respond-block-fields.ts"
import type { Losses } from "../../model/losses.ts"
import { isObject, type Obj } from "./types.ts"

type BlockEvent = Exclude<AssistantMessageEvent, TerminalEvent | { type: "start" }>

/** A block between its first event and its last frame. */
interface Pending {
  contentIndex: number
  kind: "text" | "thinking" | "toolCall" | "whole"
  /** Index on the wire, once its start was written. */
  index: number | undefined
  /** Deltas that wait. */
  held: string
  /** Its last event has come. */
  ended: boolean
  /** Its signature, if it has one, is written. */
  signed: boolean
  /** Arguments of a grammar tool: plain text that is written as the string of one field. */
  custom: boolean
}

/**
 * Writes blocks one after the other, in the order in which they began, with indexes that count up.
 *
 * The first block that is not finished has the wire; deltas of those behind it wait. A call has the wire only once
 * its id and name are known.
 */
export class BlockWriter {
  /** A tool call was written. */
  hasCalls = false
  readonly #losses: Losses
  readonly #mint: Mint
  readonly #queue: Pending[] = []
  readonly #byIndex = new Map<number, Pending>()
  #next = 0

  constructor(losses: Losses, mint: Mint) {
    this.#losses = losses
    this.#mint = mint
  }

  push(event: BlockEvent, frames: Frame[]): void {
    const { contentIndex, partial } = event
    switch (event.type) {
      case "text_start":
        this.#begin(contentIndex, "text")
        return
      case "thinking_start":
        this.#begin(contentIndex, "thinking")
        return
      case "toolcall_start":
        this.#begin(contentIndex, "toolCall")
        break
      case "text_delta":
      case "thinking_delta":
      case "toolcall_delta":
        this.#delta(contentIndex, event.delta, partial, frames)
        return
      case "block_end":
        this.#begin(contentIndex, "whole").ended = true
        break
      case "toolcall_end":
        // A call that was cut off stays open, so that no client takes it for one to run; an error follows.
        if (event.toolCall.incomplete) return
        this.#ended(contentIndex)
        break
      default:
        this.#ended(contentIndex)
    }
    this.#advance(partial, frames)
  }

  #ended(contentIndex: number): void {
    const pending = this.#byIndex.get(contentIndex)
    if (pending) pending.ended = true
  }

  /** Writes all that is left. */
  finish(message: AssistantMessage, frames: Frame[]): void {
    for (const pending of this.#queue) pending.ended = true
    this.#advance(message, frames)
  }

  #begin(contentIndex: number, kind: Pending["kind"]): Pending {
    const pending: Pending = {
      contentIndex,
      kind,
      index: undefined,
      held: "",
      ended: false,
      signed: false,
      custom: false,
    }
    this.#queue.push(pending)
    this.#byIndex.set(contentIndex, pending)
    return pending
  }

  #delta(contentIndex: number, delta: string, partial: AssistantMessage, frames: Frame[]): void {
    const pending = this.#byIndex.get(contentIndex)
    if (!pending || pending.ended || delta === "") return
    if (pending.index !== undefined && pending === this.#queue[0]) {
      frames.push(deltaFrame(pending.index, pending, delta))
      return
    }
    pending.held += delta
    this.#advance(partial, frames)
  }

  #advance(message: AssistantMessage, frames: Frame[]): void {
    for (;;) {
      const pending = this.#queue[0]
      if (!pending) return
      const block = message.content[pending.contentIndex]
      if (block && pending.kind === "whole") this.#writeWhole(block, pending, message, frames)
      else if (block && !this.#write(block, pending, message, frames)) return
      this.#queue.shift()
    }
  }

  /** Writes what there is of a block. Whether it is finished. */
  #write(block: Block, pending: Pending, message: AssistantMessage, frames: Frame[]): boolean {
    if (pending.index === undefined) {
      const start = this.#startOf(block, pending)
      if (!start) return pending.ended
      if (block.type === "toolCall") this.#sign(block, String(start["id"]), pending, message, frames)
      pending.index = this.#next++
      frames.push(startFrame(pending.index, start))
      if (pending.custom) frames.push(jsonFrame(pending.index, '{"input":"'))
    }
    if (pending.held !== "") {
      frames.push(deltaFrame(pending.index, pending, pending.held))
      pending.held = ""
    }
    if (!pending.ended) return false
    this.#close(block, pending.index, pending, message, frames)
    return true
  }

  /** Writes the signature of a call ahead of it, where that has come. */
  #sign(call: ToolCallBlock, id: string, pending: Pending, message: AssistantMessage, frames: Frame[]): void {
    const signature = callSignature(call.signature, id, message)
    if (!signature) return
    pending.signed = true
    const index = this.#next++
    frames.push(startFrame(index, signature), stopFrame(index))
  }

  /** What the start of a block holds; `undefined` while it has nothing to say or its name is not known. */
  #startOf(block: Block, pending: Pending): Obj | undefined {
    switch (block.type) {
      case "text":
        if (pending.held === "" && !(pending.ended && block.citations?.length)) return undefined
        return { type: "text", text: "" }
      case "thinking":
        if (pending.held === "" && !(pending.ended && block.signature?.value)) return undefined
        return { type: "thinking", thinking: "", signature: "" }
      case "toolCall":
        if (!pending.ended && (block.id === "" || block.name === "")) return undefined
        this.hasCalls = true
        pending.custom = block.custom === true
        return { type: "tool_use", id: block.id || this.#mint.id("toolu_"), name: block.name, input: {} }
      default:
        return undefined
    }
  }

  #close(block: Block, index: number, pending: Pending, message: AssistantMessage, frames: Frame[]): void {
    const path = `content[${pending.contentIndex}]`
    if (block.type === "text") {
      textLosses(block, path, this.#losses)
      for (const citation of ownCitations(block.citations, path, this.#losses)) {
        frames.push(blockDelta(index, { type: "citations_delta", citation }))
      }
    } else if (block.type === "thinking") {
      const signature = signatureOf(block.signature, message)
      frames.push(blockDelta(index, { type: "signature_delta", signature }))
    } else if (block.type === "toolCall") {
      callLosses(block, path, this.#losses)
      if (block.signature && !pending.signed) {
        this.#losses.dropped(`${path}.signature`, "It came behind the call, where clients have no place for it.")
      }
      if (pending.custom) frames.push(jsonFrame(index, '"}'))
    }
    frames.push(stopFrame(index))
  }

  #writeWhole(block: Block, pending: Pending, message: AssistantMessage, frames: Frame[]): void {
    const item = writeBlock(block, `content[${pending.contentIndex}]`, message, this.#losses)
    if (!item) return
    const index = this.#next++
    const { type, input, content } = item
    if (isObject(input)) {
      frames.push(startFrame(index, { ...item, input: {} }), jsonFrame(index, JSON.stringify(input)))
    } else if (type === "compaction" && typeof content === "string") {
      frames.push(
        startFrame(index, { ...item, content: null }),
        blockDelta(index, { type: "compaction_delta", content }),
      )
    } else frames.push(startFrame(index, item))
    frames.push(stopFrame(index))
  }
}

/** Part of an event's text, up to the delta: the way most frames go is kept short. */
const DELTA_HEAD = '{"type":"content_block_delta","index":'

function deltaFrame(index: number, { kind, custom }: Pending, delta: string): Frame {
  const text = JSON.stringify(delta)
  if (kind === "text") return raw(index, `{"type":"text_delta","text":${text}}`)
  if (kind === "thinking") return raw(index, `{"type":"thinking_delta","thinking":${text}}`)
  return jsonFrame(index, custom ? text.slice(1, -1) : delta)
}

function jsonFrame(index: number, json: string): Frame {
  return raw(index, `{"type":"input_json_delta","partial_json":${JSON.stringify(json)}}`)
}

function raw(index: number, delta: string): Frame {
  return { event: "content_block_delta", data: `${DELTA_HEAD}${index},"delta":${delta}}` }
}

function blockDelta(index: number, delta: Obj): Frame {
  return raw(index, JSON.stringify(delta))
}

function startFrame(index: number, block: Obj): Frame {
  return {
    event: "content_block_start",
    data: JSON.stringify({ type: "content_block_start", index, content_block: block }),
  }
}

function stopFrame(index: number): Frame {
  return { event: "content_block_stop", data: `{"type":"content_block_stop","index":${index}}` }
}
