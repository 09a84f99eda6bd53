import type { Command } from "commander"
import type { Io } from "../io.ts"
import type { ModelsOptions } from "../models/run.ts"

const EXAMPLES = `
Examples:
  sluice models                                  every model that the catalog knows
  sluice models openai --live                    what the host itself lists, with your key
  sluice models show anthropic/claude-sonnet-4-6 everything about one; also about one that is not known
`

/** Adds `sluice models`. */
export function addModels(program: Command, io: Io): void {
  const models = program
    .command("models")
    .summary("what can be called")
    .description("List the models that are known, or show one.")
    .argument("[provider]", "only the models of this provider")
    .option("--live", "ask the hosts for their own lists, where there is a key or none is needed")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (provider: string | undefined, options: ModelsOptions) => {
      const { listKnown } = await import("../models/run.ts")
      await listKnown(io, provider, options)
    })
  models
    .command("show")
    .description("Show everything about one model, and what is assumed of one that is not known.")
    .argument("<name>", "provider/model")
    .option("--live", "ask the host what it says about the model")
    .option("--json", "print JSON")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { showOne } = await import("../models/run.ts")
      await showOne(io, name, command.optsWithGlobals<ModelsOptions>())
    })
}
