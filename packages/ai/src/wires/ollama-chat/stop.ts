import type { ErrorFacts } from "../../contract/error-facts.ts"

/** An answer that met its cap with nothing in it: the prompt had taken the whole window. */
export const EMPTY_LENGTH: ErrorFacts = {
  is: "context_overflow",
  message: "The prompt filled the context window: the host ended the answer before its first token.",
}

/** The failure of a host that put the model into its memory, or out of it, instead of asking it. */
export function noAnswer(reason: unknown): ErrorFacts | undefined {
  if (reason !== "load" && reason !== "unload") return undefined
  return { is: "empty_response", message: `The host answered with "${reason}" and no answer.` }
}
