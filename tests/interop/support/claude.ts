import { spawn } from "node:child_process"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clientCommand } from "../clients/find.ts"
import { atExit } from "./at-exit.ts"

/** What Claude Code did. */
export interface ClaudeRun {
  /** Exit code; `null` when it was ended because it took too long. */
  code: number | null
  stdout: string
  stderr: string
}

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

/**
 * Runs Claude Code headless to its end, in an empty folder with a home of its own. It is given nothing of this
 * process's environment but the path, so that no login and no setting of this machine has a part in it.
 */
export async function runClaude(args: readonly string[], options: ClaudeOptions): Promise<ClaudeRun> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-claude-"))
  try {
    const [home, work, temporary] = await Promise.all(
      ["home", "work", "tmp"].map(async (name) => {
        const path = join(folder, name)
        await mkdir(path)
        return path
      }),
    )
    return await run(args, work as string, options.timeoutMs ?? 60_000, {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      HOME: home,
      TMPDIR: temporary,
      ANTHROPIC_BASE_URL: options.url,
      ANTHROPIC_API_KEY: options.key,
      ...QUIET,
      ...options.env,
    })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function run(
  args: readonly string[],
  cwd: string,
  timeoutMs: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClaudeRun> {
  return new Promise((resolve, reject) => {
    // In a group of its own, so that what it starts can be ended with it.
    const child = spawn(clientCommand("claude"), args, {
      cwd,
      env: env as NodeJS.ProcessEnv,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    })
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
      } catch {
        // Nothing of the group is left.
      }
    }
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (stdout += piece))
    child.stderr.setEncoding("utf8").on("data", (piece: string) => (stderr += piece))
    const forget = atExit(end)
    const timer = setTimeout(end, timeoutMs)
    const over = (): void => {
      clearTimeout(timer)
      forget()
      end()
    }
    child.once("error", (error) => {
      over()
      reject(error)
    })
    child.once("exit", over)
    child.once("close", (code) => resolve({ code, stdout, stderr }))
  })
}
