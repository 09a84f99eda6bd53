import { promisify } from "node:util"
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib"
import { SluiceError, type HeadersView } from "@sluice/ai"
import { tooLarge } from "./body.ts"

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
}
/** Encodings one upon the other. Nobody needs more, and each is another chance to blow a body up. */
const MAX_LAYERS = 3

/** The encodings of a body in the order in which they were applied. @throws SluiceError with status 415 for an unknown one */
export function encodingsOf(headers: HeadersView): readonly string[] {
  const value = headers.get("content-encoding")
  if (value === null) return []
  const names = value.split(",").map((name) => name.trim().toLowerCase())
  const encodings = names.filter((name) => name !== "" && name !== "identity")
  const unknown = encodings.find((name) => !Object.hasOwn(DECOMPRESS, name))
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
 * @throws SluiceError with status 413 as soon as it grows larger than `maxBytes`, 400 when it cannot be read
 */
export async function decompressed(
  bytes: Uint8Array,
  encodings: readonly string[],
  maxBytes: number,
): Promise<Uint8Array> {
  let plain = bytes
  for (const name of encodings.toReversed()) {
    try {
      // A limit of 0 would be none.
      plain = await (DECOMPRESS[name] as Decompress)(plain, { maxOutputLength: Math.max(1, maxBytes) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes)
      throw new SluiceError(
        { code: "invalid_request", status: 400, message: `The request's body could not be read as ${name}.` },
        { cause: error },
      )
    }
  }
  return plain
}
