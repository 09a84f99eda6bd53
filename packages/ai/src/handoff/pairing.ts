import type { AssistantMessage, InputBlock, Message, ToolCallBlock, ToolResultMessage } from "../model/message.ts"
import type { IdMap } from "./ids.ts"
import type { Losses } from "../model/losses.ts"

/** A message with the place that it had in the caller's conversation, by which losses name it. */
export interface Placed {
  /** Absent where nothing of it is left but the calls that went. */
  message: Message | undefined
  index: number
  /** Ids of its calls in order, with those that went for want of an id or a name: those take their results along. */
  calls?: readonly { id: string; gone: boolean }[]
}

/**
 * Puts exactly one result behind every call: the first unused real one that comes after its turn, or else a made-up
 * error. Results without a call become notes of the user, or go where they stand among the results of other calls.
 */
export function pairCalls(placed: readonly Placed[], ids: IdMap, losses: Losses): Message[] {
  const results = new Results(placed)
  const out: Message[] = []
  /** Ids of the calls so far. */
  const called = new Set<string>()
  let inWindow = false
  placed.forEach(({ message, index: place, calls = [] }, at) => {
    const field = `messages[${place}]`
    if (message?.role === "toolResult") {
      if (results.isUsed(at)) return
      if (inWindow || called.has(message.toolCallId)) {
        losses.dropped(field, "A tool result without a call, or a second one for the same call.")
        return
      }
      losses.approximated(field, "A tool result whose call is gone stands as a note of the user.")
      out.push(note(message))
      return
    }
    inWindow = calls.some(({ gone }) => !gone)
    const found = calls.map(({ id, gone }): ToolResultMessage | undefined => {
      if (!gone) {
        called.add(id)
        return results.take(id, at)
      }
      const lost = results.takeFromWindow(id, at)
      if (lost !== undefined) losses.dropped(`messages[${lost}]`, "The call that it answers was left out.")
      return undefined
    })
    if (message?.role !== "assistant") {
      if (message) out.push(message)
      return
    }
    if (!inWindow) {
      out.push(message)
      return
    }
    const kept = message.content.filter((block) => block.type === "toolCall")
    const renamed = ids.next(kept)
    out.push(withIds(message, renamed))
    const answers = found.filter((_one, i) => !calls[i]?.gone)
    kept.forEach((call, i) => {
      const result = answers[i]
      const toolCallId = renamed.get(call) as string
      if (!result) {
        losses.injected(field, "A tool call without a result was given one that says so.")
        out.push(missing(message, call, toolCallId))
      } else if (result.toolCallId === toolCallId && result.toolName === call.name) out.push(result)
      else out.push({ ...result, toolCallId, toolName: call.name })
    })
  })
  return out
}

/** The results of a conversation, each to be used once. */
class Results {
  readonly #placed: readonly Placed[]
  /** Places of the results of each call id that may still be used. */
  readonly #open = new Map<string, number[]>()
  readonly #used = new Set<number>()

  constructor(placed: readonly Placed[]) {
    this.#placed = placed
    placed.forEach(({ message }, at) => {
      if (message?.role !== "toolResult") return
      const list = this.#open.get(message.toolCallId)
      if (list) list.push(at)
      else this.#open.set(message.toolCallId, [at])
    })
  }

  isUsed(at: number): boolean {
    return this.#used.has(at)
  }

  /** The first result for a call behind a place. */
  take(id: string, behind: number): ToolResultMessage | undefined {
    const list = this.#open.get(id)
    const i = list?.findIndex((at) => at > behind) ?? -1
    if (!list || i < 0) return undefined
    // What stands before the call belongs to no later one either.
    const at = list.splice(0, i + 1).at(-1) as number
    this.#used.add(at)
    return this.#placed[at]?.message as ToolResultMessage
  }

  /** Takes the first result for a call among those right behind its turn. Gives its place in the conversation. */
  takeFromWindow(id: string, behind: number): number | undefined {
    const next = this.#open.get(id)?.find((at) => at > behind)
    if (next === undefined) return undefined
    for (let at = behind + 1; at < next; at++) if (this.#placed[at]?.message?.role !== "toolResult") return undefined
    this.take(id, behind)
    return this.#placed[next]?.index
  }
}

function withIds(message: AssistantMessage, renamed: ReadonlyMap<ToolCallBlock, string>): AssistantMessage {
  let changed = false
  const content = message.content.map((block) => {
    if (block.type !== "toolCall") return block
    const id = renamed.get(block) as string
    if (id === block.id) return block
    changed = true
    return { ...block, id }
  })
  return changed ? { ...message, content } : message
}

function missing(message: AssistantMessage, call: ToolCallBlock, toolCallId: string): ToolResultMessage {
  const aborted = message.stopReason === "aborted" || message.stopReason === "error"
  return {
    role: "toolResult",
    toolCallId,
    toolName: call.name,
    content: aborted ? "aborted" : "No result provided",
    isError: true,
  }
}

/** The user's, not the developer's, whose word would weigh more than a tool's ever did. */
function note({ toolName, toolCallId, isError, content }: ToolResultMessage): Message {
  const quoted = (text: string): string => JSON.stringify(text.toWellFormed())
  const name = toolName ? ` tool=${quoted(toolName)}` : ""
  const id = toolCallId.trim() === "" ? "" : ` id=${quoted(toolCallId)}`
  const open = `<stale-tool-result${name}${id}${isError ? ' is-error="true"' : ""}>`
  const close = "</stale-tool-result>"
  const blocks: readonly InputBlock[] = typeof content === "string" ? [{ type: "text", text: content }] : content
  if (blocks.every((block) => block.type === "text")) {
    return { role: "user", content: `${open}\n${blocks.map(({ text }) => text).join("\n")}\n${close}` }
  }
  return { role: "user", content: [{ type: "text", text: open }, ...blocks, { type: "text", text: close }] }
}
