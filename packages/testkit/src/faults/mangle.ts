import type { Rate } from "../loopback.ts"
import { wait } from "../wait.ts"

/** What goes wrong with the bytes of an answer. Offsets count the bytes of the upstream from 0. */
export interface ByteFaults {
  /** The connection is closed there: by a reset, or by a plain end (default). */
  cut?: { at: number; how?: "reset" | "end" }
  /** Silence for `ms`, default for ever. */
  stall?: { at: number; ms?: number }
  /** Bytes that the upstream did not send; with `border` they wait for the next blank line. */
  garbage?: { at: number; bytes: string | Uint8Array; border?: boolean }
  /** How fast the answer is read from the upstream and passed on. */
  slow?: Rate
}

/** How passing an answer on ended. */
export interface Mangled {
  outcome: "end" | "cut"
  /** Bytes of the upstream that were passed on. */
  bytes: number
}

const LF = 0x0a
const CR = 0x0d

/** Passes bytes on and does what the plan says on the way. */
export async function mangle(
  source: AsyncIterable<Uint8Array>,
  faults: ByteFaults,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<Mangled> {
  let { cut, stall, garbage } = faults
  const { slow } = faults
  let at = 0
  let breaks = 0

  /** Does what is due at `at`; true when the connection is to be cut. */
  const due = async (): Promise<boolean> => {
    if (garbage && at >= garbage.at && (!garbage.border || (at > 0 && breaks >= 2))) {
      const { bytes } = garbage
      garbage = undefined
      await write(typeof bytes === "string" ? Buffer.from(bytes) : bytes)
    }
    if (stall && at >= stall.at) {
      const { ms } = stall
      stall = undefined
      await wait(ms ?? Infinity, signal)
    }
    return cut !== undefined && at >= cut.at
  }

  /** Where the next thing may happen within a chunk; its length when nothing does. */
  const next = (chunk: Uint8Array, from: number): number => {
    let to = slow ? Math.min(chunk.length, from + slow.bytes) : chunk.length
    for (const fault of [cut, stall, garbage]) {
      if (fault && fault.at > at) to = Math.min(to, from + fault.at - at)
    }
    if (!garbage?.border || at < garbage.at) return to
    for (let n = from; n < to; n++) {
      const byte = chunk[n]
      if (byte === LF) breaks++
      else if (byte !== CR) breaks = 0
      if (breaks >= 2) return n + 1
    }
    return to
  }

  if (await due()) return { outcome: "cut", bytes: at }
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length;) {
      const to = next(chunk, from)
      await write(chunk.subarray(from, to))
      at += to - from
      from = to
      if (slow) await wait(slow.everyMs, signal)
      if (await due()) return { outcome: "cut", bytes: at }
    }
  }
  return { outcome: "end", bytes: at }
}
