import { Command } from "commander"
import { addChat } from "./commands/chat.ts"
import { addGateway } from "./commands/gateway.ts"
import { addModels } from "./commands/models.ts"
import { addReplay } from "./commands/replay.ts"
import { addStart } from "./commands/start.ts"
import { EXIT, report } from "./failure.ts"
import { type Io, write } from "./io.ts"
import { styleOf } from "./terminal/style.ts"
import { readVersion } from "./version.ts"

const EXAMPLES = `
Examples:
  sluice chat "Why is the sky blue?"                 the first usable key, else a local server, else the demo model
  sluice chat --model groq/openai/gpt-oss-120b       a conversation
  sluice gateway --port 8080                         every model behind one address
  sluice models show openai/gpt-5.5                  what is known about a model
  sluice start                                       see it all work, with no key

Exit codes: 0 done, 1 the work failed, 2 the command line was wrong.
`

/** Runs one command line, without the program's name, and gives the exit code. Never throws. */
export async function runCommand(io: Io, args: readonly string[]): Promise<number> {
  let code: number = EXIT.done
  const program = createProgram(io, (result) => {
    code = result
  })
  try {
    await program.parseAsync(args, { from: "user" })
    return code
  } catch (thrown) {
    return report(io, thrown)
  }
}

function createProgram(io: Io, done: (code: number) => void): Command {
  const style = styleOf(io.stderr, io.env)
  const program = new Command("sluice")
    .description("Talk to any language model from the terminal, and serve them all behind one gateway.")
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("Add --help to see what it takes.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void write(io.stdout, text),
      writeErr: (text) => void write(io.stderr, text),
      outputError: (text, put) => put(text.replace(/^error:/, style.red("error:"))),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  addChat(program, io, done)
  addGateway(program, io)
  addStart(program, io, done)
  addModels(program, io)
  addReplay(program, io)
  return program
}
