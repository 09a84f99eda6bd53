import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { cache, readPackages } from "./packages.ts"
import type { Package } from "./packages.ts"
import { npm } from "./run.ts"

/** A package as `npm publish` would send it. */
export interface Packed {
  package: Package
  /** Absolute path of the tarball. */
  tarball: string
  /** Paths in the tarball, from the package's own folder. */
  files: readonly string[]
}

/** Packs every package. They must have been built. Throws when npm fails. */
export async function pack(): Promise<Packed[]> {
  const folder = join(cache, "sluice-tarballs")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packages = readPackages()
  const names = packages.flatMap((one) => ["--workspace", one.manifest.name])
  const result = await npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder, ...names])
  if (!result.ok) throw new Error(`npm pack failed:\n${result.output}`)
  const answer: unknown = JSON.parse(result.stdout)
  const listed = (Array.isArray(answer) ? answer : Object.values(answer as object)) as {
    name: string
    filename: string
    files: { path: string }[]
  }[]
  return packages.map((one) => {
    const found = listed.find((item) => item.name === one.manifest.name)
    if (found === undefined) throw new Error(`npm pack did not pack ${one.manifest.name}`)
    return { package: one, tarball: join(folder, found.filename), files: found.files.map((file) => file.path) }
  })
}
