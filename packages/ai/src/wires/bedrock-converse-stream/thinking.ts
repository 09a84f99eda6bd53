import type { Effort, ThinkingLadder } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import { askedEffort, budgetOf, loseBesideOff, nearestEffort } from "../effort.ts"
import type { Losses } from "../../model/losses.ts"
import { cappedTokens, DEFAULT_MAX_TOKENS, fittedBudget } from "../thinking-budget.ts"
import type { Obj } from "./types.ts"

const INTERLEAVED = "interleaved-thinking-2025-05-14"

/** What a request says about thinking, and what follows from it. */
export interface ThinkingPlan {
  /** For `additionalModelRequestFields`. */
  fields: Obj
  /** For `inferenceConfig.maxTokens`; absent leaves it to the model. */
  maxTokens?: number
  /** The request makes the model think. */
  on: boolean
}

/**
 * Decides how a request asks for thinking, which each family of models has fields of its own for.
 *
 * @param forced the tool choice forces a call, beside which models do not think
 * @param begun a turn of tools goes on that began without thinking, in which Claude takes no budget
 * @throws SluiceError `invalid_request` when the budget leaves no room for an answer
 */
export function planThinking(call: Call, forced: boolean, begun: boolean, losses: Losses): ThinkingPlan {
  const { model, options } = call
  const limit = cappedTokens(call, losses)
  const plan: ThinkingPlan = { fields: {}, on: false, ...(limit === undefined ? {} : { maxTokens: limit }) }
  const format = model.compat.converse?.thinkingFormat ?? "none"
  const asked = askedEffort(options)
  loseBesideOff(options, (field, reason) => losses.dropped(field, reason))
  const ladder = model.thinking
  if (!ladder || format === "none") {
    if (asked !== undefined && asked !== "off")
      losses.dropped("options.reasoning", "The model is not known to be told how to think.")
    if (ladder?.mandatory) {
      if (asked === "off") losses.dropped("options.reasoning", "The model always thinks.")
      loseShown(call, losses)
    }
    return plan
  }
  if (forced) {
    if (asked !== undefined && asked !== "off") {
      losses.dropped("options.reasoning", "The API does not let a model think while a tool call is forced.")
    }
    return plan
  }
  const budgeted = format === "anthropic" && (ladder.mode === "budget" || ladder.mode === "budget-effort")
  if (begun && budgeted) {
    if (asked !== undefined && asked !== "off")
      losses.dropped("options.reasoning", "A turn of tools that began without thinking ends without.")
    return plan
  }
  const level = levelOf(asked, ladder, losses)
  if (level === undefined) {
    if (ladder.mandatory && !ladder.display) loseShown(call, losses)
    return plan
  }
  if (format === "anthropic") claude(level, ladder, call, plan, losses)
  else if (format === "nova") nova(level, ladder, call, plan, losses)
  else if (level === "off") losses.dropped("options.reasoning", "The model has no word for not thinking.")
  else {
    plan.fields["reasoning_effort"] = ladder.effortMap?.[level] ?? level
    plan.on = true
    budgetIsLevel(call, losses)
    loseShown(call, losses)
  }
  return plan
}

/** The level to ask for; `undefined` leaves it to the vendor. */
function levelOf(
  asked: Effort | "off" | undefined,
  ladder: ThinkingLadder,
  losses: Losses,
): Effort | "off" | undefined {
  if (asked === undefined) return undefined
  const lowest = ladder.efforts[0] ?? "low"
  if (asked === "off") {
    if (!ladder.mandatory) return "off"
    losses.approximated("options.reasoning", "The model always thinks; it is asked for its lowest level.")
    return lowest
  }
  const level = ladder.efforts.includes(asked) ? asked : (nearestEffort(asked, ladder.efforts) ?? lowest)
  if (level !== asked) {
    losses.approximated("options.reasoning", `The model has no level ${asked}; it is asked for ${level}.`)
  }
  return level
}

function claude(level: Effort | "off", ladder: ThinkingLadder, call: Call, plan: ThinkingPlan, losses: Losses): void {
  // Not to think is what these models do unless they are told to.
  if (level === "off") return
  plan.on = true
  const hidden = call.options.showThinking === false
  if (!ladder.display) loseShown(call, losses)
  // The newest models keep their thinking back unless they are asked for it.
  const display = ladder.display ? { display: hidden ? "omitted" : "summarized" } : {}
  if (ladder.mode === "budget" || ladder.mode === "budget-effort") {
    const budget = setBudget(budgetAsked(call) ?? budgetOf(level, ladder), call, plan, losses)
    plan.fields["thinking"] = { type: "enabled", budget_tokens: budget, ...display }
    if (call.model.compat.converse?.interleavedThinking && call.context.tools?.length) {
      plan.fields["anthropic_beta"] = [INTERLEAVED]
    }
  } else {
    plan.fields["thinking"] = { type: "adaptive", ...display }
    // Beside a budget a level needs a beta here, and says nothing that the budget does not.
    plan.fields["output_config"] = { effort: ladder.effortMap?.[level] ?? (level === "minimal" ? "low" : level) }
    budgetIsLevel(call, losses)
  }
}

function nova(level: Effort | "off", ladder: ThinkingLadder, call: Call, plan: ThinkingPlan, losses: Losses): void {
  if (level === "off") {
    plan.fields["reasoningConfig"] = { type: "disabled" }
    return
  }
  plan.on = true
  plan.fields["reasoningConfig"] = { type: "enabled", maxReasoningEffort: ladder.effortMap?.[level] ?? level }
  budgetIsLevel(call, losses)
  loseShown(call, losses)
  // At its highest level the model decides alone on the length of its answer.
  if (level === "high" && plan.maxTokens !== undefined) {
    if (call.options.maxTokens !== undefined) {
      losses.dropped("options.maxTokens", "The model takes no limit beside its highest level of thinking.")
    }
    delete plan.maxTokens
  }
}

/** The caller's own number of tokens to think with; `undefined` where it asks for no thinking. */
function budgetAsked({ options }: Call): number | undefined {
  return askedEffort(options) === "off" ? undefined : options.thinkingBudget
}

function loseShown({ options }: Call, losses: Losses): void {
  if (options.showThinking === false) {
    losses.dropped("options.showThinking", "The model cannot be told to keep its thinking back.")
  }
}

function budgetIsLevel(call: Call, losses: Losses): void {
  if (budgetAsked(call) === undefined) return
  losses.approximated("options.thinkingBudget", "The model takes a level instead of a number of tokens.")
}

function setBudget(asked: number, call: Call, plan: ThinkingPlan, losses: Losses): number {
  const { budget, maxTokens } = fittedBudget(asked, plan.maxTokens ?? DEFAULT_MAX_TOKENS, call, losses)
  plan.maxTokens = maxTokens
  return budget
}
