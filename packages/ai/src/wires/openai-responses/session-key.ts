import { hash } from "../../model/hash.ts"

/** Longest key of a cache. */
const MAX_KEY = 64

/** A key of a length that the vendor takes: a longer one becomes a sum of itself. */
export function cacheKey(key: string): string {
  return shortened("pc_", key, MAX_KEY)
}

/** A text of at most so many characters that stands for another. */
export function shortened(prefix: string, key: string, most: number): string {
  const plain = key.toWellFormed()
  return plain.length <= most ? plain : prefix + hash(plain)
}
