import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Obj } from "./types.ts"

/** An answer that met its cap with nothing in it: the prompt had taken the whole window. */
export const EMPTY_LENGTH: ErrorFacts = {
  is: "context_overflow",
  message: "The prompt filled the context window: the host ended the answer before its first token.",
}

/**
 * Whether an empty answer that met a cap met the window's: not where it is as long as was asked for, as the beginning of
 * a thinking or a call may be that was not finished.
 */
export function isOverflow({ eval_count: count }: Obj, cap: number | undefined): boolean {
  return cap === undefined || typeof count !== "number" || count < cap
}

/** The failure of a host that put the model into its memory, or out of it, instead of asking it. */
export function noAnswer(reason: unknown): ErrorFacts | undefined {
  if (reason !== "load" && reason !== "unload") return undefined
  return { is: "empty_response", message: `The host answered with "${reason}" and no answer.` }
}
