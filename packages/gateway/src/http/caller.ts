import type { HeadersView } from "@sluice/ai"
import type { ReadBody } from "../inbound/body.ts"
import type { LastResponse } from "../kept/last-response.ts"

/** A request as the gateway takes it, whatever it came through. */
export interface Caller {
  headers: HeadersView
  query: URLSearchParams
  /** @throws SluiceError `invalid_request` with status 413 when it is larger, `aborted` when the client leaves before its end */
  body(maxBytes: number): Promise<Uint8Array>
  /** The body, where it is known already: a message of a connection. */
  read?: ReadBody
  /** What the connection remembers, where requests share one. */
  last?: LastResponse
  /** Calls `run` once when the client leaves before its answer is complete, at once if it has left. Gives what ends that. */
  onLeave(run: () => void): () => void
}
