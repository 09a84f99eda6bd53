import { ObjectEnd } from "./object-end.ts"
import { isObject, text, type Obj } from "./types.ts"

/** What an item becomes. */
export type ItemKind = "message" | "reasoning" | "call" | "native"

/** A text within an item. */
export interface Part {
  key: string
  streamed: boolean
  final?: string
  /** What was said to decline; absent for a text that does not. */
  refusal?: string
  annotations: unknown[]
  logprobs: boolean
}

/** One item of the answer. */
export interface Item {
  readonly kind: ItemKind
  /** The wire's type. */
  readonly type: string
  readonly key: string
  id: string
  callId: string
  phase: string
  done: boolean
  /** Texts of a message by `content_index`. */
  readonly parts: Map<number, Part>
  /** What of a reasoning item is streamed: the first of its fields that came. */
  shown?: "summary" | "text"
  /** Part of that field that is open, and whether any text came before it. */
  place?: number
  said: boolean
  /** The item as it was given in the end. */
  whole?: Obj
  /** Arguments as a `done` event gave them. */
  final?: string
  /** Where the arguments' object ends, for pieces that do not say whose they are. */
  readonly reach: ObjectEnd
}

/** Calls that a host runs itself carry an id of this form (xAI's search among posts). */
const HOST_CALL = /^xs_call_/

/** What an item of a type becomes. */
function kindOf(item: Obj): ItemKind {
  switch (item["type"]) {
    case "message":
    case "reasoning":
      return item["type"]
    case "function_call":
      return "call"
    case "custom_tool_call":
      return HOST_CALL.test(text(item["call_id"])) ? "native" : "call"
    default:
      return "native"
  }
}

/**
 * The items of an answer by all the names that events call them: their place, their id, and for calls the call's id
 * and `fc_` before it. Hosts leave out or change any of them, so that the place counts first, then the ids.
 */
export class Items {
  readonly all: Item[] = []
  readonly #byIndex = new Map<number, Item>()
  readonly #byId = new Map<string, Item>()
  readonly #byCallId = new Map<string, Item>()
  /** Place of the call that pieces without a name belong to. */
  #nameless = 0

  /** A new item; `event` is the one that tells of it. */
  add(item: Obj, event: Obj): Item {
    const made: Item = {
      kind: kindOf(item),
      type: text(item["type"]),
      key: `item:${this.all.length}`,
      id: text(item["id"]),
      callId: text(item["call_id"]),
      phase: text(item["phase"]),
      done: false,
      parts: new Map(),
      said: false,
      reach: new ObjectEnd(),
    }
    this.all.push(made)
    const index = event["output_index"]
    if (typeof index === "number") this.#byIndex.set(index, made)
    this.name(made, item)
    return made
  }

  /** Registers what an item is called by. */
  name(known: Item, item: Obj): void {
    const id = text(item["id"])
    const callId = text(item["call_id"])
    if (id !== "") {
      known.id = id
      if (this.#byId.get(id)?.done !== false) this.#byId.set(id, known)
    }
    if (callId !== "") {
      known.callId = callId
      if (this.#byCallId.get(callId)?.done !== false) this.#byCallId.set(callId, known)
    }
    if (known.phase === "") known.phase = text(item["phase"])
  }

  /** The item of a delta; `undefined` where nothing names one that is known. */
  ofEvent(event: Obj): Item | undefined {
    const index = event["output_index"]
    const byIndex = typeof index === "number" ? this.#byIndex.get(index) : undefined
    if (byIndex) return byIndex
    return this.#byAnyId(text(event["item_id"]))
  }

  /**
   * The item that an event gives, or the list in the last one. `announced`: the event may tell of a new item, so that
   * a call at the same place with another call's id is another one.
   */
  ofItem(item: Obj, event: Obj, announced = false): Item | undefined {
    const kind = kindOf(item)
    // A call that the vendor ran and its output go by one call's id.
    const fits = (known: Item | undefined): Item | undefined =>
      known?.kind === kind && (kind !== "native" || known.type === item["type"]) ? known : undefined
    const index = event["output_index"]
    const callId = text(item["call_id"])
    const placed = fits(typeof index === "number" ? this.#byIndex.get(index) : undefined)
    // Two calls may have one id: then their places tell them apart.
    if (placed && callId !== "" && placed.callId === callId) return placed
    return (
      fits(callId === "" ? undefined : this.#byCallId.get(callId)) ??
      (announced ? this.#sameCall(placed, callId) : placed) ??
      this.#sameCall(fits(this.#byId.get(text(item["id"]))), callId)
    )
  }

  /**
   * The call of a piece that says nothing of whose it is: the first that is open, until a piece begins an object
   * behind the end of that one's own.
   */
  openCall(piece: string): Item | undefined {
    const { all } = this
    const isOpen = (item: Item | undefined): boolean => item?.kind === "call" && !item.done && item.final === undefined
    while (this.#nameless < all.length && !isOpen(all[this.#nameless])) this.#nameless++
    const current = all[this.#nameless]
    if (!current?.reach.ended || !piece.trimStart().startsWith("{")) return current
    const next = all.findIndex((item, i) => i > this.#nameless && isOpen(item))
    if (next < 0) return current
    this.#nameless = next
    return all[next]
  }

  #byAnyId(id: string): Item | undefined {
    if (id === "") return undefined
    return (
      this.#byId.get(id) ??
      this.#byCallId.get(id) ??
      (id.startsWith("fc_") ? this.#byCallId.get(id.slice("fc_".length)) : undefined)
    )
  }

  /** Some hosts give parallel calls one id: then they are told apart by the call's. */
  #sameCall(item: Item | undefined, callId: string): Item | undefined {
    return item && callId !== "" && item.callId !== "" && item.callId !== callId ? undefined : item
  }
}

/** Types of items that the caller has to run, or answer, for the turn to go on. */
const CLIENT_RUN: ReadonlySet<string> = new Set([
  "apply_patch_call",
  "computer_call",
  "local_shell_call",
  "shell_call",
  "tool_search_call",
])

/** Ids of calls that are the caller's to run: all of those types, less what the host says it runs or has answered. */
export function clientRun(items: readonly Obj[]): boolean {
  const answered = new Set<string>()
  for (const item of items) if (text(item["type"]).endsWith("_output")) answered.add(text(item["call_id"]))
  return items.some((item) => {
    if (!CLIENT_RUN.has(text(item["type"])) || answered.has(text(item["call_id"]))) return false
    if (item["type"] === "tool_search_call") return item["execution"] === "client"
    return !(isObject(item["environment"]) && text(item["environment"]["type"]).startsWith("container"))
  })
}
