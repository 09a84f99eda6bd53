import type { Fields } from "../check.ts"

/** What a server knows about an item that it gave out. */
export interface KnownItem {
  /** Id of the reasoning item that must stand before it. */
  reasoning?: string
  /** The item was kept and can be named by its id alone. */
  stored: boolean
  item: Fields
}

/** A response with the whole conversation that led to it. */
export interface KeptResponse {
  document: Fields
  /** Input and output, those of earlier responses included. */
  conversation: readonly Fields[]
  /** The input of this response alone. */
  input: readonly Fields[]
}

/** Responses by their ids, for chains. */
export class ResponseMemory {
  readonly #kept = new Map<string, KeptResponse>()

  get(id: string): KeptResponse | undefined {
    return this.#kept.get(id)
  }

  keep(id: string, response: KeptResponse): void {
    this.#kept.set(id, response)
  }

  /** True when there was such a response. */
  forget(id: string): boolean {
    return this.#kept.delete(id)
  }
}

/** The items that a server gave out, and its encrypted reasoning. */
export class ItemBook {
  readonly #items = new Map<string, KnownItem>()
  readonly #encrypted = new Set<string>()

  /** Writes down the output of a response. */
  add(output: readonly Fields[], stored: boolean): void {
    let reasoning: string | undefined
    for (const item of output) {
      const { id, type, encrypted_content: encrypted } = item
      if (typeof encrypted === "string") this.#encrypted.add(encrypted)
      if (typeof id !== "string") continue
      this.#items.set(id, { stored, item, ...(reasoning === undefined ? {} : { reasoning }) })
      reasoning = type === "reasoning" ? id : undefined
    }
  }

  get(id: string): KnownItem | undefined {
    return this.#items.get(id)
  }

  gaveOut(encrypted: string): boolean {
    return this.#encrypted.has(encrypted)
  }
}

/** How an id of each type begins. */
export const ID_PREFIXES: Readonly<Record<string, string>> = {
  message: "msg",
  reasoning: "rs",
  function_call: "fc",
  function_call_output: "fc",
  custom_tool_call: "ctc",
  custom_tool_call_output: "ctc",
  image_generation_call: "ig",
  web_search_call: "ws",
  file_search_call: "fs",
  code_interpreter_call: "ci",
  mcp_call: "mcp",
  mcp_list_tools: "mcpl",
  compaction: "cmp",
}

/** Counts out ids in the vendor's form. */
export class Ids {
  #count = 0

  next(prefix: string): string {
    return `${prefix}_${(++this.#count).toString(16).padStart(24, "0")}`
  }
}
