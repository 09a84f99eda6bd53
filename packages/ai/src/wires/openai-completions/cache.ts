import type { CacheMark } from "../../model/tool.ts"
import { isObject, type ChatBody, type Encoding } from "./types.ts"

/** Most marks that the models behind such hosts take in one request. */
const MAX_MARKS = 4

/** The field `cache_control` of a mark of the caller's; nothing where there is none, or the host takes none. */
export function cacheControl({ compat, lose }: Encoding, mark: CacheMark | undefined, field: string): ChatBody {
  if (!mark) return {}
  if (compat.cacheControl) return { cache_control: control(mark, compat.cacheTtl, () => loseHour(field, lose)) }
  lose(`${field}.cache`, "dropped", "The host takes no cache marks.")
  return {}
}

/**
 * Places cache marks among finished messages. Where the caller set any, only those; else one of ours, on the last text
 * that is not empty. At most four, and none for an hour behind one for five minutes: Anthropic's models, which the marks
 * are for, refuse both.
 */
export function placeMarks(encoding: Encoding, out: readonly ChatBody[]): void {
  const { call, compat, lose } = encoding
  const { cacheRetention = "short" } = call.options
  if (!compat.cacheControl) {
    if (cacheRetention === "long")
      lose("options.cacheRetention", "dropped", "The host decides alone how long it caches.")
    return
  }
  if (!hasMarks(encoding)) {
    if (cacheRetention !== "none") markLast(encoding, out, cacheRetention)
    return
  }
  limit(out, lose)
  orderTtls(out, lose)
}

function control(mark: CacheMark, ttl: "5m" | "1h" | undefined, lose: () => void): ChatBody {
  if (mark === "short") return { type: "ephemeral" }
  if (ttl === "1h") return { type: "ephemeral", ttl: "1h" }
  lose()
  return { type: "ephemeral" }
}

function loseHour(field: string, lose: Encoding["lose"]): void {
  lose(`${field}.cache`, "approximated", "The host keeps a marked prefix for five minutes.")
}

function markLast({ compat, lose }: Encoding, out: readonly ChatBody[], retention: CacheMark): void {
  const cache_control = control(retention, compat.cacheTtl, () =>
    lose("options.cacheRetention", "approximated", "The host keeps a marked prefix for five minutes."),
  )
  for (const message of out.toReversed()) {
    const role = message["role"]
    if (role !== "user" && role !== "assistant" && role !== "developer") continue
    const content = message["content"]
    if (typeof content === "string") {
      if (content.trim() === "") continue
      message["content"] = [{ type: "text", text: content, cache_control }]
      return
    }
    const part = (content as ChatBody[]).findLast(
      ({ type, text }) => type === "text" && typeof text === "string" && text.trim() !== "",
    )
    if (!part) continue
    part["cache_control"] = cache_control
    return
  }
}

/** Takes marks away until four are left: those of the instructions but the last, then those of the oldest turns. */
function limit(out: readonly ChatBody[], lose: Encoding["lose"]): void {
  const system = marked(out.filter(isInstruction))
  const turns = marked(out.filter((message) => !isInstruction(message)))
  const excess = system.length + turns.length - MAX_MARKS
  if (excess <= 0) return
  lose("cache", "dropped", `A request has at most ${MAX_MARKS} cache marks.`)
  for (const part of [...system.slice(0, -1), ...turns].slice(0, excess)) delete part["cache_control"]
}

function orderTtls(out: readonly ChatBody[], lose: Encoding["lose"]): void {
  let short = false
  for (const part of marked(out)) {
    if ((part["cache_control"] as ChatBody)["ttl"] !== "1h") short = true
    else if (short) {
      part["cache_control"] = { type: "ephemeral" }
      lose("cache", "approximated", "No mark for an hour may stand behind one for five minutes.")
    }
  }
}

function isInstruction({ role }: ChatBody): boolean {
  return role === "system" || role === "developer"
}

/** The parts that carry a mark, in the order of the prompt. */
function marked(out: readonly ChatBody[]): ChatBody[] {
  return out.flatMap(({ content }) =>
    Array.isArray(content)
      ? content.filter((part): part is ChatBody => isObject(part) && part["cache_control"] !== undefined)
      : [],
  )
}

function hasMarks({ call }: Encoding): boolean {
  const { systemPrompt, messages, tools } = call.context
  const isMarked = (entry: unknown): boolean => typeof entry === "object" && entry !== null && "cache" in entry
  return (
    (Array.isArray(systemPrompt) && systemPrompt.some(isMarked)) ||
    (tools ?? []).some(isMarked) ||
    messages.some((message) => isMarked(message) || (Array.isArray(message.content) && message.content.some(isMarked)))
  )
}
