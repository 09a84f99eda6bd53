/** How hard a model is asked to think, from least to most. */
export type Effort = "minimal" | "low" | "medium" | "high" | "xhigh" | "max"

/** The efforts in ascending order. */
export const EFFORTS: readonly Effort[] = ["minimal", "low", "medium", "high", "xhigh", "max"]

/**
 * How a model's thinking is asked for.
 *
 * - `effort`: a named level in a field of the wire;
 * - `budget`: a number of tokens;
 * - `adaptive`: the model decides, a level steers it;
 * - `budget-effort`: a number of tokens beside a level.
 */
export type ThinkingMode = "effort" | "budget" | "adaptive" | "budget-effort"

/** The thinking ladder of one model. A model without one does not think, or nothing is known of it. */
export interface ThinkingLadder {
  mode: ThinkingMode
  /** Levels that the model takes, ascending. */
  efforts: readonly Effort[]
  /** Spelling of a level on the wire where it differs from ours. */
  effortMap?: Readonly<Partial<Record<Effort, string>>>
  /** Token budget of a level, for the modes with a budget. */
  budgets?: Readonly<Partial<Record<Effort, number>>>
  /** The model thinks whether it is asked to or not; "off" is its lowest level. */
  mandatory?: boolean
  /** The wire's field that asks for visible thinking (`thinking.display`) is accepted. */
  display?: boolean
}
