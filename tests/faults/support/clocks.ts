import type { Clock } from "@sluice/ai"

/** The system's clock, which knows how many timers are pending. */
export interface CountingClock extends Clock {
  readonly pending: number
}

export function countingClock(): CountingClock {
  const timers = new Set<unknown>()
  return {
    now: Date.now,
    setTimeout(run, ms) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, ms)
      timers.add(timer)
      return timer
    },
    clearTimeout(timer) {
      timers.delete(timer)
      clearTimeout(timer as NodeJS.Timeout)
    },
    get pending() {
      return timers.size
    },
  }
}

/** A clock on which waits between tries pass at once. */
export interface FastClock extends Clock {
  /** What was waited, in milliseconds. */
  waits: number[]
  readonly pending: number
}

/** Limits that guard a wait for the host, and so must not run out at once: of events, of error bodies, of late usage. */
const GUARDS = new Set([300_000, 10_000, 2500])
/** How long more may come behind what looks like the end; it passes as on any clock, for some hosts never close. */
const GRACE_MS = 1600

export function fastClock(start: number = Date.UTC(2026, 0, 1)): FastClock {
  let now = start
  const timers = new Map<number, (() => void) | undefined>()
  let next = 0
  const waits: number[] = []
  return {
    now: () => now,
    setTimeout(run, ms) {
      const id = next++
      if (GUARDS.has(ms)) {
        timers.set(id, undefined)
        return id
      }
      const pass = (): void => {
        timers.delete(id)
        now += ms
        run()
      }
      if (ms === GRACE_MS) {
        const timer = setTimeout(pass, ms)
        timers.set(id, () => clearTimeout(timer))
        return id
      }
      waits.push(ms)
      const timer = setImmediate(pass)
      timers.set(id, () => clearImmediate(timer))
      return id
    },
    clearTimeout(id) {
      timers.get(id as number)?.()
      timers.delete(id as number)
    },
    waits,
    get pending() {
      return timers.size
    },
  }
}
