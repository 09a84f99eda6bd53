/** Waits; ends early by throwing the signal's reason. `Infinity` waits for the signal alone. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error)
      return
    }
    let timer: NodeJS.Timeout | undefined
    const aborted = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    signal.addEventListener("abort", aborted, { once: true })
    if (ms === Infinity) return
    timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted)
      resolve()
    }, ms)
  })
}
