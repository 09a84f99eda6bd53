import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cache, readManifest, root } from "./packages.ts"
import { duration, isProgram, npm, say } from "./run.ts"

/** Where the clients are pinned. */
const manifestFolder = join(root, "tests", "interop", "clients")

/** Where they are installed: outside the workspace's own tree, so that no version of ours gets in their way. */
export const clientFolder: string = process.env["SLUICE_INTEROP_CACHE"] ?? join(cache, "sluice-interop")

/**
 * Installs the real clients that the interop tests drive, by pinned version, unless that very set is there already.
 * @returns Undefined when they are there, else why not.
 */
export async function installClients(): Promise<string | undefined> {
  const manifestFile = join(manifestFolder, "package.json")
  const text = readFileSync(manifestFile)
  const stamp = createHash("sha256").update(text).update(`${process.platform}-${process.arch}`).digest("hex")
  const stampFile = join(clientFolder, ".installed")
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return undefined
  const wanted = Object.entries(readManifest(manifestFolder).dependencies ?? {})
  say(`installing ${wanted.map(([name, version]) => `${name} ${version}`).join(", ")} …`)
  mkdirSync(clientFolder, { recursive: true })
  rmSync(stampFile, { force: true })
  copyFileSync(manifestFile, join(clientFolder, "package.json"))
  const inner = Object.fromEntries(
    Object.keys(process.env)
      .filter(isWorkspaceSetting)
      .map((name) => [name, undefined]),
  )
  const result = await npm(["install", "--no-package-lock", "--include=optional"], { cwd: clientFolder, env: inner })
  if (!result.ok) return `npm could not install them:\n${result.output.trimEnd()}`
  for (const [name, pinned] of wanted) {
    // An alias, `npm:package@version`, is how two versions of one client stand side by side.
    const version = pinned.slice(pinned.lastIndexOf("@") + 1)
    const installed = readManifest(join(clientFolder, "node_modules", name)).version
    if (installed !== version) return `npm installed ${name} ${installed} and not ${version}`
  }
  writeFileSync(stampFile, stamp)
  say(`installed in ${duration(result.ms)}`)
  return undefined
}

/** Settings that npm hands to the scripts it runs and that would tie an inner npm to this repository. */
function isWorkspaceSetting(name: string): boolean {
  return /^npm_(config_local_prefix|config_workspaces?|package_.*|lifecycle_.*)$/i.test(name)
}

if (isProgram(import.meta.url)) {
  const problem = await installClients()
  if (problem !== undefined) {
    say(problem)
    process.exitCode = 1
  }
}
