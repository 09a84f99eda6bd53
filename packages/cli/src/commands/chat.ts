import { type Command, Option } from "commander"
import type { ChatOptions } from "../chat/run.ts"
import type { Io } from "../io.ts"
import { amount, collect, THINKING, wholeNumber } from "../parse.ts"

const EXAMPLES = `
Examples:
  sluice chat "Why is the sky blue?"
  sluice chat --model anthropic/claude-sonnet-4-6 --thinking high      a conversation, where a person sits there
  git diff | sluice chat "Write a commit message" > message.txt
  sluice chat --image photo.jpg --file notes.pdf "What do these have in common?"
  sluice chat --base-url http://127.0.0.1:8080/v1 "Hello"              any host that speaks a known API

With no model named: SLUICE_MODEL, then "model" in sluice.config.json, then the first key in the environment, then a
server on this machine (llama.cpp, Ollama, LM Studio, vLLM), then the demo model that is built in.
Standard output gets the answer, standard error everything else.
`

/** Adds `sluice chat`. */
export function addChat(program: Command, io: Io, done: (code: number) => void): void {
  program
    .command("chat")
    .summary("ask a model, or talk with it")
    .description("Ask a model one question, or hold a conversation with it.")
    .argument("[prompt...]", "the question; what comes through a pipe is put behind it")
    .option("-m, --model <name>", "provider/model, as in openai/gpt-5.5")
    .option("-s, --system <text>", "instructions for the model")
    .addOption(new Option("-t, --thinking <level>", "how hard to think").choices(THINKING))
    .option("-i, --image <file>", "an image to go with the question; may be repeated", collect)
    .option("-f, --file <file>", "a text or PDF to go with the question; may be repeated", collect)
    .option("--max-tokens <n>", "most tokens of the answer", wholeNumber(1))
    .option("--temperature <n>", "0 is steady, more is varied", amount)
    .option("--strict", "refuse rather than leave out what the model cannot take")
    .option("--base-url <url>", "address of another host")
    .option("--api <api>", "the API that the host speaks")
    .option("--api-key-env <name>", "the environment variable that holds the key")
    .option("--no-env", "do not look for a model, keys or addresses in the environment or on this machine")
    .addOption(new Option("--json", "print the whole message as JSON and nothing else").conflicts("events"))
    .option("--events", "print each event as a line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], options: ChatOptions) => {
      const { chat } = await import("../chat/run.ts")
      done(await chat(io, words, options))
    })
}
