/**
 * The gateway against a bare proxy. This process is the load and the host behind, on one core; the proxy under test
 * is alone on the other. Rows in turns, the order rotated; prints JSON.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { hasTaskset, median, percentile } from "../measure.ts"
import { drive, type Door } from "./load.ts"
import { startUpstream } from "./upstream.ts"

const ROUNDS = Number(process.argv[2] ?? 5)
const CELL_MS = Number(process.argv[3] ?? 2500)
const PROMPT = "The quick brown fox jumps over the lazy dog. ".repeat(22)

interface Proxy {
  child: ChildProcess
  port: number
  key: string
  cpuMs(): Promise<number>
}

const upstream = await startUpstream()

async function start(file: string): Promise<Proxy> {
  const args = ["--conditions=sluice-source", "--no-warnings", new URL(file, import.meta.url).pathname, upstream.url]
  const command = hasTaskset() ? ["taskset", "-c", "1", process.execPath, ...args] : [process.execPath, ...args]
  const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const next = <T>(): Promise<T> => new Promise((resolve) => child.once("message", (message) => resolve(message as T)))
  const { port, key = "" } = await next<{ port: number; key?: string }>()
  return {
    child,
    port,
    key,
    async cpuMs() {
      const answer = next<{ cpu: NodeJS.CpuUsage }>()
      child.send("cpu")
      const { cpu } = await answer
      return (cpu.user + cpu.system) / 1000
    },
  }
}

const bare = await start("bare-process.ts")
const gateway = await start("gateway-process.ts")
const messages = [{ role: "user", content: PROMPT }]
const chat = JSON.stringify({ model: "bench/m", stream: true, messages })
const auth = { authorization: `Bearer ${gateway.key}` }
const chatMarks = { token: "token0", last: "[DONE]" }
const rows: [string, Proxy, Door][] = [
  ["bare proxy", bare, { port: bare.port, path: "/v1/chat/completions", headers: {}, body: chat, ...chatMarks }],
  [
    "pass-through chat→chat",
    gateway,
    { port: gateway.port, path: "/v1/chat/completions", headers: auth, body: chat, ...chatMarks },
  ],
  [
    "translation Messages→chat",
    gateway,
    {
      port: gateway.port,
      path: "/v1/messages",
      headers: { ...auth, "anthropic-version": "2023-06-01" },
      body: JSON.stringify({ model: "bench/m", stream: true, max_tokens: 1000, messages }),
      token: "token0",
      last: "message_stop",
    },
  ],
]

interface Cell {
  cpuPerStream: number
  rate: number
  p50: number
  p99: number
  bad: number
}

async function cell(proxy: Proxy, door: Door, concurrency: number, ms: number): Promise<Cell> {
  const before = await proxy.cpuMs()
  const started = performance.now()
  const outcome = await drive(door, concurrency, ms)
  const seconds = (performance.now() - started) / 1000
  const used = (await proxy.cpuMs()) - before
  return {
    cpuPerStream: used / outcome.streams,
    rate: outcome.streams / seconds,
    p50: percentile(outcome.first, 50),
    p99: percentile(outcome.first, 99),
    bad: outcome.bad,
  }
}

async function table(concurrency: number, ms: number, rounds: number): Promise<Record<string, unknown>[]> {
  const cells = new Map<string, Cell[]>()
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < rows.length; i++) {
      const [name, proxy, door] = rows[(i + round) % rows.length] as [string, Proxy, Door]
      const list = cells.get(name) ?? []
      list.push(await cell(proxy, door, concurrency, ms))
      cells.set(name, list)
    }
  }
  const base = cells.get("bare proxy") as Cell[]
  return rows.map(([name]) => {
    const list = cells.get(name) as Cell[]
    return {
      name,
      cpuPerStream: median(list.map((one) => one.cpuPerStream)),
      ratio: median(list.map((one, i) => one.cpuPerStream / (base[i] as Cell).cpuPerStream)),
      rate: median(list.map((one) => one.rate)),
      p50: median(list.map((one) => one.p50)),
      p99: median(list.map((one) => one.p99)),
      p99Over: median(list.map((one, i) => one.p99 - (base[i] as Cell).p99)),
      bad: list.reduce((sum, one) => sum + one.bad, 0),
    }
  })
}

for (const [, , door] of rows) await drive(door, 16, 1000)
const instant = await table(16, CELL_MS, ROUNDS)
upstream.pace = { tokens: 100, firstMs: 200, everyMs: 10 }
const paced = await table(200, 2400, Math.max(3, ROUNDS - 2))
process.stdout.write(JSON.stringify({ instant, paced }))
for (const { child } of [bare, gateway]) child.disconnect()
upstream.close()
