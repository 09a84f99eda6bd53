import { spawn } from "node:child_process"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clientCommand } from "../clients/find.ts"
import { atExit } from "./at-exit.ts"

/** What a client did. */
export interface ClientRun {
  /** Exit code; `null` when it was ended because it took too long. */
  code: number | null
  stdout: string
  stderr: string
}

/** How a client is run. */
export interface ClientOptions {
  args: readonly string[]
  /** The variables that it runs with, besides the path, the language and its folders. */
  env: Readonly<Record<string, string | undefined>>
  /** Puts what it needs into its home before it starts. */
  prepare?(home: string): Promise<void>
  timeoutMs?: number | undefined
}

/**
 * Runs a client's command headless to its end, in an empty folder with a home of its own. It is given nothing of this
 * process's environment but the path, so that no login and no setting of this machine has a part in it.
 *
 * @param client Package of the client, such as `@openai/codex`.
 */
export async function runClient(client: string, options: ClientOptions): Promise<ClientRun> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-client-"))
  try {
    const [home, work, temporary] = (await Promise.all(
      ["home", "work", "tmp"].map(async (name) => {
        const path = join(folder, name)
        await mkdir(path)
        return path
      }),
    )) as [string, string, string]
    await options.prepare?.(home)
    return await run(clientCommand(client), options.args, work, options.timeoutMs ?? 60_000, {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      HOME: home,
      TMPDIR: temporary,
      ...options.env,
    })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function run(
  [program, ...before]: [string, ...string[]],
  args: readonly string[],
  cwd: string,
  timeoutMs: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClientRun> {
  return new Promise((resolve, reject) => {
    // In a group of its own, so that what it starts can be ended with it.
    const child = spawn(program, [...before, ...args], {
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
