import type { Clock } from "../contract/clock.ts"

/** Waits, and ends early with the signal's reason as a rejection. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const timer = clock.setTimeout(() => {
      signal.removeEventListener("abort", stop)
      resolve()
    }, ms)
    const stop = (): void => {
      clock.clearTimeout(timer)
      reject(signal.reason as Error)
    }
    signal.addEventListener("abort", stop, { once: true })
  })
}
