import { canonical } from "../model/canonical.ts"
import type { AssistantMessage, Context, ToolCallBlock } from "../model/message.ts"

/** A call that a model makes again and again. */
export interface RepeatedCall {
  /** The newest one. */
  call: ToolCallBlock
  /** Answers in a row that hold it, the newest included. */
  times: number
}

/**
 * The calls of the newest answer that stand in so many answers in a row: a model that goes in circles. A loop that
 * runs tools can then stop, or tell the model.
 *
 * Two calls are the same when their names are, and their arguments as JSON, the order of keys aside. What the tools
 * answered does not count, nor do answers that failed; a message of the user or the developer begins a new row.
 *
 * @param message the newest answer, where `context` does not end with it yet
 *
 * @example
 * if (repeatedCalls(context, answer).length > 0) throw new Error("The model goes in circles.")
 */
export function repeatedCalls(
  { messages }: Pick<Context, "messages">,
  message?: AssistantMessage,
  { times = 3 }: { times?: number } = {},
): RepeatedCall[] {
  const all = message && messages.at(-1) !== message ? [...messages, message] : messages
  /** Calls of the newest answer that every answer since has held. */
  let running: Map<string, RepeatedCall> | undefined
  const found: RepeatedCall[] = []
  for (let i = all.length - 1; i >= 0; i--) {
    const one = all[i] as (typeof all)[number]
    if (one.role === "toolResult") continue
    if (one.role !== "assistant") break
    if (one.error) {
      if (!running) break
      continue
    }
    const calls = callsOf(one)
    if (!running) running = new Map([...calls].map(([key, call]) => [key, { call, times: 0 }]))
    for (const [key, repeated] of running) {
      if (!calls.has(key)) running.delete(key)
      else if (++repeated.times === times) found.push(repeated)
    }
    if (running.size === 0) break
  }
  return found
}

function callsOf({ content }: AssistantMessage): Map<string, ToolCallBlock> {
  const calls = new Map<string, ToolCallBlock>()
  for (const block of content) {
    if (block.type !== "toolCall") continue
    const key = JSON.stringify([block.name, block.rawArguments ?? null, canonical(block.arguments)])
    if (!calls.has(key)) calls.set(key, block)
  }
  return calls
}
