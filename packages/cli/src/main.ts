import { EXIT, report } from "./failure.ts"
import { processIo } from "./io.ts"
import { runCommand } from "./program.ts"

const io = processIo()

// A reader that has seen enough, as `head` does, is no failure. Without a reader of the log, work goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.done)
  throw error
})
process.stderr.on("error", () => {})

for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (thrown: unknown) => process.exit(report(io, thrown)))
}

process.exitCode = await runCommand(io, process.argv.slice(2))
