import type { Known, KnownAbout } from "../../attempt/known.ts"
import { type ChainStatistics, statisticsOf } from "../../wires/openai-responses/statistics.ts"
import { FALLBACKS, WEBSOCKET } from "./ladder.ts"

/** How a session with the backend has gone so far. Holds no secret and nothing of what was said. */
export interface CodexDiagnostics extends ChainStatistics {
  /** Whether sockets are still tried. */
  websocket: boolean
  /** How often a call went on over plain HTTP because its socket had failed. */
  fallbacks: number
}

/**
 * How a session has gone so far, out of what a program knows of its hosts (`Environment.known`); of several accounts,
 * with the one that was used last.
 */
export function codexDiagnostics(known: Known, model: KnownAbout["model"], sessionId: string): CodexDiagnostics {
  const facts = known.ofSession(model, sessionId)
  const fallbacks = facts[FALLBACKS]
  return {
    ...statisticsOf({ known: facts }),
    websocket: facts[WEBSOCKET] !== false,
    fallbacks: typeof fallbacks === "number" ? fallbacks : 0,
  }
}
