import type { HeaderMap } from "../../contract/frame.ts"
import type { HeadersView } from "../../contract/header-list.ts"
import type { Call } from "../../contract/wire-client.ts"
import { continuesTurn, lastAnswer } from "../../model/turns.ts"
import { facts, isObject, learned, text, type Obj } from "./types.ts"

/** What a header of ours can hold: anything else would spoil every request that repeats it. */
const SENDABLE = /^[!-~](?:[ -~]*[!-~])?$/

/** Headers of earlier responses that a request repeats (`ResponsesCompat.keptHeaders`). */
export function keptHeaders(call: Call): HeaderMap {
  const headers: HeaderMap = {}
  const within = continuesTurn(call.context.messages)
  for (const [name, span] of Object.entries(call.model.compat.responses?.keptHeaders ?? {})) {
    const kept = learned(call, `header:${name}`)
    if (!isObject(kept)) continue
    const fits = span === "session" || (within && kept["answer"] === callsOf(call))
    if (fits) headers[name] = text(kept["value"])
  }
  return headers
}

/** The calls of the latest answer, which tell what turn it is of. */
function callsOf({ context }: Call): string {
  const answer = context.messages[lastAnswer(context.messages)]
  if (answer?.role !== "assistant") return ""
  return JSON.stringify(answer.content.flatMap((block) => (block.type === "toolCall" ? [block.id] : [])))
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

  /** What to keep for the session. What belongs to a turn goes with the calls of its answer, and ends without any. */
  facts(calls: readonly string[]): Record<string, unknown> {
    const kept: Record<string, unknown> = {}
    const sent = keptHeaders(this.#call)
    for (const [name, span] of Object.entries(this.#kept)) {
      const value = this.#seen[name] ?? (span === "turn" ? sent[name] : undefined)
      const turn = span === "turn" ? { answer: JSON.stringify(calls) } : {}
      if (value !== undefined && (span === "session" || calls.length > 0)) {
        kept[facts.name(`header:${name}`)] = { value, ...turn }
      } else if (span === "turn") kept[facts.name(`header:${name}`)] = null
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
