/** What can be told of JSON without its values. */
export interface JsonShape {
  /** Objects and lists within each other, at the deepest place. */
  depth: number
  /** Names in all objects, each as often as it stands there. */
  members: number
}

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c

/** The shape of bytes that are JSON. Strings, which are nearly all of a body, are skipped as a whole. */
export function shapeOf(bytes: Uint8Array): JsonShape {
  let open = 0
  let depth = 0
  let members = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfString(bytes, i)
    else if (byte === COLON) members++
    else if (byte === 0x7b || byte === 0x5b) depth = Math.max(depth, ++open)
    else if (byte === 0x7d || byte === 0x5d) open--
  }
  return { depth, members }
}

/** The place of the quote that ends the string which begins at `from`. */
function endOfString(bytes: Uint8Array, from: number): number {
  for (let quote = bytes.indexOf(QUOTE, from + 1); quote > 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let escapes = 0
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return quote
  }
  return bytes.length
}

/** The names in all objects of a value that was read: fewer than `members` where one stood twice. */
export function memberCount(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0
  let count = 0
  if (Array.isArray(value)) for (const one of value) count += memberCount(one)
  else for (const one of Object.values(value)) count += 1 + memberCount(one)
  return count
}
