import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { emulatedCodexToken } from "@sluice/testkit/emulators"
import { type ClientRun, runClient } from "./run-client.ts"

/** Packages of the versions that are tried. */
export type CodexClient = "@openai/codex" | "codex-earlier"

export interface CodexOptions {
  /** Base URL of the gateway. */
  url: string
  key: string
  model: string
  /** Whether it may open a WebSocket. Logged in it always tries. */
  sockets: boolean
  /**
   * It runs with the login of an account instead of the key of an API; `key` stands in the login where the account's
   * token would.
   */
  login?: boolean
  /** Its package. Default the newer version. */
  client?: CodexClient
  timeoutMs?: number
}

/** One line of `codex exec --json`. */
export interface CodexEvent {
  type: string
  item?: { type: string; text?: string; command?: string; aggregated_output?: string; exit_code?: number }
  usage?: { input_tokens: number; output_tokens: number }
}

/** The account of the login. */
export const CODEX_ACCOUNT = "acct-made-up"

/** Settings that send nothing to anyone but the gateway. */
const settings = ({ url, model, sockets, login }: CodexOptions): string => `
model = ${JSON.stringify(model)}
${login ? addresses(url) : `model_provider = "gateway"`}
check_for_update_on_startup = false
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
${login ? "" : provider(url, sockets)}`

/** The second is for what else the account has, such as plugins, which the gateway knows nothing of. */
const addresses = (url: string): string => `openai_base_url = ${JSON.stringify(`${url}/v1`)}
chatgpt_base_url = ${JSON.stringify(`${url}/backend-api`)}`

const provider = (url: string, sockets: boolean): string => `[model_providers.gateway]
name = "gateway"
base_url = ${JSON.stringify(`${url}/v1`)}
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
supports_websockets = ${sockets}
`

/** A login as the client keeps it. */
const loginFile = (key: string): string =>
  JSON.stringify({
    OPENAI_API_KEY: null,
    tokens: {
      id_token: emulatedCodexToken({ accountId: CODEX_ACCOUNT }),
      access_token: key,
      refresh_token: "made-up",
      account_id: CODEX_ACCOUNT,
    },
    last_refresh: new Date().toISOString(),
  })

/** Runs Codex headless to its end; its shell runs without a sandbox, in the empty folder that it is started in. */
export async function runCodex(prompt: string, options: CodexOptions): Promise<ClientRun & { events: CodexEvent[] }> {
  const { login = false, client = "@openai/codex", key } = options
  const run = await runClient(client, {
    args: ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", prompt],
    env: login ? {} : { GATEWAY_KEY: key },
    timeoutMs: options.timeoutMs,
    async prepare(home) {
      await mkdir(join(home, ".codex"))
      await writeFile(join(home, ".codex", "config.toml"), settings(options))
      if (login) await writeFile(join(home, ".codex", "auth.json"), loginFile(key))
    },
  })
  const lines = run.stdout.split("\n").filter((line) => line.startsWith("{"))
  return { ...run, events: lines.map((line) => JSON.parse(line) as CodexEvent) }
}
