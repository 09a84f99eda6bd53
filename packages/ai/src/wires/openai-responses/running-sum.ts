import { isObject, text, type Obj } from "./types.ts"

/** How far a sum has come: behind so many pieces of a conversation. */
export interface Mark {
  pieces: number
  sum: string
}

/**
 * A sum over the items of a conversation that is carried on from item to item, so that a longer conversation costs no
 * more than what it has more. It is the same for an item as it was received and as it is sent back: names of items,
 * how they are cut into messages and thinking, which hosts drop by themselves, do not count.
 */
export class RunningSum {
  #pieces: number
  #a: number
  #b: number

  constructor(from?: Mark) {
    this.#pieces = from?.pieces ?? 0
    this.#a = from ? Number.parseInt(from.sum.slice(0, 8), 16) : 0x811c9dc5
    this.#b = from ? Number.parseInt(from.sum.slice(8), 16) : 0xcbf29ce4
  }

  add(item: Obj): void {
    for (const piece of piecesOf(item)) this.#take(piece)
  }

  get mark(): Mark {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0")
    return { pieces: this.#pieces, sum: hex(this.#a) + hex(this.#b) }
  }

  /** FNV-1a in two lanes. */
  #take(piece: string): void {
    let a = this.#a
    let b = this.#b
    for (let i = 0; i < piece.length; i++) {
      const code = piece.charCodeAt(i)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ (code + i), 0x01000193)
    }
    this.#pieces++
    this.#a = Math.imul(a ^ this.#pieces, 0x01000193)
    this.#b = Math.imul(b ^ piece.length, 0x01000193)
  }
}

/** What an item says, in one spelling. */
function piecesOf(item: Obj): string[] {
  switch (item["type"]) {
    case "reasoning":
      return []
    case "function_call":
      return [JSON.stringify(["call", item["call_id"], item["name"], sameJson(text(item["arguments"]))])]
    case "custom_tool_call":
      return [JSON.stringify(["custom", item["call_id"], item["name"], item["input"]])]
    case "image_generation_call":
      return [JSON.stringify(["image", item["result"]])]
    case undefined:
    case "message":
      if (item["role"] === "assistant") return said(item["content"])
      return [JSON.stringify([item["role"], item["content"]])]
    default: {
      const { id: _id, status: _status, ...rest } = item
      return [JSON.stringify(rest)]
    }
  }
}

/** The texts of an answer, one piece each, however they are cut into messages. */
function said(content: unknown): string[] {
  if (typeof content === "string") return content === "" ? [] : [JSON.stringify(["assistant", content])]
  if (!Array.isArray(content)) return []
  return content
    .filter(isObject)
    .map((part) => text(part["text"]) || text(part["refusal"]))
    .filter((one) => one.trim() !== "")
    .map((one) => JSON.stringify(["assistant", one]))
}

/** Arguments as they are written when they are written again. */
function sameJson(args: string): string {
  try {
    return JSON.stringify(JSON.parse(args === "" ? "{}" : args))
  } catch {
    return args
  }
}
