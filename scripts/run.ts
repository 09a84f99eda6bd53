import { spawn } from "node:child_process"
import type { SpawnOptions } from "node:child_process"
import { realpathSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { readManifest, root } from "./packages.ts"

/** How a command ended and what it wrote. */
export interface Outcome {
  ok: boolean
  /** Both output streams, in the order of arrival; empty when the command wrote to the terminal. */
  output: string
  /** Standard output alone. */
  stdout: string
  ms: number
}

/** How to run a command. */
export interface RunOptions {
  /** Working folder; the repository's root by default. */
  cwd?: string
  /** Variables over the current environment; `undefined` removes one. */
  env?: Record<string, string | undefined>
  /** Let the command write to the terminal instead of collecting its output. */
  show?: boolean
  /** End the command after this time; it has failed then. */
  timeoutMs?: number
  /** A command that runs the command, such as `nice -n 10`. */
  through?: readonly string[]
}

/** Runs a command to its end. Never rejects: a command that cannot be started is one that failed. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const started = performance.now()
  const settings: SpawnOptions = {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", options.show === true ? "inherit" : "pipe", options.show === true ? "inherit" : "pipe"],
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" as const }),
  }
  const [program = command, ...words] = [...(options.through ?? []), command, ...args]
  const child = spawn(program, words, settings)
  const all: Buffer[] = []
  const out: Buffer[] = []
  child.stdout?.on("data", (piece: Buffer) => all.push(piece) && out.push(piece))
  child.stderr?.on("data", (piece: Buffer) => all.push(piece))
  const problem = await new Promise<string | undefined>((settle) => {
    child.on("error", (error) => settle(error.message))
    child.on("close", (code, signal) => settle(code === 0 ? undefined : endedWith(code, signal, options.timeoutMs)))
  })
  const stdout = Buffer.concat(out).toString("utf8")
  const output = Buffer.concat(all).toString("utf8")
  return {
    ok: problem === undefined,
    output:
      problem === undefined ? output : `${output}${output === "" || output.endsWith("\n") ? "" : "\n"}(${problem})\n`,
    stdout,
    ms: performance.now() - started,
  }
}

/** Runs a JavaScript or TypeScript file, or flags, on this Node. */
export function node(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return run(process.execPath, args, options)
}

/** Packages of the development tools whose command has another name. */
const TOOL_PACKAGES: Readonly<Record<string, string>> = { attw: "@arethetypeswrong/cli", tsc: "typescript" }

/** Runs a development tool by the name of its command, on this Node. */
export function tool(name: string, args: readonly string[], options?: RunOptions): Promise<Outcome> {
  const folder = join(root, "node_modules", TOOL_PACKAGES[name] ?? name)
  const { bin } = readManifest(folder)
  const file = typeof bin === "string" ? bin : bin?.[name]
  if (file === undefined) throw new Error(`${folder} has no command ${name}`)
  return node([join(folder, file), ...args], options)
}

/** Runs npm: the one that runs this script where there is one, else the one on the path. */
export function npm(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  const script = process.env["npm_execpath"]
  const quiet = [...args, "--no-audit", "--no-fund", "--loglevel=error"]
  if (script !== undefined && /npm-cli\.[cm]?js$/.test(script)) return node([script, ...quiet], options)
  return run("npm", quiet, options)
}

/** A duration as people read it: `840 ms`, `12.3 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Writes one line to the terminal. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** True when the file with this `import.meta.url` is the program that was started, and not imported by another one. */
export function isProgram(url: string): boolean {
  const started = process.argv[1]
  return started !== undefined && realpathSync(started) === realpathSync(fileURLToPath(url))
}

function endedWith(code: number | null, signal: NodeJS.Signals | null, timeoutMs: number | undefined): string {
  if (signal === null) return `exit code ${code}`
  return timeoutMs !== undefined && signal === "SIGKILL" ? `stopped after ${duration(timeoutMs)}` : `ended by ${signal}`
}
