import { SluiceError, type SluiceErrorData } from "@sluice/ai"
import { CatalogError } from "@sluice/catalog"
import { CommanderError } from "commander"
import type { Io } from "./io.ts"
import { styleOf } from "./terminal/style.ts"

/** How the command ends: done, the work failed, or the command line was wrong. */
export const EXIT: { done: 0; failed: 1; usage: 2; interrupted: 130 } = {
  done: 0,
  failed: 1,
  usage: 2,
  interrupted: 130,
}

/** A failure that has been put into words for a person. */
export class Failure extends Error {
  readonly exitCode: number
  readonly hint: string | undefined

  constructor(message: string, options: { hint?: string | undefined; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = "Failure"
    this.hint = options.hint
    this.exitCode = options.exitCode ?? EXIT.failed
  }
}

/** The command line was wrong. */
export function usageError(message: string, hint?: string): Failure {
  return new Failure(message, { hint, exitCode: EXIT.usage })
}

/** Prints what was thrown for a person and gives the exit code. A stack is only shown with `SLUICE_DEBUG=1`. */
export function report(io: Io, thrown: unknown): number {
  // Help, versions and errors of the command line have been printed where they arose.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage
  const { message, hint } = wordsOf(thrown)
  printError(io, message, hint)
  if (io.env["SLUICE_DEBUG"] && thrown instanceof Error) io.stderr.write(`${thrown.stack ?? ""}\n`)
  return thrown instanceof Failure ? thrown.exitCode : EXIT.failed
}

/** Prints an error of a call. */
export function reportCallError(io: Io, error: SluiceErrorData): void {
  const status = error.status === undefined ? "" : ` ${error.status}`
  printError(io, `${error.message} (${error.code}${status})`, error.hint)
}

function printError(io: Io, message: string, hint: string | undefined): void {
  const style = styleOf(io.stderr, io.env)
  io.stderr.write(`${style.red("error:")} ${message}\n`)
  if (hint) io.stderr.write(`${style.dim(hint)}\n`)
}

function wordsOf(thrown: unknown): { message: string; hint?: string | undefined } {
  if (thrown instanceof Failure || thrown instanceof CatalogError || SluiceError.is(thrown)) return thrown
  if (!(thrown instanceof Error)) return { message: String(thrown) }
  return {
    message: `Something went wrong that should not: ${thrown.message}`,
    hint: "With SLUICE_DEBUG=1 in the environment the place is shown.",
  }
}
