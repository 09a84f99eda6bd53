/** The promise's outcome, or the signal's reason as soon as it is aborted: what is waited for may ignore its signal. */
export function unlessAborted<T>(waited: T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const stop = (): void => reject(signal.reason as Error)
    signal.addEventListener("abort", stop, { once: true })
    Promise.resolve(waited)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop))
  })
}

/** The same for something that must be let go if it comes too late. */
export function takenUnlessAborted<T>(waited: Promise<T>, signal: AbortSignal, letGo: (late: T) => void): Promise<T> {
  let late = false
  void waited.then(
    (value) => {
      if (late) letGo(value)
    },
    () => {},
  )
  return unlessAborted(waited, signal).catch((error: unknown) => {
    late = true
    throw error
  })
}
