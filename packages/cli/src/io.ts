import { homedir } from "node:os"
import type { Readable, Writable } from "node:stream"

/** Standard input; `isTTY` is set where a person sits at it. */
export type Input = Readable & { isTTY?: boolean }

/** Standard output or standard error; `isTTY` is set where a person reads it. */
export type Output = Writable & { isTTY?: boolean; columns?: number }

/** A signal that a person or a service manager sends. */
export type StopSignal = "SIGINT" | "SIGTERM"

/** All that a command touches of the process it runs in, so that it can be run without one. */
export interface Io {
  stdin: Input
  stdout: Output
  stderr: Output
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  home: string
  platform: NodeJS.Platform
  /** Listens for a signal until the returned function is called. */
  onSignal(signal: StopSignal, listener: () => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
}

/** The streams, environment and signals of this process. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    platform: process.platform,
    onSignal(signal, listener) {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
    exit: (code) => process.exit(code),
  }
}

/** Writes and waits until the stream wants more, so that a slow reader slows the command and not its memory. */
export function write(stream: Output, text: string): Promise<void> | undefined {
  if (text === "" || stream.destroyed || stream.write(text)) return undefined
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done)
      stream.off("close", done)
      stream.off("error", done)
      resolve()
    }
    stream.on("drain", done)
    stream.on("close", done)
    stream.on("error", done)
  })
}

/** A value as one JSON document: on one line for programs, indented for people. */
export function writeJson(stream: Output, value: unknown): Promise<void> | undefined {
  return write(stream, `${JSON.stringify(value, null, stream.isTTY ? 2 : 0)}\n`)
}

/** All of a stream. */
export async function readAll(stream: Input): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(Buffer.from(part as Uint8Array))
  return Buffer.concat(parts)
}
