import type { CacheMark } from "../../model/tool.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import type { WireBlock, WireMessage } from "./types.ts"

/** Of the points that we place ourselves: behind the last turn of the user, then behind the system prompt. */
const OWN_POINTS = 2
/** Most points in a request to any model. */
const MAX_POINTS = 4

/** Lists behind whose entries a point may stand. */
export interface CacheTarget {
  tools: WireBlock[]
  system: WireBlock[]
  turns: readonly WireMessage[]
}

/**
 * Places cache points, which are blocks of their own. Where the caller set marks, only those; else behind the last
 * turn of the user and behind the system prompt, for models that the catalog knows to take them.
 */
export function placePoints(target: CacheTarget, state: EncodeState): void {
  const { call, marks, compat, losses } = state
  const refused = learned(call, "noCachePoints")
  if (marks.size > 0) {
    if (refused) losses.dropped("cache", "The model takes no cache points.")
    else placeOwn(target, state)
    return
  }
  const { cacheRetention } = call.options
  const most = refused ? 0 : (compat.cachePoints ?? 0)
  if (most === 0) {
    if (cacheRetention === "long")
      losses.dropped("options.cacheRetention", "The model is not known to take cache points.")
    return
  }
  if (cacheRetention === "none") return
  const mark = cacheRetention ?? "short"
  const lists = [target.turns.at(-1)?.content ?? [], target.system]
  for (const list of lists.filter(({ length }) => length > 0).slice(0, Math.min(most, OWN_POINTS))) {
    list.push(point(mark, state))
  }
}

/**
 * The caller's marks; the last ones where there are too many. Points for an hour stand before all shorter ones: the API
 * refuses another order.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
 */
function placeOwn({ tools, system, turns }: CacheTarget, state: EncodeState): void {
  const { marks, compat, losses } = state
  const spots: { list: WireBlock[]; block: WireBlock; mark: CacheMark }[] = []
  for (const list of [tools, system, ...turns.map(({ content }) => content)]) {
    for (const block of list) {
      const mark = marks.get(block)
      if (mark === undefined) continue
      if (list === tools && compat.cachesTools === false) losses.dropped("tools.cache", "The model caches no tools.")
      else spots.push({ list, block, mark })
    }
  }
  const most = compat.cachePoints || MAX_POINTS
  if (spots.length > most) losses.dropped("cache", `A request to the model has at most ${most} cache points.`)
  let short = false
  for (const { list, block, mark } of spots.slice(-most)) {
    if (mark === "long" && short) losses.approximated("cache", "No point for an hour may stand behind a shorter one.")
    const placed = point(short ? "short" : mark, state)
    short ||= !isHour(placed)
    list.splice(list.indexOf(block) + 1, 0, placed)
  }
}

function isHour({ cachePoint }: WireBlock): boolean {
  return (cachePoint as { ttl?: string } | undefined)?.ttl === "1h"
}

function point(mark: CacheMark, { call, compat, losses }: EncodeState): WireBlock {
  if (mark === "short") return { cachePoint: { type: "default" } }
  if (compat.cacheTtl === "1h" && !learned(call, "noHourCache")) {
    return { cachePoint: { type: "default", ttl: "1h" } }
  }
  losses.approximated("options.cacheRetention", "The model caches for five minutes only.")
  return { cachePoint: { type: "default" } }
}
