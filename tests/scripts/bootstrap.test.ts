import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, test } from "vitest"
import { node } from "../../scripts/run.ts"

const script = fileURLToPath(new URL("../../scripts/bootstrap.js", import.meta.url))

let clone = ""
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "sluice-bootstrap-"))
  mkdirSync(join(clone, "scripts"))
  copyFileSync(script, join(clone, "scripts", "bootstrap.js"))
  writeFileSync(join(clone, "package.json"), `{"type":"module"}`)
  writeFileSync(join(clone, "package-lock.json"), "{}")
})
afterEach(() => rmSync(clone, { recursive: true, force: true }))

/** Runs the bootstrap with an npm that notes its arguments and ends as told. */
async function bootstrap(exitCode = 0) {
  const npm = join(clone, "npm-cli.cjs")
  const calls = join(clone, "calls")
  const note = `fs.mkdirSync("node_modules", { recursive: true }); fs.appendFileSync(${JSON.stringify(calls)}, process.argv.slice(2).join(" ") + "\\n")`
  writeFileSync(npm, `const fs = require("node:fs"); ${note}; process.exitCode = ${exitCode}\n`)
  const result = await node([join(clone, "scripts", "bootstrap.js")], { cwd: clone, env: { npm_execpath: npm } })
  return { ...result, calls: existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [] }
}

test("installs once, with development and optional packages, and leaves the lock alone", async () => {
  const first = await bootstrap()
  expect(first.output).toMatch(/installing dependencies[^]*installed in \d+ s/)
  expect(first.calls).toEqual([expect.stringMatching(/^install --no-save --include=dev --include=optional /)])
  const second = await bootstrap()
  expect(second).toMatchObject({ ok: true, output: "", calls: first.calls })
})

test("installs again when the lock file changed", async () => {
  await bootstrap()
  writeFileSync(join(clone, "package-lock.json"), `{"changed":true}`)
  expect((await bootstrap()).calls).toHaveLength(2)
})

test("a failed installation fails, and is tried again", async () => {
  const failed = await bootstrap(7)
  expect(failed.ok).toBe(false)
  expect(failed.output).toMatch(/npm ended with exit code 7/)
  const again = await bootstrap()
  expect(again.ok).toBe(true)
  expect(again.calls).toHaveLength(2)
})
