import { readFile, stat } from "node:fs/promises"
import { dirname, extname, join } from "node:path"

/** A piece of a recorded body. */
export interface RecordedChunk {
  data: Uint8Array
  /** Milliseconds from the start of the exchange, where it was recorded. */
  atMs?: number
}

/** The request that led to a recording. */
export interface RecordedRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: unknown
}

/** One recorded exchange. */
export interface Recording {
  /** For people. */
  name: string
  status: number
  /** Without those that belong to one connection. */
  headers: Record<string, string>
  chunks: readonly RecordedChunk[]
  /** `cut`: the exchange was broken off after the last chunk. */
  end: "end" | "cut"
  request?: RecordedRequest
  /** What is told about the recording beside it. */
  meta?: Readonly<Record<string, unknown>>
}

/** Headers that belong to a connection, or to a body as it was before it was stored. */
const CONNECTION = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
  "upgrade",
  "te",
  "trailer",
])

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".sse": "text/event-stream; charset=utf-8",
  ".json": "application/json",
  ".jsonl": "application/x-ndjson",
  ".bin": "application/vnd.amazon.eventstream",
}

interface Exchange {
  name?: string
  request: { method?: string; path?: string; headers?: Record<string, string>; body?: unknown }
  response: {
    status: number
    headers?: Record<string, string>
    end?: string
    chunks: readonly { t?: number; data?: string; base64?: string }[]
  }
}

/**
 * Reads a recording: a body (`NAME.sse`, `.json`, `.jsonl`, `.bin`) with what `NAME.meta.json` tells of it, or a
 * whole exchange (`NAME.json` with `request` and `response.chunks`), which keeps its chunks and their times.
 * Without an extension the first of these that exists is read, an exchange before a bare body.
 *
 * @throws Error that names the path when there is nothing to read
 */
export async function loadFixture(path: string): Promise<Recording> {
  const file = await resolve(path)
  const extension = extname(file)
  const base = file.slice(0, -extension.length)
  const meta = await readJson(`${base}.meta.json`)
  const bytes = new Uint8Array(await readFile(file))
  if (extension === ".json") {
    const exchange = asExchange(bytes)
    if (exchange) return fromExchange(exchange, base, meta)
  }
  const told = meta ?? {}
  const headers = { ...strings(told["response_headers"]) }
  headers["content-type"] ??= CONTENT_TYPES[extension] ?? "application/octet-stream"
  const request = await requestOf(told, dirname(file))
  return {
    name: typeof told["id"] === "string" ? told["id"] : base,
    status: typeof told["http_status"] === "number" ? told["http_status"] : 200,
    headers: withoutConnection(headers),
    chunks: [{ data: bytes }],
    end: "end",
    ...(request ? { request } : {}),
    ...(meta ? { meta } : {}),
  }
}

/** All bytes of a recording's body. */
export function bodyOf(recording: Recording): Uint8Array {
  return Buffer.concat(recording.chunks.map((chunk) => chunk.data))
}

async function resolve(path: string): Promise<string> {
  if (extname(path) in CONTENT_TYPES) return path
  const json = `${path}.json`
  if ((await exists(json)) && asExchange(await readFile(json))) return json
  for (const extension of Object.keys(CONTENT_TYPES)) if (await exists(path + extension)) return path + extension
  throw new Error(`There is no recording ${path} (.sse, .json, .jsonl or .bin).`)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function asExchange(bytes: Uint8Array): Exchange | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Exchange> | null
    return value?.request && Array.isArray(value.response?.chunks) ? (value as Exchange) : undefined
  } catch {
    return undefined
  }
}

function fromExchange(exchange: Exchange, base: string, meta: Record<string, unknown> | undefined): Recording {
  const { request, response } = exchange
  return {
    name: exchange.name ?? base,
    status: response.status,
    headers: withoutConnection(response.headers ?? {}),
    chunks: response.chunks.map((chunk) => ({
      data: chunk.base64 === undefined ? Buffer.from(chunk.data ?? "", "utf8") : Buffer.from(chunk.base64, "base64"),
      ...(chunk.t === undefined ? {} : { atMs: chunk.t }),
    })),
    end: response.end === undefined || response.end === "end" ? "end" : "cut",
    request: {
      method: request.method ?? "POST",
      path: request.path ?? "/",
      headers: request.headers ?? {},
      body: request.body,
    },
    ...(meta ? { meta } : {}),
  }
}

async function requestOf(meta: Record<string, unknown>, folder: string): Promise<RecordedRequest | undefined> {
  const url = typeof meta["url"] === "string" ? URL.parse(meta["url"]) : undefined
  const file = meta["request_file"]
  const body = typeof file === "string" ? await readJson(join(folder, file)) : undefined
  if (!url && body === undefined) return undefined
  return {
    method: typeof meta["method"] === "string" ? meta["method"] : "POST",
    path: url ? url.pathname + url.search : "/",
    headers: strings(meta["request_headers"]),
    body,
  }
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>)
}

function strings(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name.toLowerCase(), String(entry)]))
}

function withoutConnection(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(strings(headers)).filter(([name, value]) => !CONNECTION.has(name) && value !== ""),
  )
}
