import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import type { Metafile } from "esbuild"
import { readPackages, root } from "./packages.ts"
import { isProgram, node, say } from "./run.ts"

/** What a bundle with one wire and `stream` should stay under, compressed. */
const GOAL_BYTES = 20 * 1024

/** What importing the library should add to the start of a bare Node. */
const GOAL_IMPORT_MS = 15

const IMPORT_RUNS = 9

/** A bundle as a browser would get it. */
interface Bundle {
  bytes: number
  gzipBytes: number
  /** Paths of what went in, from the root. */
  inputs: string[]
}

/**
 * Bundles the built library with each wire alone and prints the sizes and the time to import it. True when
 * `@sluice/ai` by itself pulls in no wire; sizes and times are goals and fail nothing.
 */
export async function checkBundles(): Promise<boolean> {
  const whole = await bundle(`import * as sluice from "@sluice/ai"; console.log(sluice)`)
  const wires = whole.inputs.filter((file) => /\/ai\/dist\/(wires\/|auto\.)/.test(file))
  say(
    `${wires.length === 0 ? "ok    " : "FAILED"}  @sluice/ai alone holds no wire (everything it exports: ${size(whole)})`,
  )
  for (const wire of wires) say(`        it holds ${wire}`)
  for (const entry of clientEntries()) {
    const one = await bundle(`export { stream } from "@sluice/ai"; export * from ${JSON.stringify(entry)}`)
    const verdict = one.gzipBytes <= GOAL_BYTES ? "within" : "over"
    say(`size    stream with ${entry}: ${size(one)}, ${verdict} the goal of ${kilobytes(GOAL_BYTES)} gzip`)
  }
  const ms = await importTime()
  say(
    `time    import "@sluice/ai": ${ms.toFixed(1)} ms over bare Node, ${ms <= GOAL_IMPORT_MS ? "within" : "over"} the goal of ${GOAL_IMPORT_MS} ms`,
  )
  return wires.length === 0
}

function clientEntries(): string[] {
  const library = readPackages().find((one) => one.folder === "ai")
  return Object.keys(library?.manifest.exports ?? {})
    .filter((entry) => /^\.\/wires\/[^/]+$/.test(entry))
    .map((entry) => `@sluice/ai${entry.slice(1)}`)
}

async function bundle(contents: string): Promise<Bundle> {
  const result = await build({
    stdin: { contents, resolveDir: root, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    absWorkingDir: root,
    logLevel: "silent",
  })
  const bytes = result.outputFiles?.[0]?.contents ?? new Uint8Array()
  return { bytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length, inputs: usedInputs(result.metafile) }
}

/** Only what contributes to the output: a module that is dropped whole is not pulled in. */
function usedInputs(metafile: Metafile | undefined): string[] {
  return Object.values(metafile?.outputs ?? {}).flatMap((output) => Object.keys(output.inputs))
}

/** Milliseconds that importing the built library adds to a process: the difference of medians, runs in turns. */
async function importTime(): Promise<number> {
  const times: { bare: number[]; library: number[] } = { bare: [], library: [] }
  for (let n = 0; n < IMPORT_RUNS; n++) {
    times.bare.push((await node(["--input-type=module", "--eval", ""])).ms)
    times.library.push((await node(["--input-type=module", "--eval", `import "@sluice/ai"`])).ms)
  }
  return median(times.library) - median(times.bare)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function size({ bytes, gzipBytes }: Bundle): string {
  return `${kilobytes(gzipBytes)} gzip, ${kilobytes(bytes)} minified`
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} kB`
}

if (isProgram(import.meta.url) && !(await checkBundles())) process.exitCode = 1
