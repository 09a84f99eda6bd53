const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * Runs something when this process ends, by itself or by a signal, so that no program that it started outlives it.
 * @returns Takes it back.
 */
export function atExit(run: () => void): () => void {
  const stop = (): never => {
    run()
    process.exit(1)
  }
  process.once("exit", run)
  for (const signal of SIGNALS) process.once(signal, stop)
  return () => {
    process.off("exit", run)
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}
