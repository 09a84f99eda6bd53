import { SluiceError } from "@sluice/ai"
import { SharedWork } from "./shared-work.ts"

/** A bearer token and its end, in milliseconds since 1970. */
export interface GoogleToken {
  secret: string
  expiresAt: number
}

/** Longest time that getting a token may take. */
const BOUND_MS = 30_000

/**
 * Keeps one account's token and gets another one in time. Callers that need one at once share one request, which the
 * abort of none of them ends.
 */
export class TokenKeeper {
  readonly #now: () => number
  readonly #skewMs: number
  readonly #work: SharedWork<GoogleToken>
  #held: GoogleToken | undefined

  constructor(load: (signal: AbortSignal) => Promise<GoogleToken>, given: { now: () => number; skewMs: number }) {
    this.#now = given.now
    this.#skewMs = given.skewMs
    this.#work = new SharedWork(
      async (signal) => {
        this.#held = await load(signal)
        return this.#held
      },
      { boundMs: BOUND_MS, abandon: false },
    )
  }

  /** A token that is good for a while. One that is about to end is better than none where no other can be had. */
  async take(signal?: AbortSignal): Promise<GoogleToken> {
    const held = this.#held
    const left = held ? held.expiresAt - this.#now() : 0
    if (held && left > this.#skewMs) return held
    try {
      return await this.#work.join(signal)
    } catch (error) {
      const passing = SluiceError.is(error) && error.retryable
      if (held && left > 0 && passing && !signal?.aborted && this.#held === held) return held
      throw error
    }
  }

  /** A host refused this token: it is not given out again. */
  drop(secret: string): void {
    if (this.#held?.secret === secret) this.#held = undefined
  }
}
