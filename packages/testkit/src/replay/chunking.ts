import type { RecordedChunk } from "./recording.ts"

/**
 * How a body is cut: as it was recorded, in one piece, in bytes, in pieces of one size, or at given offsets.
 */
export type Chunking = "recorded" | "whole" | "bytes" | { every: number } | { at: readonly number[] }

/** Cuts a body anew. Times stay with the byte at which a piece begins. */
export function rechunk(chunks: readonly RecordedChunk[], chunking: Chunking): RecordedChunk[] {
  if (chunking === "recorded") return [...chunks]
  const body = Buffer.concat(chunks.map((chunk) => chunk.data))
  const borders = bordersOf(body.length, chunking)
  const cut: RecordedChunk[] = []
  let from = 0
  for (const to of [...borders, body.length]) {
    if (to <= from) continue
    const atMs = timeAt(chunks, from)
    cut.push({ data: body.subarray(from, to), ...(atMs === undefined ? {} : { atMs }) })
    from = to
  }
  return cut
}

function bordersOf(length: number, chunking: Exclude<Chunking, "recorded">): number[] {
  if (chunking === "whole") return []
  if (typeof chunking === "object" && "at" in chunking) {
    return chunking.at.filter((at) => at > 0 && at < length).toSorted((a, b) => a - b)
  }
  const size = chunking === "bytes" ? 1 : Math.max(1, Math.floor(chunking.every))
  const borders: number[] = []
  for (let at = size; at < length; at += size) borders.push(at)
  return borders
}

function timeAt(chunks: readonly RecordedChunk[], offset: number): number | undefined {
  let at = 0
  for (const chunk of chunks) {
    at += chunk.data.length
    if (offset < at) return chunk.atMs
  }
  return undefined
}

/** Cuts further where something happens, so that it happens exactly there. */
export function splitAt(chunks: readonly RecordedChunk[], offset: number): RecordedChunk[] {
  const cut: RecordedChunk[] = []
  let at = 0
  for (const chunk of chunks) {
    const inside = offset - at
    at += chunk.data.length
    if (inside <= 0 || inside >= chunk.data.length) cut.push(chunk)
    else cut.push({ ...chunk, data: chunk.data.subarray(0, inside) }, { ...chunk, data: chunk.data.subarray(inside) })
  }
  return cut
}
