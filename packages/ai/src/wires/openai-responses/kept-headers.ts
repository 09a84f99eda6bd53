import type { HeaderMap } from "../../contract/frame.ts"
import type { HeadersView } from "../../contract/header-list.ts"
import type { Call } from "../../contract/wire-client.ts"
import { continuesTurn } from "../../model/turns.ts"
import { facts, learned, text, type Obj } from "./types.ts"

/** What a header of ours can hold: anything else would spoil every request that repeats it. */
const SENDABLE = /^[!-~](?:[ -~]*[!-~])?$/

/** Headers of earlier responses that a request repeats (`ResponsesCompat.keptHeaders`). */
export function keptHeaders(call: Call): HeaderMap {
  const headers: HeaderMap = {}
  const within = continuesTurn(call.context.messages)
  for (const [name, span] of Object.entries(call.model.compat.responses?.keptHeaders ?? {})) {
    const value = text(learned(call, `header:${name}`))
    if (value !== "" && (span === "session" || within)) headers[name] = value
  }
  return headers
}

/** Takes note of such headers: of the head of a response, and of events that stand in for one. */
export class HeaderNotes {
  readonly #call: Call
  readonly #seen: Record<string, string> = {}

  constructor(call: Call, headers: HeadersView) {
    this.#call = call
    for (const name of Object.keys(this.#kept)) this.#note(name, headers.get(name))
  }

  /** The headers in an event. */
  event(headers: Obj): void {
    for (const [name, value] of Object.entries(headers)) {
      const lower = name.toLowerCase()
      if (Object.hasOwn(this.#kept, lower)) this.#note(lower, Array.isArray(value) ? value[0] : value)
    }
  }

  /** What to keep for the session: what belongs to a turn ends with it. */
  get facts(): Record<string, unknown> {
    const kept: Record<string, unknown> = {}
    const within = continuesTurn(this.#call.context.messages)
    for (const [name, span] of Object.entries(this.#kept)) {
      const value = this.#seen[name]
      if (value !== undefined) kept[facts.name(this.#call, `header:${name}`)] = value
      else if (span === "turn" && !within) kept[facts.name(this.#call, `header:${name}`)] = null
    }
    return kept
  }

  get #kept(): Readonly<Record<string, "turn" | "session">> {
    return this.#call.model.compat.responses?.keptHeaders ?? {}
  }

  #note(name: string, value: unknown): void {
    if (SENDABLE.test(text(value))) this.#seen[name] = text(value)
  }
}
