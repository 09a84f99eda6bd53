import type { AssistantMessage, Block, Context, Loss, Message, ToolResultMessage } from "@sluice/ai"
import { canonContext, type CanonOptions, type ContextCanon } from "./canonical.ts"
import { ANY } from "./match.ts"
import { applyLosses, GONE, steps } from "./paths.ts"

type Slot = Message | typeof GONE | typeof ANY

/** Fields of losses that speak of cache marks as such, not of one. */
const MARKS = new Set(["cache", "options.cacheRetention"])

/** What a context is expected to be on the other side of a wire, given what was reported. */
export function projectContext(context: Context, losses: readonly Loss[], canon: ContextCanon): unknown {
  const injected = losses.filter((loss) => loss.kind === "injected" && !isField(loss))
  const options: CanonOptions = {
    canon,
    expected: true,
    openMarks: losses.some((loss) => MARKS.has(loss.field)),
    injected: new Set(injected.flatMap((loss) => messageIndex(loss) ?? [])),
  }
  const rest = losses.filter((loss) => loss.kind !== "injected" || isField(loss))
  return canonContext(applyLosses(context, rest), options)
}

/** Whether a loss is about one field of a block or of a tool. */
function isField({ field }: Loss): boolean {
  const path = steps(field)
  return path.length > 2 && path.at(-1) !== "content"
}

function messageIndex({ field }: Loss): number | undefined {
  const [list, index] = steps(field)
  return list === "messages" && typeof index === "number" ? index : undefined
}

/** Losses of the pairing of calls and results. */
function isPairing({ field, reason }: Loss): boolean {
  return /^messages\[\d+\]$/.test(field) && /tool result|tool call without a result/i.test(reason)
}

/**
 * What a context is expected to be after a hand-over: results stand right behind their calls, in the order of the
 * calls; where one is missing, and that was reported, something stands in its place.
 */
export function projectHandoff(context: Context, losses: readonly Loss[]): unknown {
  const given = applyLosses(
    context,
    losses.filter((loss) => !isPairing(loss)),
  )
  const slots = given.messages as readonly Slot[]
  const reported = new Map<number, Set<Loss["kind"]>>()
  for (const loss of losses.filter(isPairing)) {
    const at = messageIndex(loss) as number
    reported.set(at, new Set([...(reported.get(at) ?? []), loss.kind]))
  }
  const used = new Set<number>()
  const out: Slot[] = []
  let calls = 0
  slots.forEach((slot, index) => {
    if (typeof slot === "symbol") {
      out.push(slot)
      return
    }
    if (slot.role === "toolResult") {
      if (used.has(index)) return
      const kinds = reported.get(index)
      out.push(kinds?.has("approximated") ? ANY : kinds?.has("dropped") ? GONE : slot)
      return
    }
    if (slot.role !== "assistant") {
      out.push(slot)
      return
    }
    const renamed: AssistantMessage = { ...slot, content: [] }
    const results: Slot[] = []
    for (const block of slot.content as (Block | symbol)[]) {
      if (typeof block === "symbol" || block.type !== "toolCall") {
        renamed.content.push(block as Block)
        continue
      }
      const id = `#${calls++}`
      renamed.content.push({ ...block, id })
      const found = slots.findIndex(
        (one, i) =>
          i > index &&
          !used.has(i) &&
          typeof one !== "symbol" &&
          one.role === "toolResult" &&
          one.toolCallId === block.id,
      )
      if (found >= 0) {
        used.add(found)
        results.push({ ...(slots[found] as ToolResultMessage), toolCallId: id })
      } else if (reported.get(index)?.has("injected")) results.push(ANY)
    }
    out.push(renamed, ...results)
  })
  return canonContext({ ...given, messages: out as Message[] }, { canon: "none", expected: true })
}
