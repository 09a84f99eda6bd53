/** Decoding against the floor (lines, text, JSON.parse), and tool arguments of 4 MB against 1 MB. */
import { median, row, runFresh } from "./measure.ts"
import type { BenchWire } from "./streams.ts"

type Run = { first: number; fourth: number | null }
const WIRES: readonly BenchWire[] = ["openai-completions", "anthropic-messages"]

/** Prints 20,000 text deltas by wire: 7 fresh processes each, in turns. */
export async function benchText(rounds = 7): Promise<string[]> {
  const lines = [
    "| wire | floor ms | sluice ms | ratio | 4th floor ms | 4th sluice ms | ratio |",
    "|---|---:|---:|---:|---:|---:|---:|",
  ]
  for (const wire of WIRES) {
    const runs: { floor: Run[]; sluice: Run[] } = { floor: [], sluice: [] }
    for (let i = 0; i < rounds; i++) {
      for (const who of i % 2 === 0 ? (["floor", "sluice"] as const) : (["sluice", "floor"] as const)) {
        runs[who].push(await runFresh<Run>("decode-process.ts", [who, wire, "text", "20000"], 1))
      }
    }
    const first = {
      floor: median(runs.floor.map((run) => run.first)),
      sluice: median(runs.sluice.map((run) => run.first)),
    }
    const fourth = {
      floor: median(runs.floor.map((run) => run.fourth ?? 0)),
      sluice: median(runs.sluice.map((run) => run.fourth ?? 0)),
    }
    lines.push(
      row([
        wire,
        first.floor,
        first.sluice,
        `${(first.sluice / first.floor).toFixed(2)}×`,
        fourth.floor,
        fourth.sluice,
        `${(fourth.sluice / fourth.floor).toFixed(2)}×`,
      ]),
    )
  }
  return lines
}

/** Prints one tool call in deltas of 16 characters: growth from 1 MB to 4 MB, and against the floor. */
export async function benchTool(rounds = 5): Promise<string[]> {
  const lines = ["| wire | 1 MB ms | 4 MB ms | growth | 4 MB floor ms | ratio |", "|---|---:|---:|---:|---:|---:|"]
  for (const wire of WIRES) {
    const small: number[] = []
    const large: number[] = []
    const floor: number[] = []
    for (let i = 0; i < rounds; i++) {
      small.push((await runFresh<Run>("decode-process.ts", ["sluice", wire, "tool", String(1 << 20)], 1)).first)
      large.push((await runFresh<Run>("decode-process.ts", ["sluice", wire, "tool", String(4 << 20)], 1)).first)
      floor.push((await runFresh<Run>("decode-process.ts", ["floor", wire, "tool", String(4 << 20)], 1)).first)
    }
    lines.push(
      row([
        wire,
        median(small),
        median(large),
        `${(median(large) / median(small)).toFixed(2)}×`,
        median(floor),
        `${(median(large) / median(floor)).toFixed(2)}×`,
      ]),
    )
  }
  return lines
}
