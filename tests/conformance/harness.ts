import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { AssistantMessage, AssistantMessageEvent, Frame, Model, WireClient } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { readRecording } from "../../packages/ai/src/assemble/read-recording.ts"

/** What a recording's own description says of it. */
export interface CaseMeta {
  id: string
  wire: string
  vendor: string
  file: string
  format: "sse" | "jsonl" | "json" | "bin"
  streaming: boolean
  http_status: number
  response_headers?: Record<string, string> | null
}

/** What a right client holds at the end of a recorded exchange. */
export interface Expected {
  readable: boolean
  outcome: "complete" | "cut" | "stream_error" | "http_error"
  response_id?: string | null
  text?: string
  thinking?: string
  refusal?: string
  citations?: number
  stop?: { raw: string | null; normalized: string | null }
  usage?: { input?: number; output?: number; cached?: number; cache_write?: number; reasoning?: number } | null
  blocks?: Record<string, unknown>[]
  server_items?: Record<string, unknown>[]
  flags?: string[]
  [field: string]: unknown
}

/** One recording. */
export interface Case {
  /** Path below the corpus, without an ending. */
  id: string
  meta: CaseMeta
  expected: Expected
  bytes: Uint8Array
  /** The pieces in which it was received, where they were recorded. */
  chunks?: Uint8Array[]
  /** The recorded exchange was broken off before its end. */
  cut?: boolean
}

type Recording = Parameters<typeof readRecording>[2]
type ReadingEndpoint = NonNullable<NonNullable<Parameters<typeof readRecording>[3]>["endpoint"]>

const HERE = dirname(fileURLToPath(import.meta.url))
/** Folder that holds `fixtures/`. */
export const CORPUS: string = resolve(process.env["SLUICE_CORPUS"] ?? join(HERE, "../../../shared"))
const FIXTURES = join(CORPUS, "fixtures")
const COMPARE = join(FIXTURES, "compare.mjs")

/** Whether the recordings are there. */
export const hasCorpus: boolean = existsSync(COMPARE)

export const { differences, apiOf } = (hasCorpus ? await import(pathToFileURL(COMPARE).href) : {}) as {
  differences: (expected: unknown, message: unknown) => string[]
  apiOf: Record<string, string>
}

const encoder = new TextEncoder()

/** The recordings below `fixtures/<dir>` that say what is expected of them; none where the corpus is absent. */
export function corpus(dir: string): Case[] {
  if (!hasCorpus) return []
  const root = join(FIXTURES, dir)
  const cases: Case[] = []
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    if (!path.endsWith(".meta.json")) continue
    const stem = join(root, path.slice(0, -".meta.json".length))
    if (!existsSync(`${stem}.expected.json`)) continue
    const meta = readJson(join(root, path)) as CaseMeta
    const bytes = new Uint8Array(readFileSync(join(dirname(stem), meta.file)))
    const expected = readJson(`${stem}.expected.json`) as Expected
    const id = join(dir, dirname(path), basename(stem))
    cases.push({ id, meta, expected, bytes, ...recordedChunks(stem, meta) })
  }
  return cases
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"))
}

function recordedChunks(stem: string, meta: CaseMeta): { chunks?: Uint8Array[]; cut?: boolean } {
  if (meta.format === "json" || !existsSync(`${stem}.json`)) return {}
  const recorded = readJson(`${stem}.json`) as { response?: { end?: string; chunks?: { data: string }[] } }
  if (!recorded.response?.chunks) return {}
  return {
    chunks: recorded.response.chunks.map((chunk) => encoder.encode(chunk.data)),
    cut: recorded.response.end !== "end",
  }
}

/** A model about whose host nothing is known. */
export function plainModel(api: string): Model {
  return { id: "recorded", provider: "recorded", api, baseUrl: "", input: ["text"], output: ["text"], compat: {} }
}

/** Decodes a recording that arrives in the given pieces. */
export function decode(
  wire: WireClient,
  recorded: Pick<Case, "meta">,
  chunks: Iterable<Uint8Array | Frame>,
  rest: Partial<Recording> = {},
  onEvent?: (event: AssistantMessageEvent) => void,
  endpoint?: ReadingEndpoint,
): AssistantMessage {
  const { meta } = recorded
  const recording: Recording = {
    status: meta.http_status,
    headers: new Headers(meta.response_headers ?? {}),
    stream: meta.streaming,
    chunks,
    ...(meta.format === "jsonl" ? { framing: "ndjson" } : {}),
    ...(meta.format === "bin" ? { framing: "aws-eventstream" } : {}),
    ...rest,
  }
  return readRecording(wire, plainModel(wire.api), recording, {
    ...(onEvent ? { onEvents: (events) => events.forEach((event) => onEvent(event)) } : {}),
    ...(endpoint ? { endpoint } : {}),
  })
}

/** The text with another line end, as bytes. */
export function withLineEnd(bytes: Uint8Array, lineEnd: "\r\n" | "\r" | "\n"): Uint8Array {
  return encoder.encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replace(/\r\n|\r|\n/g, lineEnd))
}

/** Pieces of one byte. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
}

const EVERY_BYTE_UP_TO = 16_384
/** Decodings of one recording in the test that cuts it. */
const MOST_RUNS = 2000
const NEAR = 8
const LF = 0x0a
const CR = 0x0d

/**
 * Where a stream is cut: at every byte of a short one; else within each character of several bytes and within 8
 * bytes of the border of each event, however many these are, and spread evenly over the rest up to 2,000 places.
 */
