import type { Facts } from "../../contract/frame.ts"

/** Names of what is learned about a host or session from its refusals. The value is `true`. */
export const FACT = {
  noStrictTools: "anthropic-messages.noStrictTools",
  noStructuredOutput: "anthropic-messages.noStructuredOutput",
  noUnsignedThinking: "anthropic-messages.noUnsignedThinking",
  noThinkingReplay: "anthropic-messages.noThinkingReplay",
  noFastMode: "anthropic-messages.noFastMode",
  noEffort: "anthropic-messages.noEffort",
  noContextManagement: "anthropic-messages.noContextManagement",
  noEagerToolInput: "anthropic-messages.noEagerToolInput",
} as const

export type FactName = keyof typeof FACT

/** Whether a refusal was learned. */
export function learned(known: Facts, name: FactName): boolean {
  return known[FACT[name]] === true
}
