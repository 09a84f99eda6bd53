import type { MessageSink } from "../../contract/builder.ts"
import { isObject, type Obj } from "./types.ts"

interface KnownCall {
  key: string
  id: string
  signed: boolean
  /** A call of a grammar tool: only its first piece says so. */
  custom: boolean
}

/**
 * Puts the pieces of tool calls together. A piece belongs to the call of its index; where it has none, to the call
 * of its id; where it has neither, to the call at its place in a longer list, else to the last call. An index that
 * comes back with another id begins a new call.
 */
export class ToolDeltas {
  readonly #out: MessageSink
  readonly #all: KnownCall[] = []
  readonly #byIndex = new Map<number, KnownCall>()
  #legacy: KnownCall | undefined

  constructor(out: MessageSink) {
    this.#out = out
  }

  /** How many calls there are. */
  get count(): number {
    return this.#all.length
  }

  /** Reads the list of one delta. `whole`: each entry is a call of its own. `opening` is called before a new call. */
  push(list: readonly unknown[], whole: boolean, opening: () => void): void {
    for (let place = 0; place < list.length; place++) {
      const entry = list[place]
      if (isObject(entry)) this.#entry(entry, place, list.length, whole, opening)
    }
  }

  /** The `function_call` of the time before tools. */
  legacy(call: Obj, opening: () => void): void {
    const name = text(call["name"])
    const args = call["arguments"]
    if (!this.#legacy) {
      if (name === "" && (args === "" || args === undefined || args === null)) return
      opening()
      this.#legacy = this.#open("")
    }
    this.#out.toolCall(this.#legacy.key, { name })
    this.#arguments(this.#legacy.key, args)
  }

  /** Keeps a vendor's opaque value with the call that has the id; says whether there is one. */
  sign(id: string, signature: string): boolean {
    const call = id === "" ? undefined : this.#all.find((known) => known.id === id)
    if (!call || call.signed) return false
    call.signed = true
    this.#out.attach(call.key, { signature })
    return true
  }

  #entry(entry: Obj, place: number, length: number, whole: boolean, opening: () => void): void {
    const fn = isObject(entry["function"]) ? entry["function"] : {}
    const custom = isObject(entry["custom"]) ? entry["custom"] : {}
    const id = text(entry["id"])
    const index = entry["index"]
    const name = text(fn["name"])
    const named = entry["type"] === "custom" || (name === "" && text(custom["name"]) !== "")
    let call = whole ? undefined : this.#find(id, index, place, length)
    if (!call) {
      opening()
      call = this.#open(id)
      if (typeof index === "number" && !whole) this.#byIndex.set(index, call)
      call.custom = named
      this.#out.toolCall(call.key, named ? { id, name: text(custom["name"]), custom: true } : { id, name })
    } else if (id !== "" || name !== "" || named) {
      if (call.id === "") call.id = id
      this.#out.toolCall(call.key, { id, name: name || text(custom["name"]) })
    }
    this.#arguments(call.key, call.custom ? custom["input"] : fn["arguments"])
    if (isObject(entry["extra_content"]) && !call.signed) {
      call.signed = true
      this.#out.attach(call.key, { signature: JSON.stringify({ extra_content: entry["extra_content"] }) })
    }
  }

  #find(id: string, index: unknown, place: number, length: number): KnownCall | undefined {
    if (typeof index === "number") {
      const call = this.#byIndex.get(index)
      return call && id !== "" && call.id !== "" && call.id !== id ? undefined : call
    }
    if (id !== "") {
      const known = this.#all.find((call) => call.id === id)
      if (known) return known
      const last = this.#all.at(-1)
      return length === 1 && last?.id === "" ? last : undefined
    }
    return length > 1 ? this.#all[place] : this.#all.at(-1)
  }

  #open(id: string): KnownCall {
    const call: KnownCall = { key: `call:${this.#all.length}`, id, signed: false, custom: false }
    this.#all.push(call)
    return call
  }

  #arguments(key: string, value: unknown): void {
    if (typeof value === "string") this.#out.args(key, value)
    else if (isObject(value)) this.#out.args(key, { path: [], value })
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}
