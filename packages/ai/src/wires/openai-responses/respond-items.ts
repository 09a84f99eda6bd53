import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { AssistantMessageEvent, TerminalEvent } from "../../model/events.ts"
import type { AssistantMessage, Block, TextBlock, ThinkingBlock, ToolCallBlock } from "../../model/message.ts"
import type { SealedOf } from "../server-seal.ts"
import {
  itemOnItsWay,
  ownReasoning,
  signatureItem,
  summaryParts,
  wholeItem,
  type Report,
} from "./respond-item-fields.ts"
import { CallItem, MessageItem, ReasoningItem, type ItemContext } from "./respond-open-items.ts"
import type { EventFrames } from "./respond-frames.ts"
import type { Obj } from "./types.ts"

type BlockEvent = Exclude<AssistantMessageEvent, TerminalEvent | { type: "start" }>

/** A block between its first event and its last frame. */
interface Pending {
  contentIndex: number
  whole: boolean
  /** Its item, once that has begun. */
  item: MessageItem | ReasoningItem | CallItem | undefined
  /** Deltas that wait. */
  held: string[]
  /** Its signature, if it has one, is written. */
  signed: boolean
  /** Its last event has come. */
  ended: boolean
}

/**
 * Writes the items of an answer one after the other, with indexes that count up.
 *
 * The first block that is not finished has the wire; deltas of those behind it wait, because clients assemble the
 * output by place. Texts that came in one message of the host go out in one.
 */
export class ItemWriter {
  /** The items that are finished. */
  readonly output: Obj[] = []
  readonly #context: ItemContext
  readonly #report: Report
  readonly #queue: Pending[] = []
  readonly #byIndex = new Map<number, Pending>()
  readonly #ids = new Set<string>()
  #next = 0
  /** A message that may get another text. */
  #message: MessageItem | undefined
  /** A text with a signature that is not written: an item that ends an answer is left out by clients. */
  #owed: { block: TextBlock; path: string } | undefined

