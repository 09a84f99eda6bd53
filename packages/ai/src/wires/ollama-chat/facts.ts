import type { Facts } from "../../contract/frame.ts"

/** Names of what is learned about a host and model from refusals. Each is of one model. */
const FACT = {
  noThinking: "ollama-chat.noThinking",
  noThinkingLevels: "ollama-chat.noThinkingLevels",
} as const

export type FactName = keyof typeof FACT

/** Whether a refusal was learned about this model. */
export function learned({ known, model }: { known: Facts; model: { id: string } }, name: FactName): boolean {
  return known[`${FACT[name]}:${model.id}`] === true
}

/** What is to be remembered of a refusal: other models of the same host may take what this one does not. */
export function factOf(name: FactName, model: { id: string }): Facts {
  return { [`${FACT[name]}:${model.id}`]: true }
}
