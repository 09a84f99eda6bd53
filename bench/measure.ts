import { spawn, execFileSync } from "node:child_process"
import { cpus } from "node:os"

/** Runs a program of this folder in a fresh process and gives what it printed as JSON. */
export function runFresh<T>(file: string, args: readonly string[], cpu?: number): Promise<T> {
  const node = [
    process.execPath,
    "--conditions=sluice-source",
    "--no-warnings",
    new URL(file, import.meta.url).pathname,
    ...args,
  ]
  const command = cpu === undefined || !hasTaskset() ? node : ["taskset", "-c", String(cpu), ...node]
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", "inherit"] })
    let text = ""
    child.stdout.on("data", (chunk) => (text += String(chunk)))
    child.on("exit", (code) =>
      code === 0 ? resolve(JSON.parse(text) as T) : reject(new Error(`${file} ${args.join(" ")} failed`)),
    )
  })
}

let taskset: boolean | undefined

/** Whether processes can be bound to a core here. */
export function hasTaskset(): boolean {
  if (taskset === undefined) {
    try {
      execFileSync("taskset", ["-c", "0", "true"], { stdio: "ignore" })
      taskset = cpus().length > 1
    } catch {
      taskset = false
    }
  }
  return taskset
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN
}

/** A row of a table in Markdown. */
export function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => (typeof cell === "number" ? shown(cell) : cell)).join(" | ")} |`
}

function shown(value: number): string {
  if (Number.isNaN(value)) return "–"
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
