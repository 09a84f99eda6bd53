import { type ClientRun, runClient } from "./run-client.ts"

export interface ClaudeOptions {
  /** Base URL of the gateway. */
  url: string
  key: string
  /** Over the variables that it runs with. */
  env?: Readonly<Record<string, string | undefined>>
  timeoutMs?: number
}

/** Off: everything that Claude Code would send to anyone but the gateway. */
const QUIET: Readonly<Record<string, string>> = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_TELEMETRY: "1",
  DISABLE_ERROR_REPORTING: "1",
  DISABLE_AUTOUPDATER: "1",
}

/** Runs Claude Code headless to its end. */
export function runClaude(args: readonly string[], options: ClaudeOptions): Promise<ClientRun> {
  const { url, key, env, timeoutMs } = options
  return runClient("@anthropic-ai/claude-code", {
    args,
    timeoutMs,
    env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key, ...QUIET, ...env },
  })
}
