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
  /** Parts of summaries that were shown, where items repeat those of the items before. */
  readonly #past: Set<string> | undefined
  /** What of a part is held back, as long as it may be one of those. `undefined`: it is none. */
  readonly #held = new Map<string, string | undefined>()

  constructor(out: MessageSink, cumulative: boolean) {
    this.#out = out
    this.#past = cumulative ? new Set() : undefined
  }

  delta(item: Item, event: Obj, field: ReasoningField): void {
    const given = text(event["delta"])
    const delta = field === "summary" ? this.#fresh(`${item.key}:${placeOf(event, field)}`, given) : given
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
    const part = `${item.key}:${placeOf(event, field)}`
    if (field === "summary" && this.#held.get(part) !== undefined) {
      if (this.#past?.has(text(event["text"]))) return
      this.#held.set(part, undefined)
    }
    this.delta(item, { ...event, delta: event["text"] }, field)
  }

  /** What of a part has not been shown before. */
  #fresh(part: string, delta: string): string {
    if (!this.#past || delta === "") return delta
    if (this.#held.has(part) && this.#held.get(part) === undefined) return delta
    const held = (this.#held.get(part) ?? "") + delta
    const repeats = [...this.#past].some((shown) => shown.startsWith(held))
    this.#held.set(part, repeats ? held : undefined)
    return repeats ? "" : held
  }

  /** The text of an item's summary, without what items before it have shown. */
  #summary(parts: unknown): string {
    const past = this.#past
    if (!past || !Array.isArray(parts)) return partsOf(parts)
    const fresh = parts.filter((part) => !isObject(part) || !past.has(text(part["text"])))
    for (const part of parts) if (isObject(part) && text(part["text"]) !== "") past.add(text(part["text"]))
    return partsOf(fresh)
  }

  finish(item: Item, whole: Obj): void {
    const shown = this.#summary(whole["summary"]) || partsOf(whole["content"])
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
