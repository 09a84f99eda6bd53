import { bytesOf, base64Of } from "../../images/base64.ts"
import type { ImageBlock } from "../../model/message.ts"
import { isObject, parseObject } from "../../model/json.ts"
import type { Obj } from "./types.ts"

/** A block that the provider ran itself or that we do not know, put together from its start and its deltas. */
export class NativeBlock {
  readonly #item: Obj
  #input = ""

  constructor(start: Obj) {
    this.#item = structuredClone(start)
  }

  /** A piece of a call's input. */
  input(piece: string): void {
    this.#input += piece
  }

  push(delta: Obj): void {
    for (const [name, value] of Object.entries(delta)) this.#item[name] = added(name, this.#item[name], value)
  }

  finish(): Obj {
    const use = this.#item["toolUse"]
    if (isObject(use) && this.#input !== "") use["input"] = parseObject(this.#input) ?? { unreadable: this.#input }
    return this.#item
  }
}

/** What was there and what comes to it: texts and lists grow, objects merge, anything else is replaced. */
function added(name: string, before: unknown, value: unknown): unknown {
  if (typeof before === "string" && typeof value === "string") {
    return name === "bytes" ? joinBase64(before, value) : before + value
  }
  if (Array.isArray(before) && Array.isArray(value)) return [...before, ...value]
  if (isObject(before) && Array.isArray(value)) {
    const content: unknown = before["content"]
    return { ...before, content: [...(Array.isArray(content) ? content : []), ...value] }
  }
  if (isObject(before) && isObject(value)) {
    const merged: Obj = { ...before }
    for (const [inner, piece] of Object.entries(value)) merged[inner] = added(inner, merged[inner], piece)
    return merged
  }
  return value
}

/** The picture that a block is, with its data or its place; `undefined` for any other block. */
export function pictureIn({ image }: Obj): ImageBlock | undefined {
  if (!isObject(image) || !isObject(image["source"]) || typeof image["format"] !== "string") return undefined
  const { bytes, s3Location: place } = image["source"]
  const mimeType = `image/${image["format"]}`
  if (typeof bytes === "string" && bytes !== "") return { type: "image", source: { data: bytes, mimeType } }
  const url = isObject(place) ? place["uri"] : undefined
  return typeof url === "string" && url !== "" ? { type: "image", source: { url, mimeType } } : undefined
}

/** Two pieces of bytes in base64 as one; a first that is padded is not simply gone on with. */
export function joinBase64(first: string, second: string): string {
  if (!first.endsWith("=")) return first + second
  const [head, tail] = [bytesOf(first), bytesOf(second)]
  if (!head || !tail) return first + second
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return base64Of(all)
}
