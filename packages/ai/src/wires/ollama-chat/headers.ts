import type { HeaderMap } from "../../contract/frame.ts"

/** Headers of a request for an answer. */
export function headers(stream: boolean): HeaderMap {
  return { "content-type": "application/json", accept: stream ? "application/x-ndjson" : "application/json" }
}
