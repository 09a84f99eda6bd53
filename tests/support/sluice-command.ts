import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url))

/** The command as a process of its own. */
export interface RunningCommand {
  child: ChildProcess
  out(): string
  err(): string
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>
  /** Waits until standard output matches. Fails when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
}

/** What a process is started with. Its environment has no keys: only what is given here. */
export interface CommandOptions {
  stdin?: string
  env?: Record<string, string>
  cwd?: string
}

export function sluice(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { PATH = "", SystemRoot, TEMP, TMPDIR } = process.env
  const system = Object.fromEntries(Object.entries({ PATH, SystemRoot, TEMP, TMPDIR }).filter(([, value]) => value))
  const child = spawn(process.execPath, ["--conditions=sluice-source", MAIN, ...args], {
    env: { ...(system as Record<string, string>), ...options.env },
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "pipe"],
  })
  let out = ""
  let err = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text))
  child.stdin.on("error", () => {})
  child.stdin.end(options.stdin ?? "")
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", resolve)
  })
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(out)
          if (found) resolve(found)
        }
        child.stdout.on("data", look)
        child.on("close", () => reject(new Error(`It ended before it printed ${String(pattern)}:\n${out}\n${err}`)))
        look()
      }),
  }
}

/** Runs the command to its end. */
export async function sluiceToEnd(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const running = sluice(args, options)
  const code = await running.ended
  return { code, out: running.out(), err: running.err() }
}
