import { EFFORTS, type Effort, type MessagesCompat, type ThinkingLadder } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import { askedEffort, budgetOf, loseBesideOff } from "../effort.ts"
import { learned } from "./facts.ts"
import type { Losses } from "../../model/losses.ts"
import { cappedTokens, DEFAULT_MAX_TOKENS, fittedBudget } from "../thinking-budget.ts"
import type { WireThinking } from "./types.ts"

/** A level's spelling that means: adaptive, without a level. */
const NO_LEVEL = "adaptive"

/** What a request says about thinking, and what follows from it. */
export interface ThinkingPlan {
  thinking?: WireThinking
  /** For `output_config.effort`. */
  effort?: string
  maxTokens: number
  /** The request makes the model think. */
  on: boolean
}

/**
 * Decides how a request asks for thinking and how many tokens it may use.
 *
 * @param forced the tool choice forces a call, with which the API refuses thinking
 * @param begun a turn of tools goes on that began without thinking: the API refuses a budget in it
 * @throws SluiceError `invalid_request` when the thinking budget leaves no room for an answer
 */
export function planThinking(call: Call, forced: boolean, begun: boolean, losses: Losses): ThinkingPlan {
  const { model } = call
  const compat = model.compat.messages ?? {}
  const plan: ThinkingPlan = { maxTokens: cappedTokens(call, losses) ?? DEFAULT_MAX_TOKENS, on: false }
  loseBesideOff(call.options, (field, reason) => losses.dropped(field, reason))
  const ladder = ladderOf(model, compat)
  const budgeted = !ladder || ladder.mode === "budget" || ladder.mode === "budget-effort"
  if (begun && budgeted && !ladder?.mandatory) {
    if (wanted(call)) losses.dropped("options.reasoning", "A turn of tools that began without thinking ends without.")
    if (ladder) plan.thinking = { type: "disabled" }
    return plan
  }
  if (!ladder) {
    withoutLadder(call, forced, plan, losses)
    return plan
  }
  if (forced) {
    if (wanted(call))
      losses.dropped("options.reasoning", "The API does not let a model think while a tool call is forced.")
    if (refusesDisabled(compat, ladder)) setEffort(plan, call, wireEffort(lowest(ladder), ladder), losses)
    else if (compat.thinksUnasked) plan.thinking = { type: "disabled" }
    return plan
  }
  const level = levelOf(call, ladder, losses)
  if (level === "off") {
    if (!refusesDisabled(compat, ladder)) plan.thinking = { type: "disabled" }
    else {
      setEffort(plan, call, wireEffort(lowest(ladder), ladder), losses)
      losses.approximated(
        "options.reasoning",
        "The model cannot be told not to think; it is asked for its lowest level.",
      )
    }
  } else if (level !== undefined) askFor(level, ladder, call, plan, losses)
  else if (compat.thinksUnasked) displayOf(call, ladder, losses)
  return plan
}

/** How the model is asked for thinking here, which may be otherwise than elsewhere. */
function ladderOf({ thinking }: Call["model"], { thinkingMode }: MessagesCompat): ThinkingLadder | undefined {
  return thinking && thinkingMode ? { ...thinking, mode: thinkingMode } : thinking
}

/** Whether the caller asked for thinking. */
function wanted({ options }: Call): boolean {
  return (askedEffort(options) ?? "off") !== "off"
}

/** A model of which nothing is known thinks by a budget if the caller gives one. */
function withoutLadder(call: Call, forced: boolean, plan: ThinkingPlan, losses: Losses): void {
  const { thinkingBudget } = call.options
  if (!wanted(call)) return
  if (thinkingBudget === undefined || forced) {
    losses.dropped("options.reasoning", "The model is not known to think.")
    return
  }
  setBudget(plan, call, thinkingBudget, losses)
  if (call.options.showThinking === false) {
    losses.dropped("options.showThinking", "The model is not known to take the wish.")
  }
  plan.on = true
}

/** The level to ask for; `undefined` leaves it to the vendor. */
function levelOf(call: Call, ladder: ThinkingLadder, losses: Losses): Effort | "off" | undefined {
  const { reasoning, thinkingBudget } = call.options
  if (askedEffort(call.options) === "off") {
    if (!ladder.mandatory) return "off"
    losses.approximated("options.reasoning", "The model always thinks; it is asked for its lowest level.")
    return lowest(ladder)
  }
  if (reasoning === undefined) {
    if (thinkingBudget !== undefined) return nearestLevel(thinkingBudget, ladder)
    return ladder.mandatory && ladder.mode === "budget" ? lowest(ladder) : undefined
  }
  if (reasoning === "off" || ladder.efforts.length === 0 || ladder.efforts.includes(reasoning)) return reasoning
  const rank = EFFORTS.indexOf(reasoning)
  const below = ladder.efforts.findLast((effort) => EFFORTS.indexOf(effort) < rank)
  const level = below ?? lowest(ladder)
  losses.approximated("options.reasoning", `The model has no level ${reasoning}; it is asked for ${level}.`)
  return level
}

function askFor(level: Effort, ladder: ThinkingLadder, call: Call, plan: ThinkingPlan, losses: Losses): void {
  const { options } = call
  plan.on = true
  const display = displayOf(call, ladder, losses)
  const wish = wanted(call) ? options.thinkingBudget : undefined
  if (ladder.mode === "budget" || ladder.mode === "budget-effort") {
    setBudget(plan, call, wish ?? budgetOf(level, ladder), losses)
    Object.assign(plan.thinking as WireThinking, display)
  } else {
    plan.thinking = { type: "adaptive", ...display }
    if (wish !== undefined) {
      losses.approximated("options.thinkingBudget", "The model takes a level instead of a number of tokens.")
    }
  }
  if (ladder.mode !== "budget") setEffort(plan, call, wireEffort(level, ladder), losses)
}

function displayOf(call: Call, ladder: ThinkingLadder, losses: Losses): { display?: "summarized" | "omitted" } {
  const hidden = call.options.showThinking === false
  if (ladder.display) return { display: hidden ? "omitted" : "summarized" }
  if (hidden) losses.dropped("options.showThinking", "The model cannot be told to keep its thinking back.")
  return {}
}

function setEffort(plan: ThinkingPlan, call: Call, effort: string, losses: Losses): void {
  if (effort === NO_LEVEL) return
  if (call.model.compat.messages?.effort === false || learned(call, "noEffort")) {
    losses.approximated("options.reasoning", "The host takes no level.")
    return
  }
  plan.effort = effort
}

function setBudget(plan: ThinkingPlan, call: Call, asked: number, losses: Losses): void {
  const { budget, maxTokens } = fittedBudget(asked, plan.maxTokens, call, losses)
  plan.maxTokens = maxTokens
  plan.thinking = { type: "enabled", budget_tokens: budget }
}

function refusesDisabled(compat: MessagesCompat, ladder: ThinkingLadder): boolean {
  return compat.refusesDisabledThinking ?? (ladder.mode === "adaptive" || ladder.mode === "effort")
}

function lowest(ladder: ThinkingLadder): Effort {
  return ladder.efforts[0] ?? "low"
}

function wireEffort(level: Effort, ladder: ThinkingLadder): string {
  return ladder.effortMap?.[level] ?? (level === "minimal" ? "low" : level)
}

/** The lowest level whose budget reaches `tokens`. */
function nearestLevel(tokens: number, ladder: ThinkingLadder): Effort {
  const levels = ladder.efforts.length > 0 ? ladder.efforts : EFFORTS
  return levels.find((level) => budgetOf(level, ladder) >= tokens) ?? (levels.at(-1) as Effort)
}
