import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type ClientRun, runClient } from "./run-client.ts"

export interface CodexOptions {
  /** Base URL of the gateway. */
  url: string
  key: string
  model: string
  /** Whether it may open a WebSocket. */
  sockets: boolean
  timeoutMs?: number
}

/** One line of `codex exec --json`. */
export interface CodexEvent {
  type: string
  item?: { type: string; text?: string; command?: string; aggregated_output?: string; exit_code?: number }
  usage?: { input_tokens: number; output_tokens: number }
}

/** Settings that send nothing to anyone but the gateway. */
const settings = ({ url, model, sockets }: CodexOptions): string => `
model = ${JSON.stringify(model)}
model_provider = "gateway"
check_for_update_on_startup = false
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
[model_providers.gateway]
name = "gateway"
base_url = ${JSON.stringify(`${url}/v1`)}
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
supports_websockets = ${sockets}
`

/** Runs Codex headless to its end; its shell runs without a sandbox, in the empty folder that it is started in. */
export async function runCodex(prompt: string, options: CodexOptions): Promise<ClientRun & { events: CodexEvent[] }> {
  const run = await runClient("codex", {
    args: ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", prompt],
    env: { GATEWAY_KEY: options.key },
    timeoutMs: options.timeoutMs,
    async prepare(home) {
      await mkdir(join(home, ".codex"))
      await writeFile(join(home, ".codex", "config.toml"), settings(options))
    },
  })
  const lines = run.stdout.split("\n").filter((line) => line.startsWith("{"))
  return { ...run, events: lines.map((line) => JSON.parse(line) as CodexEvent) }
}
