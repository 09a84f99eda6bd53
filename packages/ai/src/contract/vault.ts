import type { Model } from "@sluice/catalog/core"
import type { AssistantMessage, Context, Loss } from "../model/message.ts"
import type { Traits } from "./wire-client.ts"

/**
 * Keeps what only its maker can read of an answer (signed and hidden thinking, signatures, encrypted items), and
 * thinking in the open, for histories that come back without it.
 *
 * What it throws is swallowed: a call goes on without. One vault is of one client; it never gives out what another
 * one's answers held.
 */
export interface ReasoningVault {
  /**
   * Finds what answers of a conversation lack and any of these models made. `undefined` where nothing is missing or
   * nothing is kept.
   */
  find(context: Context, models: readonly Model[]): Restoration | undefined | Promise<Restoration | undefined>
  /**
   * Keeps what an answer held. The end of the answer waits for it, so that the next request finds it.
   *
   * @param context the conversation that was answered, as the caller gave it
   */
  keep(context: Context, answer: AssistantMessage): void | Promise<void>
}

/**
 * A conversation with what a model made put back into its answers, before it is handed over; each answer is named.
 * The same conversation always gives the same result. Messages in which nothing was missing stay the same objects.
 */
export type Restoration = (
  context: Context,
  model: Model,
  traits: Traits,
) => { context: Context; losses: readonly Loss[] }
