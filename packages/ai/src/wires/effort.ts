import { EFFORTS, type Effort, type ThinkingLadder } from "@sluice/catalog/core"
import type { CallOptions } from "../model/options.ts"

/** Tokens that stand for a level, and the level for them, where a model's ladder does not say. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  minimal: 1024,
  low: 4096,
  medium: 8192,
  high: 16384,
  xhigh: 32768,
  max: 32768,
}

/** The level that is nearest to `wanted`; of two that are as near the higher one. `undefined` where there is none. */
export function nearestEffort(wanted: Effort, allowed: readonly Effort[]): Effort | undefined {
  const at = EFFORTS.indexOf(wanted)
  let best: Effort | undefined
  for (const effort of allowed) {
    if (best === undefined) best = effort
    else {
      const distance = Math.abs(EFFORTS.indexOf(effort) - at)
      const known = Math.abs(EFFORTS.indexOf(best) - at)
      if (distance < known || (distance === known && EFFORTS.indexOf(effort) > EFFORTS.indexOf(best))) best = effort
    }
  }
  return best
}

/**
 * The level that a caller wants, out of level and budget; `undefined` where nothing was said. No tokens to think with
 * are no thinking, whatever the level.
 */
export function askedEffort({
  reasoning,
  thinkingBudget,
}: Pick<CallOptions, "reasoning" | "thinkingBudget">): Effort | "off" | undefined {
  if (thinkingBudget === undefined || reasoning === "off") return reasoning
  return thinkingBudget <= 0 ? "off" : (reasoning ?? effortOf(thinkingBudget))
}

/** A budget, or a level, that says nothing beside what switches thinking off. */
export function loseBesideOff(
  { reasoning, thinkingBudget = 0 }: Pick<CallOptions, "reasoning" | "thinkingBudget">,
  lose: (field: string, reason: string) => void,
): void {
  if (reasoning === "off" && thinkingBudget > 0) lose("options.thinkingBudget", "Thinking is off.")
}

/** Tokens to think with at a level. */
export function budgetOf(level: Effort, { budgets }: ThinkingLadder): number {
  return budgets?.[level] ?? BUDGETS[level]
}

/** The level that a budget of tokens stands for. */
export function effortOf(budget: number): Effort | "off" {
  if (budget <= 0) return "off"
  return EFFORTS.find((effort) => budget <= BUDGETS[effort]) ?? "max"
}

/** Whether a word is one of our levels. */
export function isEffort(word: string | undefined): boolean {
  return (EFFORTS as readonly (string | undefined)[]).includes(word)
}
