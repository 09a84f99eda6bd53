import { globSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { hasSources, readPackages, root } from "./packages.ts"
import { duration, isProgram, node, say, tool } from "./run.ts"
import type { Outcome } from "./run.ts"

/** One static check: it reads the tree and changes nothing. */
interface Check {
  name: string
  run(): Promise<Outcome>
}

/** Every static check, longest first, so that they pack well onto the cores. */
function checks(): Check[] {
  const script =
    (name: string): (() => Promise<Outcome>) =>
    () =>
      node([join(root, "scripts", name)])
  const types = readPackages()
    .filter(hasSources)
    .flatMap((one) => globSync("tsconfig{,.node}.json", { cwd: one.path }).map((config) => ({ one, config })))
    .map(({ one, config }) => ({
      name: `types of ${one.manifest.name}${config === "tsconfig.node.json" ? " for Node" : ""}`,
      run: () => tool("tsc", ["-p", join(one.path, config)]),
    }))
  return [
    { name: "types of tests and scripts", run: () => tool("tsc", ["-p", join(root, "tsconfig.json")]) },
    { name: "lint", run: () => tool("oxlint", ["--quiet"]) },
    ...types,
    { name: "format", run: () => tool("oxfmt", ["--check", "."]) },
    { name: "unused files, dependencies and exports", run: () => tool("knip", ["--no-config-hints", "--no-progress"]) },
    { name: "layers", run: script("check-layers.ts") },
    { name: "documents", run: script("check-docs.ts") },
    { name: "examples in documents", run: script("check-examples.ts") },
  ]
}

/** Runs all static checks, as many at a time as there are cores, and prints what they found. True when all passed. */
export async function check(): Promise<boolean> {
  const started = performance.now()
  const waiting = checks()
  const failed: string[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await next.run()
      say(`${result.ok ? "ok    " : "FAILED"}  ${next.name} (${duration(result.ms)})`)
      if (result.ok) continue
      failed.push(next.name)
      say(result.output.trimEnd())
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, Math.max(2, availableParallelism())) }, work))
  const time = duration(performance.now() - started)
  say(failed.length === 0 ? `Everything static is in order (${time}).` : `Failed: ${failed.join(", ")} (${time}).`)
  return failed.length === 0
}

if (isProgram(import.meta.url) && !(await check())) process.exitCode = 1
