import type { HeadersView } from "@sluice/ai"
import type { LastResponse } from "../socket/last-response.ts"

/** A request as the gateway takes it, whatever it came through. */
export interface Caller {
  headers: HeadersView
  query: URLSearchParams
  /** @throws SluiceError `invalid_request` with status 413 when it is larger, `aborted` when the client leaves before its end */
  body(maxBytes: number): Promise<Uint8Array>
  /** The body as JSON, where it has been read already. */
  json?: Record<string, unknown>
  /** What the connection remembers, where requests share one. */
  last?: LastResponse
  /** Calls `run` once when the client leaves before its answer is complete, at once if it has left. Gives what ends that. */
  onLeave(run: () => void): () => void
}
