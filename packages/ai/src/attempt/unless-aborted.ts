import type { Clock } from "../contract/clock.ts"

/**
 * Waits that a signal ends, for what may ignore that signal itself: a promise's outcome, or the signal's reason as soon
 * as it is aborted. One wait at a time; one listener serves them all, until `end`.
 */
export class Waits {
  readonly #signal: AbortSignal
  #stopped: { reason: unknown } | undefined
  #stop: ((reason: unknown) => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    if (signal.aborted) this.stop(signal.reason)
    else signal.addEventListener("abort", this.#onAbort, { once: true })
  }

  /** @param letGo takes what comes too late and must be let go */
  until<T>(waited: T | PromiseLike<T>, letGo?: (late: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let late = false
      const stop = (reason: unknown): void => {
        late = true
        reject(reason as Error)
      }
      if (this.#stopped) stop(this.#stopped.reason)
      else this.#stop = stop
      Promise.resolve(waited).then((value) => {
        if (late) letGo?.(value)
        else resolve(value)
      }, reject)
    })
  }

  /** Ends the wait that there is, and every later one. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason }
    this.#stop?.(this.#stopped.reason)
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.#signal.removeEventListener("abort", this.#onAbort)
  }

  readonly #onAbort = (): void => this.stop(this.#signal.reason)
}

/** A single wait. */
export async function unlessAborted<T>(
  waited: T | PromiseLike<T>,
  signal: AbortSignal,
  letGo?: (late: T) => void,
): Promise<T> {
  const waits = new Waits(signal)
  try {
    return await waits.until(waited, letGo)
  } finally {
    waits.end()
  }
}

/** A single wait for what a call can do without: `undefined` where it does not come in time, in milliseconds. */
export async function unlessLate<T>(
  waited: T | PromiseLike<T>,
  { ms, clock, signal }: { ms: number; clock: Clock; signal: AbortSignal },
): Promise<T | undefined> {
  let timer: unknown
  const late = new Promise<undefined>((resolve) => {
    timer = clock.setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await unlessAborted(Promise.race([waited, late]), signal)
  } finally {
    clock.clearTimeout(timer)
  }
}
