import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { brokenChain, chainingOf } from "./chain.ts"
import { WHITESPACE_LOOP } from "./whitespace-guard.ts"

/** How often a call that has become endless is asked for again, and how much longer is waited each time. */
const MAX_LOOPS = 2
const LOOP_WAIT_MS = 250
const AFTER_LOOP = "the same again, after an endless tool call"
const WHOLE = "with the whole conversation"
/** Words about the response that a request goes on from. */
const CHAIN = /previous[_ ]response/i
const LOST = /not found|invalid|expired|stale|unsupported|not supported/i
/** The host keeps nothing for this organisation. */
const NOTHING_KEPT = /zero[ -]data[ -]retention/i

/** How to ask once more, where nothing is wrong with what was asked. */
export function recovery(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return afterLoop(error, past) ?? withoutChain(error, call)
}

/** An endless call: the same again, in the hope that the model finds its way. What was made of the call is dropped. */
function afterLoop(error: SluiceError, past: readonly Attempt[]): Adaptation | undefined {
  if (error.type !== WHITESPACE_LOOP || error.delivered === "final") return undefined
  const before = past.filter(({ change }) => change === AFTER_LOOP).length
  if (before >= MAX_LOOPS) return undefined
  return { change: AFTER_LOOP, channel: "reopen", waitMs: LOOP_WAIT_MS * (before + 1) }
}

/** The response that the request went on from is not there any more, or is not kept at all. */
function withoutChain(error: SluiceError, call: Call): Adaptation | undefined {
  const chaining = chainingOf(call)
  if (!chaining || error.delivered !== "nothing" || error.scope === "local") return undefined
  const forGood = NOTHING_KEPT.test(error.message)
  const stale =
    chaining.previous !== undefined &&
    (error.code === "state_lost" || (CHAIN.test(error.message) && LOST.test(error.message)) || blocks(error))
  if (!stale && !(forGood && chaining.where === "session")) return undefined
  if (chaining.where === "channel") return { change: WHOLE, channel: "reopen" }
  return { change: WHOLE, learn: { where: "session", facts: brokenChain(call, forGood) } }
}

/** A prompt that was refused may be one that this request alone does not show. */
function blocks({ type, message }: SluiceError): boolean {
  return type === "invalid_prompt" || /request (?:was )?blocked/i.test(message)
}
