import type { Facts } from "../../contract/frame.ts"

/** Names of what is learned about a host or session from its refusals. The value is `true`. */
export const FACT = {
  noCallIds: "google-generative-ai.noCallIds",
  noSignatures: "google-generative-ai.noSignatures",
  needsSignatures: "google-generative-ai.needsSignatures",
  noJsonSchema: "google-generative-ai.noJsonSchema",
  noStructuredOutput: "google-generative-ai.noStructuredOutput",
  noOutputWithTools: "google-generative-ai.noOutputWithTools",
  noSystemInstruction: "google-generative-ai.noSystemInstruction",
  noStreamArguments: "google-generative-ai.noStreamArguments",
  noThinkingOff: "google-generative-ai.noThinkingOff",
  noThinking: "google-generative-ai.noThinking",
  noThinkingLevel: "google-generative-ai.noThinkingLevel",
  noPenalties: "google-generative-ai.noPenalties",
  noLogprobs: "google-generative-ai.noLogprobs",
  noServiceTier: "google-generative-ai.noServiceTier",
} as const

export type FactName = keyof typeof FACT

/** Whether a refusal was learned. */
export function learned(known: Facts, name: FactName): boolean {
  return known[FACT[name]] === true
}
