import { EFFORTS, type Effort } from "@sluice/catalog/core"

/** Tokens that stand for a level where a caller names a budget and the model knows only levels. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  minimal: 1024,
  low: 4096,
  medium: 8192,
  high: 16384,
  xhigh: 32768,
  max: 65536,
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

/** The level that a budget of tokens stands for. */
export function effortOf(budget: number): Effort | "off" {
  if (budget <= 0) return "off"
  return EFFORTS.find((effort) => budget <= BUDGETS[effort]) ?? "max"
}

/** Whether a word is one of our levels. */
export function isEffort(word: string | undefined): boolean {
  return (EFFORTS as readonly (string | undefined)[]).includes(word)
}
