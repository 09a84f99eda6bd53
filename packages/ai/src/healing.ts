/**
 * Reading what models wrote as text and meant as something else.
 *
 * The wires for Chat Completions and for Ollama's API heal by themselves, and so do all of `@sluice/ai/auto`. Programs
 * that name another wire wrap it.
 *
 * @module
 */
import type { WireClient } from "./contract/wire-client.ts"
import { healed } from "./tools/healing/healed-sink.ts"

export { type HealingCall, needsHealing } from "./tools/healing/families.ts"

/**
 * A wire whose answers are healed where the model's entry says that its host lets markup through (`compat.heal`).
 *
 * @example
 * const wire = healing(anthropicMessages)
 */
export function healing(wire: WireClient): WireClient {
  return { ...wire, decoder: (call, head, out) => wire.decoder(call, head, healed(call, out)) }
}
