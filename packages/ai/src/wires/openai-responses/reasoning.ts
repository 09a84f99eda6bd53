import type { MessageSink } from "../../contract/builder.ts"
import type { Item } from "./items.ts"
import { isObject, text, type Obj } from "./types.ts"

const BLANK_LINE = "\n\n"

/** Which field of a reasoning item a text belongs to. */
export type ReasoningField = "summary" | "text"

/**
 * Reads reasoning items: one block each, of the parts of the summary, or of the thinking itself where a host shows
 * that. The item as a whole is the block's signature, if it can be given back.
 */
export class ReasoningReader {
  /** The host keeps the answer, so that an item can be named by its id alone. */
  stored = false
  readonly #out: MessageSink

  constructor(out: MessageSink) {
    this.#out = out
  }

  delta(item: Item, event: Obj, field: ReasoningField): void {
    const delta = text(event["delta"])
    if (delta === "" || (item.shown !== undefined && item.shown !== field)) return
    item.shown = field
    const place = placeOf(event, field)
    if (item.said && item.place !== place) this.#out.thinking(item.key, BLANK_LINE)
    item.place = place
    item.said = true
    this.#out.thinking(item.key, delta)
  }

  /** A part is given whole: it counts where none of it was streamed. */
  textDone(item: Item, event: Obj, field: ReasoningField): void {
    if (item.shown === field && item.place === placeOf(event, field)) return
    this.delta(item, { ...event, delta: event["text"] }, field)
  }

  finish(item: Item, whole: Obj): void {
    const shown = partsOf(whole["summary"]) || partsOf(whole["content"])
    const signature = this.#signature(whole)
    if (!item.said && shown === "" && signature === undefined) return
    this.#out.thinking(item.key, "")
    this.#out.attach(item.key, {
      ...(item.id === "" ? {} : { itemId: item.id }),
      ...(signature === undefined ? {} : { signature }),
    })
    this.#out.close(item.key, shown === "" ? undefined : { text: shown })
  }

  #signature({ id, summary, content, encrypted_content: encrypted }: Obj): string | undefined {
    const sealed = text(encrypted) !== ""
    if (!sealed && !(this.stored && text(id) !== "")) return undefined
    return JSON.stringify({
      type: "reasoning",
      ...(text(id) === "" ? {} : { id }),
      summary: Array.isArray(summary) ? summary : [],
      ...(Array.isArray(content) && content.length > 0 ? { content } : {}),
      ...(sealed ? { encrypted_content: encrypted } : {}),
    })
  }
}

/** The texts of the parts of a summary, or of the thinking itself, as one. */
export function partsOf(parts: unknown): string {
  if (!Array.isArray(parts)) return ""
  return parts
    .map((part) => (isObject(part) ? text(part["text"]) : ""))
    .filter(Boolean)
    .join(BLANK_LINE)
}

function placeOf(event: Obj, field: ReasoningField): number {
  const place = event[field === "summary" ? "summary_index" : "content_index"]
  return typeof place === "number" ? place : 0
}
