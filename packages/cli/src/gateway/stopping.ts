import { EXIT } from "../failure.ts"
import type { Io, StopSignal } from "../io.ts"

const SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"]

/** Resolves with the first signal to stop. A further one, which comes while things are being closed, ends the process. */
export function untilStopped(io: Io): Promise<StopSignal> {
  return new Promise((resolve) => {
    let stopping = false
    for (const signal of SIGNALS) {
      io.onSignal(signal, () => {
        if (stopping) io.exit(signal === "SIGINT" ? EXIT.interrupted : 143)
        stopping = true
        resolve(signal)
      })
    }
  })
}
