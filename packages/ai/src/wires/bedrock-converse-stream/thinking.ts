import type { Effort, ThinkingLadder } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import { askedEffort, budgetOf, loseBesideOff, nearestEffort } from "../effort.ts"
import type { Losses } from "../../model/losses.ts"
import type { Item } from "./types.ts"

/** Least budget that Claude takes, and the room that its answer needs beside it. */
const MIN_BUDGET = 1024
const ANSWER_TOKENS = 4000
const MIN_ANSWER_TOKENS = 1024
/** Most tokens of an answer where the model's own limit is not known. */
const DEFAULT_MAX_TOKENS = 64_000
const INTERLEAVED = "interleaved-thinking-2025-05-14"

/** What a request says about thinking, and what follows from it. */
export interface ThinkingPlan {
  /** For `additionalModelRequestFields`. */
  fields: Item
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
  const limit = maxTokens(call, losses)
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

function maxTokens({ model, options }: Call, losses: Losses): number | undefined {
  const ceiling = model.maxTokens && model.maxTokens > 0 ? model.maxTokens : undefined
  if (options.maxTokens === undefined) return ceiling
  if (ceiling === undefined || options.maxTokens <= ceiling) return options.maxTokens
  losses.approximated("options.maxTokens", `The model makes at most ${ceiling} tokens.`)
  return ceiling
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

/** The budget, with room for the answer beside it: the limit is raised, and where that is not enough the budget lowered. */
function setBudget(asked: number, { model, options }: Call, plan: ThinkingPlan, losses: Losses): number {
  const budget = Math.max(MIN_BUDGET, Math.floor(asked))
  if (budget > asked)
    losses.approximated("options.thinkingBudget", `The model takes no fewer than ${MIN_BUDGET} tokens.`)
  const limit = plan.maxTokens ?? DEFAULT_MAX_TOKENS
  plan.maxTokens = limit
  if (options.thinkingBudget !== undefined && options.maxTokens !== undefined && budget < limit) return budget
  if (limit >= budget + ANSWER_TOKENS) return budget
  const raised = Math.min(model.maxTokens ?? Math.max(DEFAULT_MAX_TOKENS, limit), budget + ANSWER_TOKENS)
  if (raised > limit) {
    plan.maxTokens = raised
    if (options.maxTokens !== undefined) {
      losses.approximated("options.maxTokens", "Raised, so that the answer has room beside the thinking.")
    }
  }
  if (plan.maxTokens >= budget + ANSWER_TOKENS) return budget
  for (const answer of [ANSWER_TOKENS, MIN_ANSWER_TOKENS]) {
    const left = plan.maxTokens - answer
    if (left < MIN_BUDGET) continue
    losses.approximated("options.thinkingBudget", `Lowered to ${left} tokens, so that the answer has room beside it.`)
    return left
  }
  throw new SluiceError({
    code: "invalid_request",
    param: "maxTokens",
    message: `maxTokens: ${plan.maxTokens} tokens are too few for an answer with thinking; the thinking alone takes ${MIN_BUDGET}.`,
    hint: 'Raise maxTokens or set reasoning to "off".',
  })
}
