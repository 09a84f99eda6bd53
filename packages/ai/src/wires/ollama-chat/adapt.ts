import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, type Adaptable, changesBy, type RefusalRule } from "../adaptation.ts"
import { facts, type FactName } from "./facts.ts"
import { encode } from "./request.ts"

const RULES: readonly RefusalRule<FactName>[] = [
  {
    // Servers before the level came name the ones that they take.
    fact: "noThinkingMax",
    change: "thinking at the level high",
    refused: /invalid think value: "?max\b/i,
    sent: ({ think }) => think === "max",
  },
  {
    fact: "noThinkingLevels",
    change: "thinking without a level",
    refused: /invalid think value|think value .{0,40}not supported|cannot unmarshal string into .{0,60}\bthink\b/i,
    sent: ({ think }) => typeof think === "string",
  },
  {
    fact: "noThinking",
    change: "without thinking",
    refused: /does not support thinking|think value .{0,40}not supported|invalid think value/i,
    sent: ({ think }) => think !== undefined,
  },
]

const ADAPTABLE: Adaptable = {
  encode,
  facts,
  statuses: new Set([400]),
  ...changesBy(RULES),
}

/** What to leave out of the next try: the level of thinking, or the wish for it. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return adaptation(error, call, past, ADAPTABLE)
}
