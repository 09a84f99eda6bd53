import { type Command, Option } from "commander"
import type { Io } from "../io.ts"
import { APIS, header, wholeNumber } from "../parse.ts"
import { FORMS } from "../replay/recording-form.ts"
import type { ReplayOptions } from "../replay/run.ts"

const EXAMPLES = `
The name says how the file is framed: .sse a stream, .jsonl a stream of lines, .json one document (an answer, an array
or an error), .bin a binary event stream. Any other name, and - for standard input, is judged by its content.
What was recorded is decoded and printed; that it ended in an error is a result like any other.

Examples:
  sluice replay --api openai-completions answer.sse
  sluice replay --api anthropic-messages --status 429 --header retry-after:5 error.json --json
  curl -sN … | sluice replay --api openai-completions --provider groq --events -
`

/** Adds `sluice replay`. */
export function addReplay(program: Command, io: Io): void {
  program
    .command("replay")
    .summary("decode a recorded answer")
    .description("Decode the recorded answer of a host, without a network.")
    .argument("<file>", "the recorded body, or - for standard input")
    .requiredOption("--api <api>", `the API it was recorded from: ${APIS.join(", ")}`)
    .option("--status <n>", "HTTP status of the response", wholeNumber(100, 599), 200)
    .option("--header <name:value>", "a header of the response; may be repeated", header)
    .option("--provider <id>", "take the differences of this provider into account")
    .option("--model <id>", "the provider's model, for its differences and prices")
    .addOption(new Option("--framing <framing>", "how the body is framed, whatever the file is called").choices(FORMS))
    .addOption(new Option("--json", "print the message as JSON and nothing else").conflicts("events"))
    .option("--events", "print each event as a line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: ReplayOptions) => {
      const { replay } = await import("../replay/run.ts")
      await replay(io, file, options)
    })
}
