import { SluiceError } from "@sluice/ai"
import { SharedWork } from "./shared-work.ts"

/** What is good for a time: keys or a token, or a whole credential. */
export interface Perishable {
  /** Milliseconds since 1970. Absent: no end is known. */
  expiresAt?: number
}

/** What a keeper goes by. */
export interface KeeperOptions {
  /** Milliseconds since 1970. */
  now: () => number
  /** How long before its end another one is got, in milliseconds. */
  skewMs: number
}

/** Longest time that getting another one may take. */
const BOUND_MS = 30_000

/**
 * Keeps what one account is called with and gets another one in time. Callers that need one at once share one search,
 * which the abort of none of them ends.
 */
export class Keeper<T extends Perishable> {
  readonly #now: () => number
  readonly #skewMs: number
  readonly #work: SharedWork<T>
  #held: T | undefined

  constructor(load: (signal: AbortSignal) => Promise<T>, { now, skewMs }: KeeperOptions) {
    this.#now = now
    this.#skewMs = skewMs
    this.#work = new SharedWork(
      async (signal) => {
        this.#held = await load(signal)
        return this.#held
      },
      { boundMs: BOUND_MS, abandon: false },
    )
  }

  /** One that is good for a while. One that is about to end is better than none where no other can be had just now. */
  async take(signal?: AbortSignal): Promise<T> {
    const held = this.#held
    const left = held ? (held.expiresAt ?? Number.POSITIVE_INFINITY) - this.#now() : 0
    if (held && left > this.#skewMs) return held
    try {
      return await this.#work.join(signal)
    } catch (error) {
      const passing = SluiceError.is(error) && error.retryable
      if (held && left > 0 && passing && !signal?.aborted && this.#held === held) return held
      throw error
    }
  }

  /** A host refused this one: it is not given out again unless it is got again. */
  drop(refused: T): void {
    if (this.#held === refused) this.#held = undefined
  }
}
