import { systemMint } from "@sluice/ai"

/** Milliseconds since 1970 fit into nine characters of base 36 until the year 5188. */
const TIME_CHARACTERS = 9

/**
 * A new id for a request that came at `now`, in milliseconds since 1970: that time, and characters by chance. Ids are
 * in the order of time, so that the log's rows go to the end of its index and not each to another page of it.
 */
export function requestId(now: number = Date.now()): string {
  return systemMint.id(`req_${now.toString(36).padStart(TIME_CHARACTERS, "0")}`)
}