  constructor(frames: EventFrames, mint: Mint, report: Report) {
    this.#report = report
    this.#context = {
      frames,
      report,
      place: () => this.#next++,
      id: (own, prefix) => this.#id(own, prefix, mint),
      done: (item) => {
        this.output.push(item)
      },
    }
  }

  /** Whether an item has begun that cannot be ended. */
  get open(): boolean {
    return this.#queue[0]?.item !== undefined
  }

  /** Places of the blocks of which nothing has been written. */
  get unwritten(): number[] {
    return this.#queue.filter(({ item }) => item === undefined).map(({ contentIndex }) => contentIndex)
  }

  push(event: BlockEvent, frames: Frame[]): void {
    const { contentIndex, partial } = event
    switch (event.type) {
      case "text_start":
      case "thinking_start":
        this.#begin(contentIndex, false)
        return
      case "toolcall_start":
        this.#begin(contentIndex, false)
        break
      case "text_delta":
      case "thinking_delta":
      case "toolcall_delta":
        this.#delta(contentIndex, event.delta, partial, frames)
        return
      case "block_end":
        this.#begin(contentIndex, true).ended = true
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

  /** Writes a whole message. */
  whole(message: AssistantMessage): void {
    message.content.forEach((block, contentIndex) => {
      const pending = this.#begin(contentIndex, !isStreamed(block))
      pending.held = piecesOf(block)
    })
    this.finish(message, [])
  }

  /** Writes all that is left. */
  finish(message: AssistantMessage, frames: Frame[]): void {
    for (const pending of this.#queue) pending.ended = true
    this.#advance(message, frames)
    this.closeMessage(frames)
    this.#reportOwed()
  }

  #reportOwed(): void {
    const owed = this.#owed
    this.#owed = undefined
    if (owed) this.#report(`${owed.path}.signature`, "It is of what ends the answer: nothing can follow that.")
  }

  /** Says that the model declined, as a message of its own. */
  refuse(text: string, frames: Frame[]): void {
    this.#reportOwed()
    this.closeMessage(frames)
    const item = new MessageItem(this.#context, {}, frames)
    item.refuse(text, frames)
    item.close(frames)
  }

  /** Ends the message that waited for another text, if there is one. */
  closeMessage(frames: Frame[]): void {
    this.#message?.close(frames)
    this.#message = undefined
  }

  #id(own: string | undefined, prefix: string, mint: Mint): string {
    const id = own && !this.#ids.has(own) ? own : mint.id(prefix)
    this.#ids.add(id)
    return id
  }

  #ended(contentIndex: number): void {
    const pending = this.#byIndex.get(contentIndex)
    if (pending) pending.ended = true
  }

  #begin(contentIndex: number, whole: boolean): Pending {
    const pending: Pending = { contentIndex, whole, item: undefined, held: [], signed: false, ended: false }
    this.#queue.push(pending)
    this.#byIndex.set(contentIndex, pending)
    return pending
  }

  #delta(contentIndex: number, delta: string, partial: AssistantMessage, frames: Frame[]): void {
    const pending = this.#byIndex.get(contentIndex)
    if (!pending || pending.ended || delta === "") return
    if (pending.item && pending === this.#queue[0]) {
      pending.item.delta(delta, frames)
      return
    }
    pending.held.push(delta)
    this.#advance(partial, frames)
  }

  #advance(message: AssistantMessage, frames: Frame[]): void {
    for (;;) {
      const pending = this.#queue[0]
      if (!pending) return
      const block = message.content[pending.contentIndex]
      if (block && pending.whole) this.#writeWhole(block, pending, message, frames)
      else if (block && !this.#write(block, pending, message, frames)) return
      this.#queue.shift()
    }
  }

  /** Writes what there is of a block. Whether it is finished. */
  #write(block: Block, pending: Pending, message: AssistantMessage, frames: Frame[]): boolean {
    pending.item ??= this.#itemOf(block, pending, message, frames)
    const { item } = pending
    if (!item) return pending.ended
    for (const delta of pending.held) item.delta(delta, frames)
    pending.held = []
    if (!pending.ended) return false
    const path = `content[${pending.contentIndex}]`
    if (item instanceof MessageItem) {
      item.endText(block as TextBlock, path, frames)
      // Only a text with its host's id can have a second one beside it.
      if (!(block as TextBlock).itemId) this.closeMessage(frames)
      if ((block as TextBlock).signature) this.#owed = { block: block as TextBlock, path }
    } else if (item instanceof ReasoningItem) item.close(block as ThinkingBlock, message, frames)
    else {
      item.close(block as ToolCallBlock, frames)
      if ((block as ToolCallBlock).signature && !pending.signed) {
        this.#report(`${path}.signature`, "It came behind the call, where clients leave out an item for it.")
      }
    }
    return true
  }

  /** Writes the signature of a block, where it has one, as an item that clients keep as long as something follows. */
  #sign(block: Block, of: SealedOf, message: AssistantMessage, frames: Frame[]): boolean {
    if (!("signature" in block) || !block.signature?.value) return false
    this.closeMessage(frames)
    this.#writeItem(signatureItem(block.signature, of, message, this.#context.id(undefined, "rs_")), frames)
    return true
  }

  /** Something follows on a text: what it was signed with can go out. */
  #follow(message: AssistantMessage, frames: Frame[]): void {
    const owed = this.#owed
    this.#owed = undefined
    if (owed) this.#sign(owed.block, { type: "text" }, message, frames)
  }

  /** The item of a block; `undefined` while it has nothing to say, or its name is not known. */
  #itemOf(block: Block, pending: Pending, message: AssistantMessage, frames: Frame[]): Pending["item"] {
    switch (block.type) {
      case "text":
        if (pending.held.length === 0) return undefined
        this.#follow(message, frames)
        return this.#messageOf(block, frames)
      case "thinking":
        if (pending.held.length === 0 && !(pending.ended && block.signature?.value)) return undefined
        this.closeMessage(frames)
        this.#follow(message, frames)
        return new ReasoningItem(this.#context, block, frames)
      case "toolCall":
        if (!pending.ended && (block.id === "" || block.name === "")) return undefined
        this.closeMessage(frames)
        this.#follow(message, frames)
        return this.#callOf(block, pending, message, frames)
      default:
        return undefined
    }
  }

  /** A call, behind its signature where that has come. */
  #callOf(block: ToolCallBlock, pending: Pending, message: AssistantMessage, frames: Frame[]): CallItem {
    const callId = block.id || this.#context.id(undefined, "call_")
    pending.signed = this.#sign(block, { type: "toolCall", id: callId }, message, frames)
    return new CallItem(this.#context, block, callId, frames)
  }

  #messageOf(block: TextBlock, frames: Frame[]): MessageItem {
    if (!this.#message?.takes(block)) {
      this.closeMessage(frames)
      this.#message = new MessageItem(this.#context, block, frames)
    }
    this.#message.beginText(frames)
    return this.#message
  }

  #writeWhole(block: Block, pending: Pending, message: AssistantMessage, frames: Frame[]): void {
    const path = `content[${pending.contentIndex}]`
    const mint = (prefix: string): string => this.#context.id(undefined, prefix)
    const item = wholeItem(block, path, message, mint, this.#report)
    if (!item) return
    this.closeMessage(frames)
    this.#follow(message, frames)
    if (block.type === "image" && "data" in block.source) {
      this.#sign(block, { type: "image", mimeType: block.source.mimeType }, message, frames)
    }
    this.#writeItem(item, frames)
  }

  #writeItem(item: Obj, frames: Frame[]): void {
    const place = { output_index: this.#next++ }
    frames.push(
      this.#context.frames.event("response.output_item.added", { ...place, item: itemOnItsWay(item) }),
      this.#context.frames.event("response.output_item.done", { ...place, item }),
    )
    this.output.push(item)
  }
}

function isStreamed(block: Block): boolean {
  return block.type === "text" || block.type === "thinking" || block.type === "toolCall"
}

/** The text of a block in the pieces in which it would have been streamed. */
function piecesOf(block: Block): string[] {
  if (block.type === "text") return block.text === "" ? [] : [block.text]
  if (block.type !== "thinking" || block.thinking === "") return []
  return summaryParts(block.thinking, ownReasoning(block.signature)).flatMap((part, i) =>
    i === 0 ? [part] : ["\n\n", part],
  )
}
