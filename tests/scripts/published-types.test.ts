import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { readImports } from "../../scripts/source-imports.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc")

/** What a package's declarations import from elsewhere, as far as its entry leads. */
function importsOf(folder: string): string[] {
  const source = join(ROOT, "packages", folder)
  const out = mkdtempSync(join(tmpdir(), "sluice-types-"))
  onTestFinished(() => rmSync(out, { recursive: true, force: true }))
  const options = ["--noEmit", "false", "--emitDeclarationOnly", "--rootDir", join(source, "src"), "--outDir", out]
  execFileSync(process.execPath, [TSC, "-p", join(source, "tsconfig.json"), ...options], { cwd: ROOT })
  const elsewhere = new Set<string>()
  const seen = new Set<string>()
  const waiting = [join(out, "index.d.ts")]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const { specifier } of readImports(file, readFileSync(file, "utf8"))) {
      if (specifier.startsWith(".")) waiting.push(join(dirname(file), specifier.replace(/\.[jt]s$/, ".d.ts")))
      else elsewhere.add(specifier)
    }
  }
  return [...elsewhere].sort()
}

test("the gateway's types need no types but ours: neither its database nor its router shows", () => {
  expect(importsOf("gateway")).toEqual(["@sluice/ai"])
})
