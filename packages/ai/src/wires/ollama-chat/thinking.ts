import type { Effort } from "@sluice/catalog/core"
import { askedEffort, loseBesideOff, nearestEffort } from "../effort.ts"
import { learned } from "./facts.ts"
import type { EncodeState } from "./types.ts"

/** How levels are spelled that the API has no word for. */
const SPELLINGS: Readonly<Partial<Record<Effort, string>>> = { minimal: "low", xhigh: "high" }

/**
 * The field `think`: a level, `false`, or `true` for hosts that know no levels. `undefined` leaves it to the host, which
 * lets a model think that can.
 *
 * @see https://docs.ollama.com/capabilities/thinking
 */
export function encodeThink(state: EncodeState): boolean | string | undefined {
  const { call, losses } = state
  const { thinkingBudget, showThinking } = call.options
  const wanted = askedEffort(call.options)
  loseBesideOff(call.options, (field, reason) => losses.dropped(field, reason))
  const shows = call.model.thinking !== undefined && !learned(call, "noThinking")
  if (showThinking === false && shows && (wanted !== "off" || call.model.thinking?.mandatory)) {
    losses.dropped("options.showThinking", "The API always shows the thinking.")
  }
  if (wanted === undefined) return undefined
  if (wanted === "off") return off(state)
  const { model } = call
  if (!(model.thinking || model.assumed || state.compat.efforts) || learned(call, "noThinking")) {
    losses.dropped("options.reasoning", "The model does not think.")
    return undefined
  }
  if (thinkingBudget !== undefined) {
    losses.approximated("options.thinkingBudget", "The API takes a level, not a number of tokens.")
  }
  if (showThinking === false) losses.dropped("options.showThinking", "The API always shows the thinking.")
  if (learned(call, "noThinkingLevels")) {
    losses.approximated("options.reasoning", "The host can only switch thinking on or off.")
    return true
  }
  // A model that only thinks or does not refuses the name of a level.
  if (isToggle(state)) {
    losses.approximated("options.reasoning", "The model has no levels: its thinking was switched on.")
    return true
  }
  return spelled(state, wanted, true)
}

function isToggle({ call, compat }: EncodeState): boolean {
  const ladder = call.model.thinking
  return ladder?.efforts.length === 1 && !compat.efforts && !compat.effortMap && !ladder.effortMap
}

function off(state: EncodeState): boolean | string | undefined {
  const { call, losses, compat } = state
  if (learned(call, "noThinking")) return undefined
  if (!call.model.thinking?.mandatory) return false
  losses.approximated("options.reasoning", "The model always thinks: its lowest level was asked for.")
  if (isToggle(state)) return true
  return spelled(state, (compat.efforts ?? call.model.thinking.efforts)[0] ?? "low", false)
}

/** A level as the host spells it, moved to the nearest that it takes. `report`: another one than was asked for is a loss. */
function spelled({ call, compat, losses }: EncodeState, wanted: Effort, report: boolean): string {
  const ladder = call.model.thinking
  const allowed = compat.efforts ?? ladder?.efforts ?? []
  const own: Partial<Record<Effort, string>> = { ...ladder?.effortMap, ...compat.effortMap }
  const known = allowed.length === 0 || allowed.includes(wanted) || Object.hasOwn(own, wanted)
  const effort = known ? wanted : (nearestEffort(wanted, allowed) ?? wanted)
  const spelling = own[effort] ?? SPELLINGS[effort] ?? effort
  const word = spelling === "max" && learned(call, "noThinkingMax") ? "high" : spelling
  if (report && word !== wanted) losses.approximated("options.reasoning", `The host was asked for ${word}.`)
  return word
}
