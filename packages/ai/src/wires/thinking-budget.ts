import type { Call } from "../contract/wire-client.ts"
import { SluiceError } from "../model/errors.ts"
import type { Losses } from "../model/losses.ts"

/** Most tokens of an answer where the model's own limit is not known. */
export const DEFAULT_MAX_TOKENS = 64_000

/** Least budget that Claude takes, and the room that its answer needs beside it. */
const MIN_BUDGET = 1024
const ANSWER_TOKENS = 4000
const MIN_ANSWER_TOKENS = 1024

/** Most tokens of an answer, as the caller has it or else the model; `undefined` where neither says. */
export function cappedTokens({ model, options }: Call, losses: Losses): number | undefined {
  const ceiling = model.maxTokens && model.maxTokens > 0 ? model.maxTokens : undefined
  if (options.maxTokens === undefined) return ceiling
  if (ceiling === undefined || options.maxTokens <= ceiling) return options.maxTokens
  losses.approximated("options.maxTokens", `The model makes at most ${ceiling} tokens.`)
  return ceiling
}

/**
 * A budget of tokens for Claude's thinking with room for the answer beside it: a limit of the answer that is too small
 * is raised up to the model's, and where that is not enough the budget is lowered. A caller who gave both numbers, and
 * fitting ones, gets them as they are.
 *
 * @param limit most tokens of the answer, thinking included
 * @throws SluiceError `invalid_request` where there is no room for an answer
 * @see https://platform.claude.com/docs/en/build-with-claude/extended-thinking
 */
export function fittedBudget(
  asked: number,
  limit: number,
  { model, options }: Call,
  losses: Losses,
): { budget: number; maxTokens: number } {
  const budget = Math.max(MIN_BUDGET, Math.floor(asked))
  if (budget > asked) {
    losses.approximated("options.thinkingBudget", `The model takes no fewer than ${MIN_BUDGET} tokens.`)
  }
  const bothGiven = options.thinkingBudget !== undefined && options.maxTokens !== undefined
  const needed = budget + ANSWER_TOKENS
  if ((bothGiven && budget < limit) || limit >= needed) return { budget, maxTokens: limit }
  const raised = Math.min(model.maxTokens ?? Math.max(DEFAULT_MAX_TOKENS, limit), needed)
  if (raised > limit && options.maxTokens !== undefined) {
    losses.approximated("options.maxTokens", "Raised, so that the answer has room beside the thinking.")
  }
  const maxTokens = Math.max(limit, raised)
  if (maxTokens >= needed) return { budget, maxTokens }
  const left = lowered(maxTokens)
  losses.approximated("options.thinkingBudget", `Lowered to ${left} tokens, so that the answer has room beside it.`)
  return { budget: left, maxTokens }
}

function lowered(limit: number): number {
  for (const answer of [ANSWER_TOKENS, MIN_ANSWER_TOKENS]) if (limit - answer >= MIN_BUDGET) return limit - answer
  throw new SluiceError({
    code: "invalid_request",
    param: "maxTokens",
    message: `maxTokens: ${limit} tokens are too few for an answer with thinking; the thinking alone takes ${MIN_BUDGET}.`,
    hint: 'Raise maxTokens or set reasoning to "off".',
  })
}
