import { EFFORTS, type Effort } from "@sluice/catalog/core"
import { effortOf, isEffort, nearestEffort } from "../effort.ts"
import { learned, type Body, type Encoding } from "./types.ts"

/** The fields that ask for thinking, and whether its encrypted form is wanted. */
export interface Thinking {
  fields: Body
  encrypted: boolean
}

/** The field `reasoning`. */
export function encodeThinking(encoding: Encoding): Thinking {
  const { call, compat, lose } = encoding
  const { model, options } = call
  const wish = wishOf(encoding)
  const reasoning: Body = {}
  if (wish === "off") {
    const effort = offEffort(encoding)
    if (effort !== undefined) reasoning["effort"] = effort
    if (options.thinkingBudget) lose("options.thinkingBudget", "dropped", "Thinking is off.")
  } else if (wish !== undefined) {
    const effort = spelled(encoding, wish, true)
    if (effort !== undefined) reasoning["effort"] = effort
    if (options.thinkingBudget !== undefined) {
      lose("options.thinkingBudget", "approximated", "The host takes a level, not a budget.")
    }
  }
  const thinks = model.thinking !== undefined || (wish !== undefined && wish !== "off")
  const summary = thinks && wish !== "off" && options.showThinking !== false
  const wanted = compat.thinkingSummary !== "asked" || options.showThinking === true
  if (summary && wanted && compat.thinkingSummary !== false && learned(call, "summary") !== false) {
    reasoning["summary"] = "auto"
  }
  const encrypted = thinks && compat.encryptedThinking !== false && learned(call, "encryptedThinking") !== false
  return { fields: Object.keys(reasoning).length === 0 ? {} : { reasoning }, encrypted }
}

/** The level the caller wants, out of level and budget; `undefined` where nothing was said. */
function wishOf({ call, compat, lose }: Encoding): Effort | "off" | undefined {
  const { reasoning, thinkingBudget } = call.options
  const asked = reasoning ?? (thinkingBudget === undefined ? undefined : effortOf(thinkingBudget))
  if (asked === undefined || asked === "off") return asked
  if (call.model.thinking || call.model.assumed || compat.efforts) return asked
  lose("options.reasoning", "dropped", "The model does not think.")
  return undefined
}

function offEffort(encoding: Encoding): string | undefined {
  const { call, compat, lose } = encoding
  const taken = refusedEfforts(encoding)
  if (compat.effortOff !== undefined && (!taken || taken.includes(compat.effortOff))) return compat.effortOff
  const lowest = (compat.efforts ?? call.model.thinking?.efforts)?.[0]
  const effort = lowest && spelled(encoding, lowest, false)
  if (effort !== undefined) {
    lose("options.reasoning", "approximated", "The host cannot switch thinking off: its lowest level was asked for.")
  }
  return effort
}

/** The efforts that the host named when it refused one; `undefined` where it has refused none. */
function refusedEfforts({ call }: Encoding): readonly string[] | undefined {
  const efforts = learned(call, "efforts")
  return Array.isArray(efforts) ? (efforts as string[]) : undefined
}

/** A level as the host spells it, moved to the nearest that it takes. */
function spelled(encoding: Encoding, wanted: Effort, report: boolean): string | undefined {
  const { call, compat, lose } = encoding
  const ladder = call.model.thinking
  const allowed = compat.efforts ?? ladder?.efforts
  const spellings = { ...ladder?.effortMap, ...compat.effortMap }
  let effort: Effort = wanted
  if (allowed && allowed.length > 0 && !allowed.includes(wanted) && !Object.hasOwn(spellings, wanted)) {
    effort = nearestEffort(wanted, allowed) ?? wanted
  }
  let word: string | undefined = spellings[effort] ?? effort
  const taken = refusedEfforts(encoding)
  if (taken && !taken.includes(word)) {
    word = nearestEffort(
      effort,
      taken.filter((name): name is Effort => (EFFORTS as readonly string[]).includes(name)),
    )
  }
  if (report && word === undefined) lose("options.reasoning", "dropped", "The host refuses every level.")
  else if (report && (effort !== wanted || (word !== wanted && isEffort(word)))) {
    lose("options.reasoning", "approximated", `The host was asked for ${word}, the nearest level that it takes.`)
  }
  return word
}
