#!/usr/bin/env node
// Plain JavaScript on purpose: it has to say what is wrong on a Node that is too old for the rest.
// Installed, it loads the built command. In a clone it runs the sources, on the pinned Node if this one is too old.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const home = dirname(dirname(fileURLToPath(import.meta.url)))

if (existsSync(join(home, "tsconfig.build.json"))) runSources()
else if (isRecent(process.versions.node)) await import(pathToFileURL(join(home, "dist", "main.js")).href)
else refuse()

/** The build configuration is never published, so where it lies beside us this is a clone. */
function runSources() {
  const node = isRecent(process.versions.node) ? process.execPath : pinnedNode()
  if (node === undefined) return refuse()
  const main = join(home, "src", "main.ts")
  const child = spawn(node, ["--conditions=sluice-source", main, ...process.argv.slice(2)], { stdio: "inherit" })
  // A terminal sends Ctrl-C to both processes; what only we get is handed on. Either way the child decides when to end.
  process.on("SIGINT", () => {})
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  child.on("error", (error) => {
    process.stderr.write(`sluice: cannot start ${node}: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1
    else {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  })
}

/** @param {string} version */
function isRecent(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 22 || (major === 22 && minor >= 19)
}

function pinnedNode() {
  const platform = process.platform === "win32" ? "win" : process.platform
  try {
    const require = createRequire(import.meta.url)
    const folder = dirname(require.resolve(`node-${platform}-${process.arch}/package.json`))
    return join(folder, "bin", process.platform === "win32" ? "node.exe" : "node")
  } catch {
    return undefined
  }
}

function refuse() {
  process.stderr.write(
    `sluice needs Node 22.19 or later, and this is Node ${process.versions.node}. Install a current Node and try again.\n`,
  )
  process.exitCode = 1
}
