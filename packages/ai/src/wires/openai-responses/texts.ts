import type { MessageSink } from "../../contract/builder.ts"
import type { Item, Part } from "./items.ts"
import { isObject, text, type Obj } from "./types.ts"

/**
 * Reads the texts of message items: one block for each part. A refusal is a text like any other, and is kept to
 * explain the end.
 */
export class TextReader {
  /** What the model said to decline. */
  refusal = ""
  readonly #out: MessageSink

  constructor(out: MessageSink) {
    this.#out = out
  }

  delta(item: Item, event: Obj, refusal: boolean): void {
    const part = this.#part(item, place(event), refusal)
    const delta = text(event["delta"])
    if (delta === "") return
    this.#open(item, part)
    if (part.refusal !== undefined) part.refusal += delta
    this.#out.text(part.key, delta)
    this.#logprobs(part, event["logprobs"])
  }

  /** The text of a part is given whole. It is the text, unless the item's own end says otherwise. */
  done(item: Item, event: Obj, refusal: boolean): void {
    const part = this.#part(item, place(event), refusal)
    const final = text(event[refusal ? "refusal" : "text"])
    if (final === "") return
    part.final = final
    if (!part.streamed) {
      this.#open(item, part)
      this.#out.text(part.key, final)
    }
    if (!part.logprobs) this.#logprobs(part, event["logprobs"])
  }

  annotation(item: Item, event: Obj): void {
    if (isObject(event["annotation"])) this.#part(item, place(event), false).annotations.push(event["annotation"])
  }

  /** Ends a message's blocks. An end without content leaves what was streamed. */
  finish(item: Item, whole: Obj): void {
    const content = Array.isArray(whole["content"]) ? whole["content"].filter(isObject) : []
    // Some hosts number the parts of all items in one row: then only their order tells which is which.
    const places = content.length === item.parts.size ? [...item.parts.keys()].sort((a, b) => a - b) : undefined
    content.forEach((given, i) => this.#given(item, places?.[i] ?? i, given))
    for (const part of item.parts.values()) this.#close(item, part)
  }

  #given(item: Item, index: number, given: Obj): void {
    const refusal = given["type"] === "refusal"
    const part = this.#part(item, index, refusal)
    const final = text(given[refusal ? "refusal" : "text"])
    if (final !== "") part.final = final
    if (Array.isArray(given["annotations"]) && given["annotations"].length > 0) part.annotations = given["annotations"]
    if (part.final === undefined && !part.streamed) return
    this.#open(item, part)
    if (!part.logprobs) this.#logprobs(part, given["logprobs"])
  }

  #close(item: Item, part: Part): void {
    if (!part.streamed) return
    this.#name(item, part)
    if (part.annotations.length > 0) this.#out.attach(part.key, { citations: part.annotations })
    if (part.refusal !== undefined) this.refusal += part.final ?? part.refusal
    this.#out.close(part.key, part.final === undefined ? undefined : { text: part.final })
  }

  #part(item: Item, index: number, refusal: boolean): Part {
    let part = item.parts.get(index)
    if (!part) {
      part = { key: `${item.key}:${index}`, streamed: false, annotations: [], logprobs: false }
      item.parts.set(index, part)
    }
    if (refusal) part.refusal ??= ""
    return part
  }

  #open(item: Item, part: Part): void {
    if (part.streamed) return
    part.streamed = true
    this.#out.text(part.key, "")
    this.#name(item, part)
  }

  #name(item: Item, part: Part): void {
    if (item.id === "" && item.phase === "") return
    this.#out.attach(part.key, {
      ...(item.id === "" ? {} : { itemId: item.id }),
      ...(item.phase === "" ? {} : { phase: item.phase }),
    })
  }

  #logprobs(part: Part, logprobs: unknown): void {
    if (!Array.isArray(logprobs) || logprobs.length === 0) return
    part.logprobs = true
    this.#out.attach(part.key, { logprobs })
  }
}

function place(event: Obj): number {
  return typeof event["content_index"] === "number" ? event["content_index"] : 0
}
