import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { hasSources, readPackages } from "./packages.ts"
import type { Package } from "./packages.ts"
import { duration, isProgram, say, tool } from "./run.ts"

/**
 * Builds every package into its `dist`, in layer order: a package is compiled against the built declarations of those
 * below it, as its users will see them. Stops at the first that fails. True when all were built.
 */
export async function build(packages: readonly Package[] = readPackages()): Promise<boolean> {
  for (const one of packages.filter(hasSources)) {
    const dist = join(one.path, "dist")
    rmSync(dist, { recursive: true, force: true })
    const started = performance.now()
    // A package that runs everywhere compiles its Node-only files apart, with Node's types.
    for (const config of globSync("tsconfig.build{,.node}.json", { cwd: one.path }).toSorted()) {
      const result = await tool("tsc", ["-p", join(one.path, config)])
      if (result.ok) continue
      say(result.output.trimEnd())
      say(`${one.manifest.name}: not built`)
      rmSync(dist, { recursive: true, force: true })
      return false
    }
    for (const file of globSync("**/*.d.ts", { cwd: dist })) {
      const path = join(dist, file)
      const text = readFileSync(path, "utf8")
      const renamed = nameJavaScript(text)
      if (renamed !== text) writeFileSync(path, renamed)
    }
    say(`${one.manifest.name}: built in ${duration(performance.now() - started)}`)
  }
  return true
}

/**
 * Rewrites the relative imports of a declaration file from `./x.ts` to `./x.js`. The compiler does so in the code but
 * not in the declarations, where a consumer's compiler would refuse the ending of a file that is not there.
 */
export function nameJavaScript(declarations: string): string {
  return declarations.replaceAll(/(\b(?:from|import)\s*\(?\s*)(["'])(\.{1,2}\/[^"'\n]*?)(?<!\.d)\.ts\2/g, "$1$2$3.js$2")
}

if (isProgram(import.meta.url) && !(await build())) process.exitCode = 1
