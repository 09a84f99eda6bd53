import { EXIT } from "./failure.ts"
import { processIo } from "./io.ts"
import { runCommand } from "./program.ts"

// A reader that has seen enough, as `head` does, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done)
    throw error
  })
}

process.exitCode = await runCommand(processIo(), process.argv.slice(2))
