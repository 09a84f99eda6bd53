import type { Command } from "commander"
import type { Io } from "../io.ts"
import type { StartOptions } from "../start/run.ts"

/** Adds `sluice start`. */
export function addStart(program: Command, io: Io, done: (code: number) => void): void {
  program
    .command("start")
    .summary("see it work: a gateway with a demo model")
    .description(
      "Start a gateway on a free port with the demo model, stream one answer through it, and stay up. " +
        "Its data is temporary and its key is for this start alone.",
    )
    .option("--once", "end after the answer")
    .option("--json", "print address, key and answer as JSON")
    .action(async (options: StartOptions) => {
      const { start } = await import("../start/run.ts")
      done(await start(io, options))
    })
}
