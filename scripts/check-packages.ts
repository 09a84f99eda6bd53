import { globSync, readFileSync } from "node:fs"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { pack } from "./pack.ts"
import type { Packed } from "./pack.ts"
import { exportFiles, hasSources } from "./packages.ts"
import type { Manifest } from "./packages.ts"
import { isProgram, say, tool } from "./run.ts"

/**
 * Compares what a package exports with the files that are published.
 * @param files Paths in the tarball.
 * @param sources Paths of the source files, from the package's folder.
 */
export function compareExports(manifest: Manifest, files: readonly string[], sources: readonly string[]): string[] {
  const published = new Set(files)
  const entries = Object.entries(manifest.exports ?? {})
  const findings: string[] = []
  const exported = new Set<string>()
  for (const [entry, target] of entries) {
    for (const { conditions, file } of exportFiles(target)) {
      const path = file.replace(/^\.\//, "")
      if (conditions.includes("sluice-source")) exported.add(path)
      if (!published.has(path))
        findings.push(`exports["${entry}"] names ${file}, which is not in the tarball. Create it or take the entry out`)
    }
    if (entry === "./package.json") continue
    const conditions = typeof target === "string" ? [] : Object.keys(target)
    if (conditions.join() !== "sluice-source,types,default") {
      findings.push(`exports["${entry}"] must have the conditions sluice-source, types, default in this order`)
    }
  }
  for (const file of Object.values(typeof manifest.bin === "string" ? [manifest.bin] : (manifest.bin ?? {}))) {
    if (!published.has(file.replace(/^\.\//, ""))) findings.push(`bin names ${file}, which is not in the tarball`)
  }
  for (const source of sources) {
    if (/^src\/wires\/[^/]+\/(client|server)\.ts$/.test(source) && !exported.has(source)) {
      findings.push(`${source} is no entry point. Add it to exports, or a user cannot import that wire`)
    }
  }
  for (const needed of ["LICENSE", "README.md"]) {
    if (!published.has(needed)) findings.push(`${needed} is not in the tarball. Put it into the package's folder`)
  }
  for (const file of files) {
    if (/\.test\.|\.tsbuildinfo$|(^|\/)\.env/.test(file)) findings.push(`${file} is published and should not be`)
  }
  return findings
}

/** What publint and are-the-types-wrong have to say about a tarball. */
async function lint(one: Packed, bytes: Buffer): Promise<string[]> {
  const tarball = new Uint8Array(bytes).buffer
  const { messages, pkg } = await publint({ strict: true, level: "warning", pack: { tarball } })
  const findings = messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`)
  const targets = Object.values(one.package.manifest.exports ?? {})
  if (targets.every((target) => typeof target === "string")) return findings
  const flags = ["--profile", "esm-only", "--format", "ascii", "--no-color", "--no-emoji"]
  const types = await tool("attw", [one.tarball, ...flags])
  if (!types.ok) findings.push(`are-the-types-wrong:\n${types.output.trimEnd()}`)
  return findings
}

/** Checks the tarballs of all packages: export map, publint, and types as each kind of consumer resolves them. */
export async function checkPackages(packed: readonly Packed[]): Promise<boolean> {
  let ok = true
  for (const one of packed) {
    if (!hasSources(one.package)) continue
    const { manifest, path } = one.package
    const sources = globSync("src/**/*.ts", { cwd: path }).map((file) => file.replaceAll("\\", "/"))
    const findings = compareExports(manifest, one.files, sources)
    const bytes = readFileSync(one.tarball)
    // Where files are missing, the tools only say so again, at length.
    if (findings.length === 0) findings.push(...(await lint(one, bytes)))
    const { length } = one.files
    say(
      `${findings.length === 0 ? "ok    " : "FAILED"}  ${manifest.name} (${length} files, ${Math.round(bytes.length / 1024)} kB packed)`,
    )
    for (const finding of findings) say(`        packages/${one.package.folder}: ${finding}`)
    if (findings.length > 0) ok = false
  }
  return ok
}

if (isProgram(import.meta.url) && !(await checkPackages(await pack()))) process.exitCode = 1
