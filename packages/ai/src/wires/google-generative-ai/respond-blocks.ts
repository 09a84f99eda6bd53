import type { AssistantMessageEvent, TerminalEvent } from "../../model/events.ts"
import type { AssistantMessage, Block, TextBlock } from "../../model/message.ts"
import { aboutOf, besideAll, besideText } from "./respond-about.ts"
import { callPart, Carried, isWhole, signed, wholePart } from "./respond-parts.ts"
import type { Losses } from "../../model/losses.ts"
import type { Candidate, Obj, Part } from "./types.ts"

type BlockEvent = Exclude<AssistantMessageEvent, TerminalEvent | { type: "start" }>

/** A block between its first event and its last part. */
interface Pending {
  contentIndex: number
  /** Deltas that wait. */
  held: string
  /** Its last event has come. */
  ended: boolean
  /** A part of it was written. */
  begun: boolean
}

/** Parts that go out together, and what is told beside them. */
export interface Piece {
  parts: Part[]
  beside?: Candidate
}

/** How blocks become parts. */
export interface PartSettings {
  losses: Losses
  /** Thoughts are shown to the client. */
  showThinking: boolean
  /** An id for a call that has none. */
  callId: () => string
}

/**
 * Writes blocks one after the other, in the order in which they began: parts have no index, so that pieces of two
 * texts could not be told apart. The first block that is not finished has the wire; deltas of those behind it wait.
 * A call is written once it is whole.
 */
export class PartWriter {
  /** Name of a call that came broken, which a client must not run. */
  broken: string | undefined
  /** What the answer rests on, to be told at its end. */
  readonly about: Obj = {}
  readonly #settings: PartSettings
  readonly #carried: Carried
  readonly #queue: Pending[] = []
  readonly #byIndex = new Map<number, Pending>()

  constructor(settings: PartSettings) {
    this.#settings = settings
    this.#carried = new Carried(settings.showThinking)
  }

  push(event: BlockEvent): Piece[] {
    const { contentIndex, partial } = event
    switch (event.type) {
      case "text_start":
      case "thinking_start":
      case "toolcall_start":
        this.#begin(contentIndex)
        return []
      case "toolcall_delta":
        return []
      case "text_delta":
      case "thinking_delta": {
        const pending = this.#byIndex.get(contentIndex)
        if (!pending || pending.ended || event.delta === "") return []
        pending.held += event.delta
        break
      }
      case "block_end":
        this.#begin(contentIndex).ended = true
        break
      default: {
        const pending = this.#byIndex.get(contentIndex)
        if (pending) pending.ended = true
      }
    }
    return this.#advance(partial)
  }

  /** All that is left. */
  finish(message: AssistantMessage): Piece[] {
    for (const pending of this.#queue) pending.ended = true
    return this.#advance(message)
  }

  /** The last part of an answer, which says nothing: it carries what no other part has. */
  lastPart(message: AssistantMessage): Part {
    return signed({ text: "" }, this.#carried.ofText(message))
  }

  /** An answer that is there, in one piece. */
  whole(message: AssistantMessage): Required<Piece> {
    message.content.forEach((block, contentIndex) => {
      const pending = this.#begin(contentIndex)
      if (block.type === "text") pending.held = block.text
      if (block.type === "thinking") pending.held = block.thinking
    })
    const pieces = this.finish(message)
    const last = this.lastPart(message)
    const parts = pieces.flatMap((piece) => piece.parts)
    if (last.thoughtSignature !== undefined || parts.length === 0) parts.push(last)
    return { parts, beside: besideAll(pieces.map(({ beside }) => beside)) }
  }

  #begin(contentIndex: number): Pending {
    const pending: Pending = { contentIndex, held: "", ended: false, begun: false }
    this.#queue.push(pending)
    this.#byIndex.set(contentIndex, pending)
    return pending
  }

  #advance(message: AssistantMessage): Piece[] {
    const pieces: Piece[] = []
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      const block = message.content[first.contentIndex]
      if (block) pieces.push(...this.#write(block, first, message))
      if (!first.ended) break
      this.#queue.shift()
    }
    return pieces
  }

  /** What there is of a block. */
  #write(block: Block, pending: Pending, message: AssistantMessage): Piece[] {
    const { losses, showThinking, callId } = this.#settings
    const path = `content[${pending.contentIndex}]`
    switch (block.type) {
      case "text":
        return this.#text(block, pending, message, path)
      case "thinking": {
        const { held } = pending
        pending.held = ""
        const signature = pending.ended ? this.#carried.add(block, message) : undefined
        if (!showThinking || (held === "" && signature === undefined)) return []
        return [{ parts: [signed({ text: held, thought: true }, signature)] }]
      }
      case "redactedThinking":
        this.#carried.add(block, message)
        return []
      case "toolCall":
        if (!pending.ended) return []
        if (isWhole(block)) {
          const part = callPart(block, block.id || callId(), path, losses)
          return [{ parts: [signed(part, this.#carried.ofCall(block, message))] }]
        }
        this.broken ??= block.name
        losses.dropped(path, "A call that was cut off, or whose arguments are no JSON object, must not be run.")
        return []
      default: {
        const about = aboutOf(block)
        if (about) Object.assign(this.about, about)
        const part = about ? undefined : wholePart(block, path, losses)
        if (!part) return []
        const mine =
          block.type === "image" || block.type === "audio" ? this.#carried.ofBlock(block, message) : undefined
        return [{ parts: [signed(part, mine)] }]
      }
    }
  }

  #text(block: TextBlock, pending: Pending, message: AssistantMessage, path: string): Piece[] {
    const { held } = pending
    const pieces: Piece[] = []
    pending.held = ""
    if (held !== "") {
      pieces.push({ parts: [signed({ text: held }, pending.begun ? undefined : this.#carried.ofText(message))] })
      pending.begun = true
    }
    if (!pending.ended) return pieces
    const signature = this.#carried.ofBlock(block, message)
    const beside = besideText(block, path, this.#settings.losses)
    if (signature === undefined && !beside) return pieces
    return [...pieces, { parts: [signed({ text: "" }, signature)], ...(beside ? { beside } : {}) }]
  }
}
