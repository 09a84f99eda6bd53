import { hash } from "../../model/hash.ts"

/** Longest key of a cache. */
const MAX_KEY = 64

/** A key that the vendor takes, and that can stand in a header: any other becomes a sum of itself. */
export function cacheKey(key: string): string {
  return /^[\x21-\x7e]+$/.test(key) ? shortened("pc_", key, MAX_KEY) : `pc_${hash(key.toWellFormed())}`
}

/** A text of at most so many characters that stands for another. */
export function shortened(prefix: string, key: string, most: number): string {
  const plain = key.toWellFormed()
  return plain.length <= most ? plain : prefix + hash(plain)
}
