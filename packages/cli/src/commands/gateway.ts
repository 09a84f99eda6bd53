import { type Command, Option } from "commander"
import type { KeyOptions } from "../gateway/keys.ts"
import type { GatewayCommandOptions } from "../gateway/serve.ts"
import type { Io } from "../io.ts"
import { alias, durationOrOff, wholeNumber } from "../parse.ts"

const EXAMPLES = `
Examples:
  sluice gateway --port 8080
  sluice gateway --alias fast=groq/openai/gpt-oss-20b,mock/demo --default-model mock/demo
  sluice gateway --anonymous                     programs on this machine need no key
  sluice gateway key create laptop               a further key, shown once
  sluice gateway key disable key_abc

Without a key yet, the first start makes one and shows it once; the hosts' own keys stay in this environment.
Programs reach the gateway with it by the API that they were made for:
  OpenAI's      POST /v1/chat/completions and /v1/responses (also as a WebSocket)
  Anthropic's   POST /v1/messages
  Google's      POST /v1beta/models/{model}:generateContent and :streamGenerateContent (also below /v1)
  Ollama's      POST /api/chat and /api/generate

Answers to /v1/responses are kept encrypted, and so is what models thought, for programs that do not send it back. The
key is made at the first start, as the file seal.key in the folder of the data; with SLUICE_SEAL_KEY in the environment
it comes from there and no file is made. A key is 32 random bytes in base64 or hexadecimal digits. Of several, separated
by commas or a line each in the file, the first one encrypts and all of them open: put a new key in front of the old
one. Without its key nothing that was kept can be read.
`

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"]
const DATA = "folder of the gateway's data (default: the platform's folder for state)"

/** Adds `sluice gateway`. */
export function addGateway(program: Command, io: Io): void {
  const gateway = program
    .command("gateway")
    .summary("serve every model behind one address")
    .description(
      "Serve every model behind one address, to programs that speak OpenAI's, Anthropic's, Google's or Ollama's API.",
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <n>", "port to listen on; 0 is any free one", wholeNumber(0, 65_535), 4000)
    .option("--data <dir>", DATA)
    .option("--anonymous", "serve programs on this machine without a key")
    .option("--alias <name=models>", "another name for models, tried in order; may be repeated", alias)
    .option("--default-model <name>", "answers for names that are neither provider/model nor an alias")
    .option(
      "--keep-responses <time>",
      "how long answers are kept for clients that come back to them: 30d, 12h, 90m, 45s or off (default: 30d)",
      durationOrOff,
    )
    .option(
      "--keep-thinking <time>",
      "how long what models thought is kept, since its last use, for clients that do not send it back: 7d, 12h, 90m, 45s or off (default: 7d)",
      durationOrOff,
    )
    .addOption(new Option("--log-level <level>", "what is logged on standard error").choices(LEVELS).default("info"))
    .option("--json", "print address and key as JSON, and log JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: GatewayCommandOptions) => {
      const { serve } = await import("../gateway/serve.ts")
      await serve(io, options)
    })

  const key = gateway.command("key").description("Make, list or disable the gateway's keys.")
  const keyCommand = (name: string, description: string): Command =>
    key.command(name).description(description).option("--data <dir>", DATA).option("--json", "print JSON")
  const optionsOf = (command: Command): KeyOptions => command.optsWithGlobals<KeyOptions>()
  keyCommand("create", "Make a key and show it, this once.")
    .argument("[name]", "what it is for", "key")
    .action(async (name: string, _options: unknown, command: Command) => {
      const { createKey } = await import("../gateway/keys.ts")
      await createKey(io, name, optionsOf(command))
    })
  keyCommand("list", "List the keys by what is known of them.").action(async (_options: unknown, command: Command) => {
    const { listKeys } = await import("../gateway/keys.ts")
    await listKeys(io, optionsOf(command))
  })
  keyCommand("disable", "Make a key useless.")
    .argument("<id>", "as the list shows it")
    .action(async (id: string, _options: unknown, command: Command) => {
      const { disableKey } = await import("../gateway/keys.ts")
      await disableKey(io, id, optionsOf(command))
    })
}
