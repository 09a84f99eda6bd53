import type { ChatCompat } from "@sluice/catalog/core"

const NINE = 9
const FILL = "ABCDEFGHI"

/**
 * Gives tool-call ids the form that a host takes, the same for a call and its result, and keeps ids apart that the
 * form would make one. An id that has the form stays.
 */
export class ToolCallIds {
  readonly #form: NonNullable<ChatCompat["toolCallIds"]>
  readonly #known = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor(form: ChatCompat["toolCallIds"]) {
    this.#form = form ?? "plain"
  }

  of(id: string): string {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    let made = this.#shape(id)
    for (let n = 2; this.#taken.has(made); n++) made = this.#numbered(id, n)
    this.#known.set(id, made)
    this.#taken.add(made)
    return made
  }

  #shape(id: string): string {
    if (this.#form === "nine-alphanumerics") {
      const plain = id.replace(/[^A-Za-z0-9]/g, "")
      return (plain + FILL).slice(0, NINE)
    }
    return id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, this.#most) || "call"
  }

  get #most(): number {
    return this.#form === "max-40" ? 40 : 64
  }

  #numbered(id: string, n: number): string {
    if (this.#form === "nine-alphanumerics") {
      const mark = `dup${n}`
      return mark + this.#shape(id).slice(0, NINE - mark.length)
    }
    const mark = `_dup${n}`
    return this.#shape(id).slice(0, this.#most - mark.length) + mark
  }
}