export function cutPlaces(bytes: Uint8Array): number[] {
  if (bytes.length <= EVERY_BYTE_UP_TO) return Array.from({ length: Math.max(0, bytes.length - 1) }, (_, at) => at + 1)
  const places = new Set<number>()
  for (let at = 1; at < bytes.length; at++) {
    if (((bytes[at] as number) & 0xc0) === 0x80) places.add(at)
    if (!endsEvent(bytes, at)) continue
    for (let near = at - NEAR; near <= at + NEAR; near++) if (near > 0 && near < bytes.length) places.add(near)
  }
  const spread = Math.max(0, MOST_RUNS - places.size)
  for (let i = 0; i < spread; i++) places.add(1 + Math.floor((i * (bytes.length - 1)) / spread))
  return [...places].sort((a, b) => a - b)
}

/** Whether a blank line ends at this byte: LF LF, CR LF CR LF or CR CR. */
function endsEvent(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === CR) return bytes[at - 1] === CR
  if (bytes[at] !== LF) return false
  return bytes[at - 1] === LF || (bytes[at - 1] === CR && bytes[at - 2] === LF)
}

/**
 * The places of each run: one, as far as 2,000 runs reach. Where there are more places, a run takes several that are
 * 2,000 places apart, so that each is still cut at, and far from the others of its run.
 */
export function cutRuns(places: readonly number[]): number[][] {
  const runs: number[][] = Array.from({ length: Math.min(MOST_RUNS, places.length) }, () => [])
  places.forEach((place, i) => runs[i % runs.length]?.push(place))
  return runs
}

/** The bytes in pieces. `places` ascend. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))
}

/** What one wire asserts beyond the common comparison: a line for each difference. */
export type MoreDifferences = (expected: Expected, message: AssistantMessage) => string[]

/** Differences in usage figures and id that the common comparison leaves to the wires. */
export function commonDifferences(expected: Expected, message: AssistantMessage): string[] {
  const lines: string[] = []
  const add = (what: string, got: unknown, wanted: unknown): void => {
    if (got !== wanted) lines.push(`${what}: got ${String(got)}, expected ${String(wanted)}`)
  }
  if (expected.outcome === "http_error") return lines
  if (expected.response_id) add("response id", message.responseId, expected.response_id)
  const usage = expected.usage
  if (usage && expected.outcome === "complete") {
    if (usage.reasoning) add("reasoning tokens", message.usage.reasoningTokens, usage.reasoning)
    if (usage.cache_write) add("cache-write tokens", message.usage.cacheWrite, usage.cache_write)
    add("provenance", message.usage.provenance, "reported")
  }
  return lines
}

function sayAbsent(): void {
  test.skip(`no recordings at ${FIXTURES}: set SLUICE_CORPUS to the folder that holds them`, () => {})
}

/** Says in a suite of its own that there is nothing to read, where the recordings of a folder are absent. */
export function absentWithout(folder: string): void {
  if (corpus(folder).length === 0) sayAbsent()
}

/** Registers the conformance tests of a wire over all recordings of that wire below `dirs`. */
export function conformance(
  wire: WireClient,
  dirs: readonly string[],
  options: { more?: MoreDifferences; elsewhere?: (recorded: Case) => boolean; endpoint?: ReadingEndpoint } = {},
): void {
  const read = (one: Case, chunks: readonly Uint8Array[]): AssistantMessage =>
    decode(wire, one, chunks, {}, undefined, options.endpoint)
  if (!hasCorpus) {
    describe(`${wire.api} recordings`, () => {
      sayAbsent()
    })
    return
  }
  const cases = dirs.flatMap(corpus).filter((one) => apiOf[one.meta.wire] === wire.api && one.expected.readable)
  const check = (one: Case, message: AssistantMessage): void => {
    expect(
      [
        ...differences(one.expected, message),
        ...commonDifferences(one.expected, message),
        ...(options.more?.(one.expected, message) ?? []),
      ],
      one.id,
    ).toEqual([])
  }
  test(`${wire.api}: there are recordings`, () => expect(cases.length).toBeGreaterThan(0))
  for (const one of cases) {
    if (options.elsewhere?.(one)) continue
    describe(one.id, () => {
      test("whole", () => check(one, read(one, [one.bytes])))
      if (one.chunks) test("in its recorded pieces", () => recordedPieces(wire, one, check))
      if (one.meta.format === "json") return
      test("one byte at a time", () => {
        expect(read(one, byteByByte(one.bytes))).toEqual(read(one, [one.bytes]))
      })
      test("cut at every place that tells", { timeout: 120_000 }, () => {
        const whole = JSON.stringify(read(one, [one.bytes]))
        for (const run of cutRuns(cutPlaces(one.bytes))) {
          const message = read(one, cutAt(one.bytes, run))
          if (JSON.stringify(message) !== whole) throw new Error(`cut at byte ${run.join(", ")}: another message`)
        }
      })
      if (one.meta.format !== "sse") return
      for (const [name, lineEnd] of [
        ["CRLF", "\r\n"],
        ["CR", "\r"],
      ] as const) {
        test(`with ${name} line ends`, () => {
          const bytes = withLineEnd(one.bytes, lineEnd)
          const whole = read(one, [one.bytes])
          expect(read(one, [bytes])).toEqual(whole)
          expect(read(one, byteByByte(bytes))).toEqual(whole)
        })
      }
    })
  }
}

function recordedPieces(wire: WireClient, one: Case, check: (one: Case, message: AssistantMessage) => void): void {
  const chunks = one.chunks ?? []
  const message = decode(wire, one, chunks)
  check(one, message)
  if (!one.cut) return
  const broken = decode(wire, one, chunks, { cut: true })
  check(one, broken)
  expect(broken.error?.code).toBe("stream_incomplete")
  expect(message.error?.code).toBe("stream_incomplete")
}
