import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { build as bundle } from "esbuild"
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
    if (JOINED.has(one.folder)) await joinFiles(one, dist)
    say(`${one.manifest.name}: built in ${duration(performance.now() - started)}`)
  }
  return true
}

/**
 * Packages whose files are joined: a program that imports the library would otherwise wait for some fifty small files,
 * each of which costs Node about half a millisecond.
 */
const JOINED: ReadonlySet<string> = new Set(["ai", "catalog"])

/** Joins the compiled files behind the entry points; what several of them need goes into files that they share. */
async function joinFiles({ manifest }: Package, dist: string): Promise<void> {
  const entries = Object.values(manifest.exports ?? {}).flatMap((target) => {
    const file = typeof target === "object" ? target["default"] : undefined
    return typeof file === "string" && file.startsWith("./dist/") ? [file.slice("./dist/".length)] : []
  })
  const compiled = globSync("**/*.js", { cwd: dist })
  const joined = await bundle({
    entryPoints: entries.map((entry) => join(dist, entry)),
    outdir: dist,
    outbase: dist,
    chunkNames: "shared/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    packages: "external",
    external: ["node:*"],
    target: "es2024",
    legalComments: "none",
    logLevel: "silent",
    write: false,
  })
  for (const file of compiled) rmSync(join(dist, file))
  for (const { path, contents } of joined.outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, contents)
  }
}

/**
 * Rewrites the relative imports of a declaration file from `./x.ts` to `./x.js`. The compiler does so in the code but
 * not in the declarations, where a consumer's compiler would refuse the ending of a file that is not there.
 */
export function nameJavaScript(declarations: string): string {
  return declarations.replaceAll(/(\b(?:from|import)\s*\(?\s*)(["'])(\.{1,2}\/[^"'\n]*?)(?<!\.d)\.ts\2/g, "$1$2$3.js$2")
}

if (isProgram(import.meta.url) && !(await build())) process.exitCode = 1
