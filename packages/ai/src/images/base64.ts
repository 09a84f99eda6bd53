import { type ImageSize, imageSize } from "./size.ts"

/** Characters that are decoded for a size, and how many more where those did not reach; a multiple of four each. */
const HEADS: readonly number[] = [64, 131_072, Infinity]
const PIECE = 8192

/** The bytes of a base64 text, or `undefined` where it is none. */
export function bytesOf(base64: string): Uint8Array | undefined {
  try {
    const text = atob(base64)
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
    return bytes
  } catch {
    return undefined
  }
}

/** Bytes as a base64 text. */
export function base64Of(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return btoa(text)
}

/** The size of an image in base64; no more of it is decoded than that takes. */
export function sizeOfBase64(base64: string): ImageSize | undefined {
  for (const head of HEADS) {
    const bytes = bytesOf(base64.slice(0, head))
    const size = bytes && imageSize(bytes)
    if (size || head >= base64.length) return size
  }
  return undefined
}
