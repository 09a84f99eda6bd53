import { isObject, type Obj } from "./types.ts"

/**
 * A block that the provider ran itself or that we do not know, put together from its start and its deltas.
 * Input that came as text goes under `input`, once it can be read.
 */
export class NativeBlockState {
  readonly #item: Obj
  #json = ""

  constructor(start: Obj) {
    this.#item = { ...start }
  }

  push(delta: Obj): void {
    switch (delta["type"]) {
      case "input_json_delta":
        if (typeof delta["partial_json"] === "string") this.#json += delta["partial_json"]
        break
      case "citations_delta":
        this.#item["citations"] = [...list(this.#item["citations"]), delta["citation"]]
        break
      default:
        for (const [name, value] of Object.entries(delta)) {
          if (name === "type" || value === null || value === undefined) continue
          const before = this.#item[name]
          this.#item[name] = typeof before === "string" && typeof value === "string" ? before + value : value
        }
    }
  }

  /** The whole block. `complete`: the host closed it; else input that cannot be read is left out. */
  finish(): Obj {
    if (this.#json !== "") {
      try {
        const input: unknown = JSON.parse(this.#json)
        this.#item["input"] = isObject(input) ? input : { value: input }
      } catch {
        this.#item["input"] = { unreadable: this.#json }
      }
    }
    return this.#item
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
