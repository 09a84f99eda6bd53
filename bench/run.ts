/**
 * Runs the benchmarks and prints their ratios; nothing passes or fails here.
 * `--write` puts the tables into RESULTS.md, `--only decode|chain|gateway` runs a part, `--quick` runs fewer rounds.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { cpus, totalmem } from "node:os"
import { benchChain } from "./chain.ts"
import { benchText, benchTool } from "./decode.ts"
import { hasTaskset, row } from "./measure.ts"

const has = (flag: string): boolean => process.argv.includes(flag)
const only = has("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined
const quick = has("--quick")
const out: string[] = []

function print(lines: readonly string[]): void {
  out.push(...lines, "")
  process.stdout.write(`${lines.join("\n")}\n\n`)
}

interface GatewayRow {
  name: string
  cpuPerStream: number
  ratio: number
  rate: number
  p50: number
  p99: number
  p99Over: number
  bad: number
}

function gatewayTable(rows: readonly GatewayRow[]): string[] {
  return [
    "| row | CPU ms/stream | × bare proxy | streams/s | first token p50 ms | p99 ms | p99 over bare ms | bad |",
    "|---|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map((one) =>
      row([
        one.name,
        one.cpuPerStream,
        `${one.ratio.toFixed(2)}×`,
        one.rate,
        one.p50,
        one.p99,
        one.p99Over,
        String(one.bad),
      ]),
    ),
  ]
}

if (only === undefined || only === "decode") {
  print([
    "### Decoding 20,000 text deltas (CPU, median of fresh processes in turns; goal ≤ 1.5×)",
    "",
    ...(await benchText(quick ? 3 : 7)),
  ])
  print(["### One tool call in deltas of 16 characters (goal: growth ≤ 4.4×)", "", ...(await benchTool(quick ? 2 : 5))])
}

if (only === undefined || only === "chain") {
  print([
    "### The next turn of a long conversation over a connection that keeps it (goal ≤ 1.3×)",
    "",
    ...(await benchChain(quick ? 3 : 7)),
  ])
}

if (only === undefined || only === "gateway") {
  const file = new URL("gateway/drive.ts", import.meta.url).pathname
  const args = ["--conditions=sluice-source", "--no-warnings", file, quick ? "2" : "5", quick ? "1000" : "2500"]
  const command = hasTaskset() ? ["taskset", "-c", "0", process.execPath, ...args] : [process.execPath, ...args]
  const text = execFileSync(command[0] as string, command.slice(1), {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  })
  const { instant, paced } = JSON.parse(text) as { instant: GatewayRow[]; paced: GatewayRow[] }
  print([
    "### Gateway, streams of 20 chunks at once, 16 open (goals: pass-through ≤ 1.5×, translation ≤ 3×)",
    "",
    ...gatewayTable(instant),
  ])
  print([
    "### Gateway, 200 paced streams (first token after 200 ms, then 99 more 10 ms apart; goal: p99 ≤ bare + 25 ms)",
    "",
    ...gatewayTable(paced),
  ])
}

if (has("--write")) {
  const path = new URL("RESULTS.md", import.meta.url)
  const head = readFileSync(new URL("README.md", import.meta.url), "utf8").split("<!-- results -->")[1] ?? ""
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version.slice(1)}`
  writeFileSync(
    path,
    `# Results\n\n${new Date().toISOString().slice(0, 10)}, ${machine}.\n${head}\n${out.join("\n").trim()}\n`,
  )
}
