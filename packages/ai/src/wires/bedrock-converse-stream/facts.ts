import type { Facts } from "../../contract/frame.ts"

/** Names of what is learned about a host or session from its refusals. The value is `true`. */
export const FACT = {
  noCachePoints: "bedrock-converse-stream.noCachePoints",
  noHourCache: "bedrock-converse-stream.noHourCache",
  noForcedTool: "bedrock-converse-stream.noForcedTool",
  noStructuredOutput: "bedrock-converse-stream.noStructuredOutput",
  noStrictTools: "bedrock-converse-stream.noStrictTools",
  noSystem: "bedrock-converse-stream.noSystem",
  noThinkingReplay: "bedrock-converse-stream.noThinkingReplay",
  noResultStatus: "bedrock-converse-stream.noResultStatus",
  oneSampling: "bedrock-converse-stream.oneSampling",
} as const

export type FactName = keyof typeof FACT

/** Whether a refusal was learned. */
export function learned(known: Facts, name: FactName): boolean {
  return known[FACT[name]] === true
}
