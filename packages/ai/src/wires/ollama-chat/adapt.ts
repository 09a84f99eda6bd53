import type { Adaptation, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { facts as wire, learned, type FactName } from "./facts.ts"
import { encode } from "./request.ts"
import { isObject } from "./types.ts"

/** What a refusal looks like, and what is sent instead. */
const RULES: readonly { fact: FactName; change: string; refused: RegExp; sent(think: unknown): boolean }[] = [
  {
    fact: "noThinkingLevels",
    change: "thinking without a level",
    refused: /invalid think value|think value .{0,40}not supported|cannot unmarshal string into .{0,60}\bthink\b/i,
    sent: (think) => typeof think === "string",
  },
  {
    fact: "noThinking",
    change: "without thinking",
    refused: /does not support thinking|think value .{0,40}not supported|invalid think value/i,
    sent: (think) => think !== undefined,
  },
]

/** What to leave out of the next try, once each: the level of thinking, or the wish for it. */
export function adapt(error: SluiceError, call: Call): Adaptation | undefined {
  if (error.scope === "local" || (error.status !== undefined && error.status !== 400)) return undefined
  const rules = RULES.filter(({ refused }) => refused.test(error.message))
  if (rules.length === 0) return undefined
  const { body } = encode(call)
  const think = isObject(body) ? body["think"] : undefined
  const rule = rules.find(({ fact, sent }) => !learned(call, fact) && sent(think))
  return rule && { change: rule.change, learn: { where: "host", facts: { [wire.name(rule.fact)]: true } } }
}
