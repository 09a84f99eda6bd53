import type { Watch } from "../contract/watch.ts"
import type { Timeouts } from "../model/options.ts"
import type { Clock } from "../contract/clock.ts"

/** Wait for the first real event, and between two of them. */
export const DEFAULT_TIMEOUTS: Required<Timeouts> = { firstEventMs: 300_000, idleMs: 300_000 }

/** How often the idle limit may be stretched by mere signs of life. */
const ALIVE_FACTOR = 3

/** Longest delay that timers take. */
const MAX_TIMER_MS = 2_147_483_647

/**
 * The limits for one try: the nearest that is set of call, host and default. The first event is never due sooner than
 * a later one would be, unless caller or host says so.
 */
export function resolveTimeouts(call: Timeouts | undefined, host: Timeouts | undefined): Required<Timeouts> {
  const idleMs = call?.idleMs ?? host?.idleMs ?? DEFAULT_TIMEOUTS.idleMs
  const said = call?.firstEventMs ?? host?.firstEventMs
  if (said !== undefined) return { firstEventMs: said, idleMs }
  return { firstEventMs: Math.max(DEFAULT_TIMEOUTS.firstEventMs, idleMs), idleMs }
}

/** Which limit ran out. */
export type Expired = "first-event" | "idle"

/**
 * The watchdogs of one try. Each try has its own, so that one that ran out does not stop the next.
 * One timer serves all waits; it is set anew only when it fires too early or would fire too late.
 */
export class Watchdog implements Watch {
  readonly #clock: Clock
  readonly #limits: Required<Timeouts>
  readonly #expire: (which: Expired, ms: number) => void
  #phase: Expired = "first-event"
  #remaining: number
  #deadline = 0
  #stretched = 0
  #active = false
  #timer: unknown
  #firesAt = 0
  #dead = false

  constructor(clock: Clock, limits: Required<Timeouts>, expire: (which: Expired, ms: number) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#expire = expire
    this.#remaining = limits.firstEventMs
  }

  waiting(): void {
    if (this.#dead || this.#active) return
    this.#active = true
    if (this.#limit() === 0) return
    this.#deadline = this.#clock.now() + this.#remaining
    if (this.#timer === undefined || this.#firesAt > this.#deadline) this.#arm(this.#remaining)
  }

  paused(): void {
    if (!this.#active) return
    this.#active = false
    if (this.#limit() > 0) this.#remaining = Math.max(0, this.#deadline - this.#clock.now())
  }

  progress(): void {
    this.#phase = "idle"
    this.#stretched = 0
    this.#renew()
  }

  alive(): void {
    if (this.#phase !== "idle") return
    const left = this.#active ? this.#deadline - this.#clock.now() : this.#remaining
    const used = this.#limits.idleMs - left
    if (used <= 0 || this.#stretched + used > this.#limits.idleMs * (ALIVE_FACTOR - 1)) return
    this.#stretched += used
    this.#renew()
  }

  /** Ends all waiting; nothing fires any more. */
  stop(): void {
    this.#dead = true
    this.#active = false
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #limit(): number {
    return this.#phase === "idle" ? this.#limits.idleMs : this.#limits.firstEventMs
  }

  #renew(): void {
    this.#remaining = this.#limits.idleMs
    if (!this.#active) return
    this.#active = false
    this.waiting()
  }

  #arm(ms: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#firesAt = this.#deadline
    this.#timer = this.#clock.setTimeout(this.#check, Math.min(ms, MAX_TIMER_MS))
  }

  readonly #check = (): void => {
    this.#timer = undefined
    if (this.#dead || !this.#active || this.#limit() === 0) return
    const left = this.#deadline - this.#clock.now()
    if (left > 0) this.#arm(left)
    else {
      this.stop()
      this.#expire(this.#phase, this.#limit())
    }
  }
}
