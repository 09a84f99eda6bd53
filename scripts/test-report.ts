import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { cache } from "./packages.ts"
import type { RunOptions } from "./run.ts"
import { tool } from "./run.ts"

/** How many tests came to which end. */
export interface Summary {
  passed: number
  failed: number
  skipped: number
}

/** The parts of Vitest's JSON report that are counted. */
interface Report {
  numPassedTests?: number
  numFailedTests?: number
  numPendingTests?: number
  numTodoTests?: number
  testResults?: { status?: string; assertionResults?: { status?: string }[] }[]
}

/**
 * Counts a report. A file that failed without a failed test, because it could not be loaded or a hook of it threw,
 * counts as one failure.
 */
export function summarise(report: Report): Summary {
  const broken = (report.testResults ?? []).filter(
    (file) => file.status === "failed" && !(file.assertionResults ?? []).some((test) => test.status === "failed"),
  )
  return {
    passed: report.numPassedTests ?? 0,
    failed: (report.numFailedTests ?? 0) + broken.length,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  }
}

/** The closing line of a run: `12 passed, 0 failed`, and how many were skipped if any were. */
export function closingLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}

/**
 * Runs Vitest with its usual output on the terminal and counts its report. A run that went wrong as a whole (no report,
 * an error outside the tests) has at least one failure.
 */
export async function runVitest(
  name: string,
  args: readonly string[],
  options: Pick<RunOptions, "env" | "through"> = {},
): Promise<Summary> {
  const file = join(cache, "sluice-reports", `${name}.json`)
  mkdirSync(dirname(file), { recursive: true })
  rmSync(file, { force: true })
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`]
  const result = await tool("vitest", ["run", ...reporters, ...args], { ...options, show: true })
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 }
  const summary = summarise(JSON.parse(readFileSync(file, "utf8")) as Report)
  return result.ok || summary.failed > 0 ? summary : { ...summary, failed: 1 }
}
