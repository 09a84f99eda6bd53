import type { Model } from "@sluice/catalog/core"
import type { Route } from "../contract/route.ts"
import type { Mint, Traits } from "../contract/wire-client.ts"
import type { SluiceError } from "../model/errors.ts"
import type { AttemptRecord, Context, Loss } from "../model/message.ts"
import type { CallOptions, Observers, RetryOptions, Timeouts } from "../model/options.ts"
import type { Clock } from "../contract/clock.ts"
import type { Known } from "./known.ts"

/** Makes a conversation fit for a target: what the target cannot read is changed and named. */
export type Handoff = (context: Context, model: Model, traits: Traits) => { context: Context; losses: readonly Loss[] }

/** What one call brings to the loop. */
export interface AttemptInput {
  context: Context
  options: CallOptions
  /** Whether the answer is asked for as a stream. */
  stream: boolean
  signal?: AbortSignal | undefined
  timeouts?: Timeouts | undefined
  retry?: RetryOptions | undefined
  /** Content that was shown may be made anew, as long as no tool call is finished. Default false. */
  restarts?: boolean | undefined
  observers: Observers
  clock: Clock
  /** A number from 0 up to 1, for the spread of waits. */
  random(): number
  mint: Mint
  known: Known
  handoff: Handoff
}

/** How a call ended, and what was tried before. */
export type AttemptOutcome<T> = { attempts: readonly AttemptRecord[] } & (
  | { ok: true; value: T; route: Route }
  | { ok: false; error: SluiceError }
)
