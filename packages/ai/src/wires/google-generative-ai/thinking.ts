import { EFFORTS, type Effort, type ThinkingLadder } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import { effortOf, loseBesideOff } from "../effort.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import type { ThinkingConfig } from "./types.ts"

/** The model decides how many. */
const DYNAMIC = -1

/**
 * How a request asks for thinking: models of the third generation by a level, those before by a number of tokens.
 * `undefined` leaves it to the vendor.
 * @see https://ai.google.dev/gemini-api/docs/thinking
 */
export function encodeThinking(state: EncodeState): ThinkingConfig | undefined {
  const { call, losses } = state
  const { reasoning, thinkingBudget } = call.options
  const asked = reasoning !== undefined || thinkingBudget !== undefined
  loseBesideOff(call.options, (field, reason) => losses.dropped(field, reason))
  if (learned(call, "noThinking")) {
    if (asked && reasoning !== "off") losses.dropped("options.reasoning", "The model does not think.")
    return undefined
  }
  const ladder = call.model.thinking
  if (!ladder) return withoutLadder(state)
  // The host refuses to show thoughts where there are to be none.
  if (reasoning === "off" || thinkingBudget === 0) return off(ladder, state)
  const shown = call.options.showThinking !== false
  if (!asked) return shown ? { includeThoughts: true } : undefined
  return { includeThoughts: shown, ...amount(ladder, state) }
}

/**
 * A model of which nothing is known decides for itself, unless the caller names a number. One that is known and has no
 * ladder does not think.
 */
function withoutLadder({ call, losses }: EncodeState): ThinkingConfig | undefined {
  const { reasoning, thinkingBudget, showThinking } = call.options
  if (reasoning === "off" || thinkingBudget === 0) return undefined
  if (reasoning === undefined && thinkingBudget === undefined) return undefined
  if (!call.model.assumed) {
    const field = reasoning === undefined ? "options.thinkingBudget" : "options.reasoning"
    losses.dropped(field, "The model does not think.")
    return undefined
  }
  if (thinkingBudget === undefined) {
    losses.approximated("options.reasoning", "Nothing is known of the model's levels; it decides for itself.")
  }
  return { includeThoughts: showThinking !== false, thinkingBudget: thinkingBudget ?? DYNAMIC }
}

function off(ladder: ThinkingLadder, { call, losses }: EncodeState): ThinkingConfig {
  if (!ladder.mandatory && !learned(call, "noThinkingOff")) return { includeThoughts: false, thinkingBudget: 0 }
  losses.approximated("options.reasoning", "The model cannot be kept from thinking; it is asked for its lowest level.")
  const level = ladder.efforts[0] ?? "low"
  if (!byBudget(ladder, call)) return { includeThoughts: false, thinkingLevel: spelled(level, ladder) }
  const budget = ladder.budgets?.[level]
  return { includeThoughts: false, ...(budget === undefined ? {} : { thinkingBudget: budget }) }
}

function amount(ladder: ThinkingLadder, { call, losses }: EncodeState): ThinkingConfig {
  const { reasoning, thinkingBudget } = call.options
  if (byBudget(ladder, call)) {
    if (thinkingBudget !== undefined) return { thinkingBudget: within(thinkingBudget, ladder, losses) }
    const level = taken(reasoning as Effort, ladder, losses)
    const budget = ladder.budgets?.[level]
    if (budget === undefined) {
      losses.approximated("options.reasoning", "Nothing is known of the model's budgets; it decides for itself.")
    }
    return { thinkingBudget: budget ?? DYNAMIC }
  }
  if (thinkingBudget !== undefined) {
    losses.approximated("options.thinkingBudget", "The model takes a level instead of a number of tokens.")
  }
  const wanted = reasoning ?? effortOf(thinkingBudget as number)
  const level = wanted === "off" ? (ladder.efforts[0] ?? "low") : (wanted as Effort)
  return { thinkingLevel: spelled(taken(level, ladder, losses), ladder) }
}

/** A number of tokens within the model's range, whose ends are those of its lowest and its highest level. */
function within(budget: number, { budgets, efforts }: ThinkingLadder, losses: EncodeState["losses"]): number {
  const least = budgets?.[efforts[0] as Effort] ?? 1
  const most = budgets?.[efforts.at(-1) as Effort] ?? Infinity
  const taken = budget < 0 ? budget : Math.min(Math.max(budget, least), most)
  if (taken !== budget) losses.approximated("options.thinkingBudget", `The model takes ${least} to ${most} tokens.`)
  return taken
}

/** Only a ladder of levels is asked for by one: whatever else a model takes elsewhere, here that is a budget. */
function byBudget(ladder: ThinkingLadder, call: Call): boolean {
  return ladder.mode !== "effort" || learned(call, "noThinkingLevel")
}

/** The level itself, or the next below it that the model has, or its lowest. */
function taken(wanted: Effort, { efforts }: ThinkingLadder, losses: EncodeState["losses"]): Effort {
  if (efforts.length === 0 || efforts.includes(wanted)) return wanted
  const rank = EFFORTS.indexOf(wanted)
  const level = efforts.findLast((effort) => EFFORTS.indexOf(effort) < rank) ?? (efforts[0] as Effort)
  losses.approximated("options.reasoning", `The model has no level ${wanted}; it is asked for ${level}.`)
  return level
}

function spelled(level: Effort, ladder: ThinkingLadder): string {
  const word = ladder.effortMap?.[level] ?? (level === "xhigh" || level === "max" ? "high" : level)
  return word.toUpperCase()
}
