import { hash } from "../model/hash.ts"
import type { Traits } from "../contract/wire-client.ts"
import type { ToolCallBlock } from "../model/message.ts"

/**
 * Spells tool-call ids as a target takes them and keeps them unique within a conversation.
 * An id of two parts, `call|item`, stands for its first part; a repeated id gets `_dup2`, `_dup3`, ….
 */
export class IdMap {
  readonly #rule: Traits["toolCallId"]
  readonly #taken = new Set<string>()
  readonly #before: IdMap | undefined

  /** @param before the ids of an earlier part of the conversation */
  constructor(rule: Traits["toolCallId"], before?: IdMap) {
    this.#rule = rule
    this.#before = before
  }

  /** New ids for the calls of one answer. */
  next(calls: readonly ToolCallBlock[]): Map<ToolCallBlock, string> {
    const ids = new Map<ToolCallBlock, string>()
    for (const call of calls) ids.set(call, this.#unique(this.#spelled(call.id)))
    return ids
  }

  #spelled(id: string): string {
    const { pattern, maxLength } = this.#rule
    const first = id.split("|", 1)[0] as string
    if (first.length <= maxLength && pattern.test(first)) return first
    const cleaned = first.replace(/[^A-Za-z0-9_-]/g, "_")
    if (cleaned.length <= maxLength && pattern.test(cleaned)) return cleaned
    const hashed = `call_${hash(id)}`
    return hashed.length <= maxLength ? hashed : hash(id).slice(0, maxLength)
  }

  #unique(id: string): string {
    let unique = id
    for (let count = 2; this.#has(unique); count++) {
      const suffix = `_dup${count}`
      unique = id.slice(0, this.#rule.maxLength - suffix.length) + suffix
    }
    this.#taken.add(unique)
    return unique
  }

  #has(id: string): boolean {
    return this.#taken.has(id) || (this.#before !== undefined && this.#before.#has(id))
  }
}
