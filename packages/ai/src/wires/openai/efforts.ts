import { EFFORTS, type Effort, type ResponsesCompat } from "@sluice/catalog/core"
import { askedEffort, isEffort, loseBesideOff, nearestEffort } from "../effort.ts"
import type { Encoding } from "./encoding.ts"

/** What hosts of either wire may do differently about levels of thinking. */
type EffortCompat = Pick<ResponsesCompat, "efforts" | "effortMap">

/** The level the caller wants, out of level and budget; `undefined` where nothing was said, or the model does not think. */
export function wantedEffort({ call, lose }: Encoding<unknown>, thinks: boolean): Effort | "off" | undefined {
  const asked = askedEffort(call.options)
  loseBesideOff(call.options, (field, reason) => lose(field, "dropped", reason))
  if (asked === undefined || asked === "off" || thinks) return asked
  lose("options.reasoning", "dropped", "The model does not think.")
  return undefined
}

/**
 * A level as the host spells it, moved to the nearest that it takes; `undefined` where it takes none. `taken`: the
 * levels that it named when it refused one. `report`: the caller asked for this level, so that another one is a loss.
 */
export function spelledEffort(
  { call, compat, lose }: Encoding<EffortCompat>,
  wanted: Effort,
  taken: readonly string[] | undefined,
  report: boolean,
): string | undefined {
  const ladder = call.model.thinking
  const allowed = compat.efforts ?? ladder?.efforts
  const spellings = { ...ladder?.effortMap, ...compat.effortMap }
  let effort: Effort = wanted
  if (allowed && allowed.length > 0 && !allowed.includes(wanted) && !Object.hasOwn(spellings, wanted)) {
    effort = nearestEffort(wanted, allowed) ?? wanted
  }
  let word: string | undefined = spellings[effort] ?? effort
  if (taken && !taken.includes(word)) {
    const known = taken.filter((name): name is Effort => (EFFORTS as readonly string[]).includes(name))
    word = nearestEffort(effort, known)
  }
  if (report && word === undefined) lose("options.reasoning", "dropped", "The host refuses every level.")
  else if (report && (effort !== wanted || (word !== wanted && isEffort(word)))) {
    lose("options.reasoning", "approximated", `The host was asked for ${word}, the nearest level that it takes.`)
  }
  return word
}
