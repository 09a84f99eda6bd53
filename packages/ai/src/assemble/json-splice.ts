import { SluiceError } from "../model/errors.ts"
import type { Json } from "../model/tool.ts"

/** A value to set in a JSON object: names from the top down, and the value. */
export interface Splice {
  path: readonly [string, ...string[]]
  value: Json
}

interface Member {
  key: string
  from: number
  to: number
}

interface Edit {
  from: number
  to: number
  text: string
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Sets values in the bytes of a JSON object and leaves every other byte as it is. Only names at the given depth
 * count; a name that stands twice is set at each place, one that is missing is added at the front, and what stands
 * where an object belongs is replaced by one. The splices' first names differ from each other: the bytes are read once.
 *
 * @throws SluiceError `invalid_request` when the bytes hold no JSON object
 */
export function spliceJson(raw: Uint8Array, splices: readonly Splice[]): Uint8Array {
  return apply(raw, editsFor(raw, skipBlank(raw, bom(raw)), splices))
}

/** Sets names of the outermost object. @throws SluiceError `invalid_request` when the bytes hold no JSON object */
export function spliceTopLevel(raw: Uint8Array, set: Readonly<Record<string, Json>>): Uint8Array {
  return spliceJson(
    raw,
    Object.entries(set).map(([name, value]) => ({ path: [name], value })),
  )
}

function editsFor(bytes: Uint8Array, at: number, splices: readonly Splice[]): Edit[] {
  const members = membersOf(bytes, at)
  const edits: Edit[] = []
  let added = ""
  for (const { path, value } of splices) {
    const [name, ...rest] = path
    const found = members.filter(({ key }) => key === name)
    for (const { from, to } of found) {
      if (isPath(rest) && bytes[from] === OPEN) edits.push(...editsFor(bytes, from, [{ path: rest, value }]))
      else edits.push({ from, to, text: JSON.stringify(nested(rest, value)) })
    }
    if (found.length > 0) continue
    added += `${added === "" ? "" : ","}${JSON.stringify(name)}:${JSON.stringify(nested(rest, value))}`
  }
  if (added !== "") edits.push({ from: at + 1, to: at + 1, text: members.length > 0 ? `${added},` : added })
  return edits.sort((a, b) => a.from - b.from)
}

function isPath(names: string[]): names is [string, ...string[]] {
  return names.length > 0
}

function nested(path: readonly string[], value: Json): Json {
  return path.reduceRight<Json>((inner, name) => ({ [name]: inner }), value)
}

function apply(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const parts: Uint8Array[] = []
  let at = 0
  for (const { from, to, text } of edits) {
    parts.push(bytes.subarray(at, from), encoder.encode(text))
    at = to
  }
  parts.push(bytes.subarray(at))
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let to = 0
  for (const part of parts) {
    whole.set(part, to)
    to += part.length
  }
  return whole
}

/** The members of the object that begins at `at`. */
function membersOf(bytes: Uint8Array, at: number): Member[] {
  if (bytes[at] !== OPEN) throw malformed()
  const members: Member[] = []
  let i = skipBlank(bytes, at + 1)
  if (bytes[i] === CLOSE) return members
  for (;;) {
    if (bytes[i] !== QUOTE) throw malformed()
    const keyEnd = skipString(bytes, i)
    const key = readKey(bytes.subarray(i, keyEnd))
    i = skipBlank(bytes, keyEnd)
    if (bytes[i] !== COLON) throw malformed()
    const from = skipBlank(bytes, i + 1)
    const to = skipValue(bytes, from)
    members.push({ key, from, to })
    i = skipBlank(bytes, to)
    if (bytes[i] === CLOSE) return members
    if (bytes[i] !== COMMA) throw malformed()
    i = skipBlank(bytes, i + 1)
  }
}

function readKey(quoted: Uint8Array): string {
  try {
    return JSON.parse(decoder.decode(quoted)) as string
  } catch {
    throw malformed()
  }
}

function bom(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

function skipBlank(bytes: Uint8Array, from: number): number {
  let i = from
  while (bytes[i] === 0x20 || bytes[i] === 0x0a || bytes[i] === 0x0d || bytes[i] === 0x09) i++
  return i
}

/** `from` is at the opening quote; returns what follows the closing one. */
function skipString(bytes: Uint8Array, from: number): number {
  let i = from + 1
  while (i < bytes.length) {
    const quote = bytes.indexOf(QUOTE, i)
    if (quote < 0) break
    let escapes = 0
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return quote + 1
    i = quote + 1
  }
  throw malformed()
}

/** Returns what follows the value that begins at `from`. Its inner form is not checked beyond brackets and strings. */
function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from]
  if (first === QUOTE) return skipString(bytes, from)
  let i = from
  if (first !== OPEN && first !== OPEN_LIST) {
    while (i < bytes.length && !isEnd(bytes[i] as number)) i++
    if (i === from) throw malformed()
    return i
  }
  let depth = 0
  while (i < bytes.length) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      i = skipString(bytes, i)
      continue
    }
    i++
    if (byte === OPEN || byte === OPEN_LIST) depth++
    else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) return i
  }
  throw malformed()
}

function isEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE || byte === CLOSE_LIST || byte <= 0x20
}

function malformed(): SluiceError {
  return new SluiceError({ code: "invalid_request", message: "The body of the request is not a JSON object." })
}
