import type { HeaderMap } from "../../contract/frame.ts"

/** The headers of a request, apart from those that say who sends it. */
export function requestHeaders(stream: boolean): HeaderMap {
  return { "content-type": "application/json", accept: stream ? "text/event-stream" : "application/json" }
}
