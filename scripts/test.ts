import { build } from "./build.ts"
import { checkBundles } from "./bundle-size.ts"
import { check } from "./check.ts"
import { checkPackages } from "./check-packages.ts"
import { pack } from "./pack.ts"
import { checkPacked } from "./packed.ts"
import { duration, say } from "./run.ts"
import { closingLine, runVitest } from "./test-report.ts"

// `npm test`: everything that shows whether this tree is good, from the quickest to the slowest. A failed step does not
// hide the next ones, except where there is nothing left to look at. Arguments go to Vitest.

const failed: string[] = []
let count = 0

async function step(name: string, work: () => Promise<boolean>): Promise<boolean> {
  const started = performance.now()
  say(`\n== ${++count}. ${name}`)
  const ok = await work().catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error))
    return false
  })
  say(`== ${name}: ${ok ? "ok" : "FAILED"} (${duration(performance.now() - started)})`)
  if (!ok) failed.push(name)
  return ok
}

const started = performance.now()
await step("static checks", check)
if (await step("build", () => build())) {
  await step("packages", async () => checkPackages(await pack()))
  await step("packed form", async () => checkPacked(await pack()))
  await step("bundles", checkBundles)
}
let summary = { passed: 0, failed: 0, skipped: 0 }
await step("tests", async () => {
  summary = await runVitest("test", process.argv.slice(2))
  return summary.failed === 0
})

say(`\nTook ${duration(performance.now() - started)}.`)
const steps = failed.filter((name) => name !== "tests")
if (steps.length > 0) say(`Failed besides tests, each counted as one: ${steps.join(", ")}.`)
say(closingLine({ ...summary, failed: summary.failed + steps.length }))
if (failed.length > 0) process.exitCode = 1
