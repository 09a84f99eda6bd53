import type { SluiceError } from "../model/errors.ts"
import type { Adaptation } from "../contract/wire-client.ts"
import type { RetryOptions } from "../model/options.ts"

/** Bounds unless the caller sets others. */
export const DEFAULT_RETRY: Required<RetryOptions> = {
  maxAttempts: 6,
  maxDelayMs: 60_000,
  maxTotalDelayMs: 180_000,
  baseDelayMs: 500,
}

/** Longest wait of our own where the host gives no hint. */
const MAX_CURVE_MS = 8_000
/** Changes of credential within one call. */
const MAX_CREDENTIALS = 64
/** Adaptations within one call. */
const MAX_ADAPTATIONS = 16
/** Repetitions of an empty answer. */
const MAX_EMPTY = 2

/** Counts what one call may still spend on trying again. */
export class Budget {
  #bounds: Required<RetryOptions>
  readonly #own: RetryOptions | undefined
  readonly #random: () => number
  #tries = 0
  #waits = 0
  #waitedMs = 0
  #credentials = 0
  #adaptations = 0
  /** Tries that failed with their connection, and were made again over another one. */
  #connections = 0
  #empty = 0
  #network = 0

  constructor(options: RetryOptions | undefined, random: () => number) {
    this.#own = options
    this.#bounds = { ...DEFAULT_RETRY, ...options }
    this.#random = random
  }

  /** The bounds that a host has where the call sets none. */
  over(host: RetryOptions | undefined): void {
    this.#bounds = { ...DEFAULT_RETRY, ...host, ...this.#own }
  }

  /** Another try has begun. */
  tried(): void {
    this.#tries++
  }

  /** A new route has a curve of its own; what was waited in all stays counted. */
  rerouted(): void {
    this.#waits = 0
    this.#tries = 0
    this.#connections = 0
    this.#empty = 0
    this.#network = 0
  }

  /**
   * Whether an adaptation may be made. What changes the connection alone does not count as a try of what is asked for;
   * where the call itself sets bounds, it stays within them all the same.
   */
  mayAdapt({ channel, waitMs = 0 }: Pick<Adaptation, "channel" | "waitMs">): boolean {
    const { maxAttempts, maxTotalDelayMs } = this.#own ?? {}
    this.#connections += channel === undefined ? 0 : 1
    if (channel !== undefined && maxAttempts !== undefined && this.#tries >= maxAttempts) return false
    if (maxTotalDelayMs !== undefined && maxTotalDelayMs > 0 && this.#waitedMs + waitMs > maxTotalDelayMs) return false
    if (this.#adaptations++ >= MAX_ADAPTATIONS) return false
    this.#waitedMs += this.#own ? waitMs : 0
    return true
  }

  mayReplaceCredential(): boolean {
    return this.#credentials++ < MAX_CREDENTIALS
  }

  /** Whether an empty answer would be asked for once more. */
  get repeatsEmpty(): boolean {
    return this.#empty < MAX_EMPTY && this.#tries < this.#bounds.maxAttempts
  }

  /**
   * How long to wait before the same request is sent again; `undefined` when it must not be: the tries are used up,
   * the host asks for longer than allowed, or the total would be exceeded.
   */
  waitFor(error: SluiceError): number | undefined {
    const { maxAttempts, maxDelayMs, maxTotalDelayMs, baseDelayMs } = this.#bounds
    const own = this.#own?.maxAttempts !== undefined
    if (this.#tries - (own ? 0 : this.#connections) >= maxAttempts) return undefined
    if (error.code === "empty_response" && this.#empty++ >= MAX_EMPTY) return undefined
    const hint = error.retryAfterMs ?? 0
    if (maxDelayMs > 0 && hint > maxDelayMs) return undefined
    // A pooled connection that the host had closed fails at once and is replaced at once.
    const first = error.code === "network" && this.#network++ === 0 && hint === 0
    const curve = first ? 0 : Math.min(baseDelayMs * 2 ** this.#waits++, MAX_CURVE_MS)
    const ms = Math.max(hint, Math.round(curve * (1 - 0.25 * this.#random())))
    if (maxTotalDelayMs > 0 && this.#waitedMs + ms > maxTotalDelayMs) return undefined
    this.#waitedMs += ms
    return ms
  }
}
