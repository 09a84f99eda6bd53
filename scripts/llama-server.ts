import { copyFileSync, createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync } from "node:fs"
import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"
import { cache, root } from "./packages.ts"
import { duration, isProgram, npm, run, say } from "./run.ts"

// `npm run llama-server`: builds llama.cpp's server, a real peer for the interop tests, from the sources that the npm
// package node-llama-cpp carries. Needs git, tar, cmake, ninja and a C++ compiler, and some eight minutes on two cores.
// Arguments go to `cmake --build`, such as `-j1`.

/** Package with llama.cpp's sources, pinned. */
const SOURCE = "node-llama-cpp@3.22.1"

/** One static server that runs on any machine of this kind, without what the tests do not use. */
const SETTINGS: readonly string[] = [
  "-DCMAKE_BUILD_TYPE=Release",
  "-DBUILD_SHARED_LIBS=OFF",
  "-DGGML_NATIVE=OFF",
  "-DLLAMA_OPENSSL=OFF",
  "-DLLAMA_BUILD_TESTS=OFF",
  "-DLLAMA_BUILD_EXAMPLES=OFF",
  "-DLLAMA_BUILD_UI=OFF",
  "-DLLAMA_USE_PREBUILT_UI=OFF",
]

const TOOLS: readonly string[] = ["git", "tar", "cmake", "ninja", "c++"]

/** Where it is built and stays. */
export const llamaFolder: string = process.env["SLUICE_LLAMA_CACHE"] ?? join(cache, "sluice-llama")

/** The server's program, where it has been built. */
export const llamaProgram: string = join(llamaFolder, "llama-server")

/** The scripted model that it serves. */
export const llamaModel: string = join(llamaFolder, "scripted.gguf")

/** The scripted model as it is kept among the recordings. */
const packedModel = join(process.env["SLUICE_CORPUS"] ?? join(root, "..", "shared"), "llama", "scripted.gguf.gz")

/** Why the server cannot be used here, or undefined when program and model are there. */
export function whyNoLlama(): string | undefined {
  if (!existsSync(llamaProgram)) return "llama-server has not been built; npm run llama-server builds it"
  if (!existsSync(llamaModel)) return "llama-server has no model; npm run llama-server unpacks it"
  return undefined
}

/**
 * Builds the server and unpacks its model, unless they are there already.
 * @param buildArguments For `cmake --build`.
 * @returns Undefined when both are there, else why not.
 */
export async function buildLlama(buildArguments: readonly string[] = []): Promise<string | undefined> {
  mkdirSync(llamaFolder, { recursive: true })
  return (await buildProgram(buildArguments)) ?? (await unpackModel())
}

async function buildProgram(buildArguments: readonly string[]): Promise<string | undefined> {
  const stamp = [SOURCE, process.platform, process.arch, ...SETTINGS].join("\n")
  const stampFile = join(llamaFolder, ".built")
  if (existsSync(llamaProgram) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return undefined
  for (const name of TOOLS) {
    if (!(await run(name, ["--version"])).ok) return `it takes ${TOOLS.join(", ")} to build it, and there is no ${name}`
  }
  rmSync(stampFile, { force: true })
  const started = performance.now()
  const source = join(llamaFolder, "source")
  const build = join(llamaFolder, "build")
  if (!existsSync(join(source, "CMakeLists.txt"))) {
    say(`fetching llama.cpp's sources from ${SOURCE} …`)
    const problem = await fetchSource(source)
    if (problem !== undefined) return problem
  }
  say("building llama-server …")
  const steps: readonly (readonly string[])[] = [
    ["-S", source, "-B", build, "-G", "Ninja", ...SETTINGS],
    ["--build", build, "--target", "llama-server", ...buildArguments],
  ]
  for (const step of steps) {
    const made = await run("cmake", step, { cwd: llamaFolder, show: true })
    if (!made.ok) return `cmake ${step.slice(0, 2).join(" ")} failed ${made.output.trim()}`
  }
  copyFileSync(join(build, "bin", "llama-server"), `${llamaProgram}.new`)
  chmodSync(`${llamaProgram}.new`, 0o755)
  renameSync(`${llamaProgram}.new`, llamaProgram)
  writeFileSync(stampFile, stamp)
  for (const folder of [source, build]) rmSync(folder, { recursive: true, force: true })
  say(`built in ${duration(performance.now() - started)}`)
  return undefined
}

/** Takes the sources out of the package: they lie in it as a git bundle. Nothing of the package is installed or run. */
async function fetchSource(target: string): Promise<string | undefined> {
  const packed = join(llamaFolder, "packed")
  rmSync(packed, { recursive: true, force: true })
  rmSync(target, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  // npm hands its own settings to the scripts that it runs; those of a workspace would make it pack ours.
  const env = { npm_config_workspaces: undefined, npm_config_workspace: undefined, npm_config_local_prefix: undefined }
  const fetched = await npm(["pack", SOURCE, "--ignore-scripts", "--pack-destination", packed], { cwd: packed, env })
  if (!fetched.ok) return `npm could not fetch ${SOURCE}:\n${fetched.output.trimEnd()}`
  const archive = join(packed, fetched.stdout.trim().split("\n").at(-1) ?? "")
  const bundle = "package/llama/gitRelease.bundle"
  const steps: readonly (readonly [string, ...string[]])[] = [
    ["tar", "-xzf", archive, "-C", packed, bundle],
    ["git", "clone", "--quiet", join(packed, bundle), target],
  ]
  for (const [command, ...args] of steps) {
    const done = await run(command, args, { cwd: packed })
    if (!done.ok) return `${command} failed:\n${done.output.trimEnd()}`
  }
  rmSync(packed, { recursive: true, force: true })
  return undefined
}

async function unpackModel(): Promise<string | undefined> {
  if (existsSync(llamaModel)) return undefined
  if (!existsSync(packedModel))
    return `its model is not at ${packedModel}; SLUICE_CORPUS names the folder of recordings`
  await pipeline(createReadStream(packedModel), createGunzip(), createWriteStream(`${llamaModel}.new`))
  renameSync(`${llamaModel}.new`, llamaModel)
  return undefined
}

if (isProgram(import.meta.url)) {
  const problem = await buildLlama(process.argv.slice(2))
  if (problem === undefined) say(`llama-server is at ${llamaProgram}`)
  else {
    say(`llama-server could not be made: ${problem}`)
    process.exitCode = 1
  }
}
