import { existsSync, readFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's root folder. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** Where scripts keep what may be thrown away at any time. */
export const cache: string = join(root, "node_modules", ".cache")

/** What one condition of an export names: a file, or further conditions. */
export type ExportTarget = string | { [condition: string]: ExportTarget }

/** The fields of a package.json that the scripts read. */
export interface Manifest {
  name: string
  version: string
  bin?: string | Record<string, string>
  exports?: Record<string, ExportTarget>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** One package of the workspace and what it may build on. */
export interface Package {
  /** Name of its folder under `packages/`. */
  folder: string
  /** Absolute path of that folder. */
  path: string
  manifest: Manifest
  /** Names of the workspace packages that its sources may import. */
  mayImport: readonly string[]
}

/**
 * The layers, bottom to top: each package with the folders of those that it may import. The order is also the order in
 * which they are built. `testkit` stands beside the stack: only tests may import it.
 */
const LAYERS: readonly (readonly [folder: string, mayImport: readonly string[]])[] = [
  ["catalog", []],
  ["ai", ["catalog"]],
  ["auth", ["catalog", "ai"]],
  ["testkit", ["catalog", "ai"]],
  ["gateway", ["catalog", "ai", "auth"]],
  ["cli", ["catalog", "ai", "auth", "gateway"]],
]

/** Reads the workspace's packages in layer order. */
export function readPackages(base: string = root): Package[] {
  const manifests = new Map<string, Manifest>()
  for (const [folder] of LAYERS) manifests.set(folder, readManifest(join(base, "packages", folder)))
  return LAYERS.map(([folder, mayImport]) => ({
    folder,
    path: join(base, "packages", folder),
    manifest: known(manifests, folder),
    mayImport: mayImport.map((other) => known(manifests, other).name),
  }))
}

/** True when a package has sources, so that there is something to build, pack and check. */
export function hasSources(one: Package): boolean {
  const sources = join(one.path, "src")
  return existsSync(sources) && readdirSync(sources).some((name) => name.endsWith(".ts"))
}

/** Reads the package.json of a folder. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest
}

/** All files that an export target names, with the conditions that lead to each. */
export function exportFiles(
  target: ExportTarget,
  conditions: readonly string[] = [],
): { conditions: readonly string[]; file: string }[] {
  if (typeof target === "string") return [{ conditions, file: target }]
  return Object.entries(target).flatMap(([condition, inner]) => exportFiles(inner, [...conditions, condition]))
}

function known(manifests: ReadonlyMap<string, Manifest>, folder: string): Manifest {
  const manifest = manifests.get(folder)
  if (manifest === undefined)
    throw new Error(`packages/${folder} is named as a layer below another one but is not a layer`)
  return manifest
}
