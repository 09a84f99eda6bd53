import type { Call } from "../../contract/wire-client.ts"
import type { CacheMark } from "../../model/tool.ts"
import type { Losses } from "../../model/losses.ts"
import type { Turn } from "./messages.ts"
import type { CacheControl, Marks, WireBlock, WireTool } from "./types.ts"

/** Most marks in one request. */
const MAX_MARKS = 4
/** Of the marks that we place ourselves: in the system prompt, and on the latest turns. */
const MAX_SYSTEM_MARKS = 3
const TURN_MARKS = 2

type Markable = WireBlock | WireTool

/** What may carry a mark, in the order in which the prompt is cached. */
export interface CacheTarget {
  tools: readonly WireTool[]
  system: readonly WireBlock[]
  turns: readonly Turn[]
  /** Marks of the caller. */
  marks: Marks
}

/**
 * Places cache marks. Where the caller set any, only those; else on the system prompt and the latest turns, unless
 * the caller wants none. At most four, and none for an hour behind one for five minutes: the API refuses both.
 */
export function placeMarks(target: CacheTarget, call: Call, losses: Losses): void {
  const { cacheRetention = "short" } = call.options
  if (target.marks.size > 0) placeOwn(target, call, losses)
  else if (cacheRetention !== "none" && !marked(all(target)).length) placeDefault(target, call, cacheRetention, losses)
  limit(target, losses)
  orderTtls(target, losses)
}

function placeOwn(target: CacheTarget, call: Call, losses: Losses): void {
  for (const [block, mark] of target.marks) block.cache_control ??= control(mark, call, losses)
}

function placeDefault(target: CacheTarget, call: Call, retention: CacheMark, losses: Losses): void {
  const mark = (block: Markable | undefined): void => {
    if (block) block.cache_control ??= control(retention, call, losses)
  }
  const turns = target.turns.filter((turn) => !turn.pad).slice(-TURN_MARKS)
  for (const turn of turns) mark(markableOf(turn.message.content))
  const left = Math.min(MAX_SYSTEM_MARKS, MAX_MARKS - turns.length)
  for (const block of target.system.slice(-left)) mark(block)
  if (target.system.length === 0) mark(target.tools.at(-1))
}

function control(mark: CacheMark, call: Call, losses: Losses): CacheControl {
  if (mark === "short") return { type: "ephemeral" }
  if (call.model.compat.messages?.cacheTtl === "1h") return { type: "ephemeral", ttl: "1h" }
  losses.approximated("options.cacheRetention", "The host caches for five minutes only.")
  return { type: "ephemeral" }
}

/** The last text, else the last block that may carry a mark: thinking may not. */
function markableOf(content: readonly WireBlock[]): WireBlock | undefined {
  const eligible = content.filter((block) => block.type !== "thinking" && block.type !== "redacted_thinking")
  return eligible.findLast((block) => block.type === "text") ?? eligible.at(-1)
}

/** Takes marks away until four are left: from the system prompt, the tools and the oldest turns, in this order. */
function limit(target: CacheTarget, losses: Losses): void {
  const system = marked(target.system)
  const tools = marked(target.tools)
  const turns = marked(blocksOf(target.turns))
  let excess = system.length + tools.length + turns.length - MAX_MARKS
  if (excess <= 0) return
  losses.dropped("cache", `A request has at most ${MAX_MARKS} cache marks.`)
  for (const block of [
    ...system.slice(0, -1),
    ...tools.slice(0, -1),
    ...turns,
    ...system.slice(-1),
    ...tools.slice(-1),
  ]) {
    if (excess-- <= 0) return
    delete block.cache_control
  }
}

function orderTtls(target: CacheTarget, losses: Losses): void {
  let short = false
  for (const block of marked(all(target))) {
    const mark = block.cache_control as CacheControl
    if (mark.ttl !== "1h") short = true
    else if (short) {
      block.cache_control = { type: "ephemeral" }
      losses.approximated("cache", "No mark for an hour may stand behind one for five minutes.")
    }
  }
}

/** Everything that may carry a mark, in the order of the prompt. */
function all({ tools, system, turns }: CacheTarget): Markable[] {
  return [...tools, ...system, ...blocksOf(turns)]
}

function blocksOf(turns: readonly Turn[]): WireBlock[] {
  return turns.flatMap(({ message }) => message.content.flatMap((block) => [...inner(block), block]))
}

/** Blocks inside the result of a tool, which may carry marks of their own. */
function inner(block: WireBlock): readonly WireBlock[] {
  return block.type === "tool_result" && Array.isArray(block["content"]) ? (block["content"] as WireBlock[]) : []
}

function marked(blocks: readonly Markable[]): Markable[] {
  return blocks.filter((block) => block.cache_control)
}

/** Whether any mark of a body asks for an hour. */
export function hasHourMark(target: Omit<CacheTarget, "marks">): boolean {
  return all({ ...target, marks: new Map() }).some((block) => block.cache_control?.ttl === "1h")
}
