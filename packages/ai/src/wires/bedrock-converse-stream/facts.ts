import { wireFacts, type Knowing, type WireFacts } from "../facts.ts"
import { API } from "./types.ts"

/** What is learned about a host or session from its refusals. The value of each is `true`. */
export type FactName =
  | "noCachePoints"
  | "noHourCache"
  | "noForcedTool"
  | "noStructuredOutput"
  | "noStrictTools"
  | "noSystem"
  | "noServiceTier"
  | "noThinkingReplay"
  | "noResultStatus"
  | "oneSampling"

/** What was learned about hosts of this wire. */
export const facts: WireFacts = wireFacts(API)

/** Whether a refusal was learned. */
export function learned(call: Knowing, name: FactName): boolean {
  return facts.learned(call, name) === true
}
