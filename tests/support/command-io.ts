import { PassThrough, Readable } from "node:stream"
import type { Input, Io, Output, StopSignal } from "../../packages/cli/src/io.ts"

/** A process that a command can run in, without being one. */
export interface TestIo extends Io {
  /** What was written so far. */
  out(): string
  err(): string
  /** Sends a signal to whoever listens. */
  signal(signal: StopSignal): void
  /** Exit codes that were asked for. */
  readonly exits: number[]
}

/** What the process is like; by default nobody sits at it, nothing is piped in, and its environment is empty. */
export interface TestIoOptions {
  stdin?: string | Input
  /** People sit at both outputs. */
  tty?: boolean
  env?: Record<string, string>
  cwd?: string
  home?: string
  platform?: NodeJS.Platform
}

export function testIo(options: TestIoOptions = {}): TestIo {
  const stdout = collector(options.tty)
  const stderr = collector(options.tty)
  const listeners = new Map<StopSignal, Set<() => void>>()
  const exits: number[] = []
  const { stdin = "" } = options
  return {
    stdin: typeof stdin === "string" ? Readable.from([Buffer.from(stdin)]) : stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    cwd: options.cwd ?? "/nowhere",
    home: options.home ?? "/nowhere",
    platform: options.platform ?? "linux",
    onSignal(signal, listener) {
      const set = listeners.get(signal) ?? new Set()
      listeners.set(signal, set.add(listener))
      return () => set.delete(listener)
    },
    exit: (code) => void exits.push(code),
    out: stdout.text,
    err: stderr.text,
    signal: (signal) => listeners.get(signal)?.forEach((listener) => listener()),
    exits,
  }
}

/** A terminal's keyboard: what is pushed was typed. */
export function keyboard(): PassThrough & { isTTY: true } {
  return Object.assign(new PassThrough(), { isTTY: true as const })
}

function collector(isTTY = false): { stream: Output; text(): string } {
  let text = ""
  const stream: Output = new PassThrough()
  stream.on("data", (piece: Buffer) => (text += piece.toString("utf8")))
  stream.isTTY = isTTY
  return { stream, text: () => text }
}
