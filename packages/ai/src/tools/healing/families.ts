import type { HealingFamily, Model } from "@sluice/catalog/core"
import type { Context } from "../../model/message.ts"
import type { CallOptions } from "../../model/options.ts"

/** The families that hold tool calls. */
const CALLS: ReadonlySet<HealingFamily> = new Set(["kimi", "dsml", "glm", "hermes", "minimax", "harmony", "planning"])

/** What healing looks at in a call. */
export interface HealingCall {
  model: Pick<Model, "compat">
  options: CallOptions
  context: Context
}

/**
 * The markup that is read in the answer to a call: what the model and its host are known for, less what could not have
 * been meant or must not be touched.
 *
 * - Calls are read only where tools are offered and may be called.
 * - With log probabilities nothing is read: they belong to the text as it came.
 * - Where the answer's text has a format, only thinking and calls are read, and those only before it begins (`headOnly`).
 */
export function healingOf({ model, options, context }: HealingCall): {
  families: readonly HealingFamily[]
  headOnly: boolean
} {
  const headOnly = options.output !== undefined && options.output.type !== "text"
  const known = model.compat.heal
  if (!known || options.healing === false || options.logprobs) return { families: [], headOnly }
  const calls = (context.tools?.length ?? 0) > 0 && options.toolChoice !== "none"
  const families = known.filter((family) => {
    // An answer that is to be JSON may well begin like these.
    if (headOnly && (family === "control-tokens" || family === "planning")) return false
    return calls || !CALLS.has(family)
  })
  return { families, headOnly }
}

/**
 * Whether the answer of a host may not be passed on as it comes: the model, or the host, is known to leak more than
 * tags of thinking, which any host may do and which a client of the same API would get from the host itself.
 */
export function needsHealing(call: HealingCall): boolean {
  return healingOf(call).families.some((family) => family !== "thinking")
}
