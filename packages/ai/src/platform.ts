import type { Clock } from "./contract/clock.ts"
import type { Mint } from "./contract/wire-client.ts"

/** The one place where the library touches what it runs on: clock, timers, randomness, environment. */

/** Longest delay that timers take: almost 25 days. */
const MAX_TIMER_MS = 2_147_483_647

/** The runtime's own clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // A longer delay than timers take would be none at all.
  setTimeout: (run, ms) => setTimeout(run, Math.min(ms, MAX_TIMER_MS)),
  clearTimeout: (timer) => clearTimeout(timer as number),
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/** Random bytes are fetched for many ids at once. */
const pool = new Uint8Array(24 * 64)
let unused = 0

/** Ids from the runtime's source of randomness: 24 characters, of which each carries almost six bits. */
export const systemMint: Mint = {
  id(prefix) {
    if (unused === 0) {
      crypto.getRandomValues(pool)
      unused = pool.length
    }
    let id = prefix
    for (let i = 0; i < 24; i++) id += ALPHABET[(pool[--unused] as number) % ALPHABET.length]
    return id
  },
  now: () => Date.now(),
}

/** A variable of the process's environment, where there is one. */
export function environment(name: string): string | undefined {
  const host = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return host.process?.env?.[name]
}
