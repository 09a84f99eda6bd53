import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib"
import { SluiceError, type HeadersView } from "@sluice/ai"
import { tooLarge } from "./too-large.ts"

/** What is in the bytes up to the end of one stream, and how many bytes that were. */
interface Unpacked {
  plain: Uint8Array
  read: number
}
type Unpack = (bytes: Uint8Array, maxBytes: number) => Promise<Unpacked>

interface Encoding {
  unpack: Unpack
  /** Streams that follow each other are one content. */
  joins?: boolean
}

const UNPACK: Readonly<Record<string, Encoding>> = {
  // Node reads all members of it as one.
  gzip: { unpack: unpackBy(gunzip) },
  "x-gzip": { unpack: unpackBy(gunzip) },
  deflate: { unpack: unpackDeflate },
  br: { unpack: unpackBy(brotliDecompress) },
  // RFC 8878, 3: content is one or more frames.
  zstd: { unpack: unpackBy(zstdDecompress), joins: true },
}
/** Encodings one upon the other. Nobody needs more, and each is another chance to blow a body up. */
const MAX_LAYERS = 3
/** Streams one behind the other. Programs that compress in parallel make one of some megabytes; each one costs its setup. */
const MAX_STREAMS = 1000

/** The encodings of a body in the order in which they were applied. @throws SluiceError with status 415 for an unknown one */
export function encodingsOf(headers: HeadersView): readonly string[] {
  const value = headers.get("content-encoding")
  if (value === null) return []
  const names = value.split(",").map((name) => name.trim().toLowerCase())
  const encodings = names.filter((name) => name !== "" && name !== "identity")
  const unknown = encodings.find((name) => !Object.hasOwn(UNPACK, name))
  if (unknown === undefined && encodings.length <= MAX_LAYERS) return encodings
  throw new SluiceError({
    code: "unsupported",
    status: 415,
    message:
      unknown === undefined
        ? `Bodies in ${encodings.length} encodings one upon the other are not read.`
        : `Bodies in the encoding ${unknown.slice(0, 40)} are not read.`,
    hint: "Send the body in gzip, deflate, br or zstd, or without content-encoding.",
  })
}

/**
 * The body without its encodings.
 *
 * @throws SluiceError with status 413 as soon as it grows larger than `maxBytes`, 400 when not all of it can be read
 */
export async function decompressed(
  bytes: Uint8Array,
  encodings: readonly string[],
  maxBytes: number,
): Promise<Uint8Array> {
  let plain = bytes
  for (const name of encodings.toReversed()) plain = await withoutEncoding(plain, name, maxBytes)
  return plain
}

async function withoutEncoding(bytes: Uint8Array, name: string, maxBytes: number): Promise<Uint8Array> {
  const { unpack, joins = false } = UNPACK[name] as Encoding
  const parts: Uint8Array[] = []
  let size = 0
  let at = 0
  for (;;) {
    if (parts.length === MAX_STREAMS) throw unreadable(name, `It is made of more than ${MAX_STREAMS} streams.`)
    const next = await unpacked(unpack, bytes.subarray(at), name, maxBytes - size)
    if (next === "more" || next.plain.length > maxBytes - size) throw tooLarge(maxBytes)
    size += next.plain.length
    parts.push(next.plain)
    at += next.read
    if (at >= bytes.length) break
    if (!joins) throw unreadable(name, `${bytes.length - at} bytes follow its end.`)
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
}

async function unpacked(unpack: Unpack, bytes: Uint8Array, name: string, room: number): Promise<Unpacked | "more"> {
  try {
    return await unpack(bytes, room)
  } catch (error) {
    if (isTooLarge(error)) return "more"
    throw unreadable(name, "It is broken, cut short, or in another encoding.", error)
  }
}

type ZlibFunction = (
  bytes: Uint8Array,
  options: { maxOutputLength: number; info: true },
  done: (error: Error | null, result: unknown) => void,
) => void

function unpackBy(run: ZlibFunction): Unpack {
  return (bytes, maxBytes) =>
    new Promise((resolve, reject) => {
      // A limit of 0 would be none.
      run(bytes, { maxOutputLength: Math.max(1, maxBytes), info: true }, (error, result) => {
        if (error) return reject(error)
        // With `info` Node gives the engine beside the bytes; it knows how far it has read.
        const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } }
        resolve({ plain: buffer, read: engine.bytesWritten })
      })
    })
}

/** What HTTP calls deflate has zlib's frame around it (RFC 9110, 8.4.1.2); some clients send it bare all the same. */
async function unpackDeflate(bytes: Uint8Array, maxBytes: number): Promise<Unpacked> {
  try {
    return await unpackZlib(bytes, maxBytes)
  } catch (error) {
    if (isTooLarge(error)) throw error
    return await unpackBare(bytes, maxBytes)
  }
}
const unpackZlib = unpackBy(inflate)
const unpackBare = unpackBy(inflateRaw)

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
}

function unreadable(name: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError(
    {
      code: "invalid_request",
      status: 400,
      message: `The request's body could not be read as ${name}. ${why}`,
      hint: "Send the whole body in the encoding that content-encoding names, or without one.",
    },
    cause === undefined ? undefined : { cause },
  )
}
