import type { Call } from "../../contract/wire-client.ts"
import type { Knowing } from "../facts.ts"
import { facts, isObject } from "./types.ts"

/** How the requests of a session were made up. */
export interface ChainStatistics {
  /** Requests with the whole conversation, and with what was new only. */
  wholeRequests: number
  chainedRequests: number
  lastTransport?: "http" | "websocket"
  /** Items of the conversation at the last request, and those that went out. */
  lastItems?: number
  lastSentItems?: number
  /** The response that the last request went on from. */
  lastPreviousResponseId?: string
}

const NONE: ChainStatistics = { wholeRequests: 0, chainedRequests: 0 }

/** The statistics among the facts of a session. */
export function statisticsOf(of: Knowing): ChainStatistics {
  const value = facts.learned(of, "statistics")
  return isObject(value) ? { ...NONE, ...value } : NONE
}

/** The facts to keep once a request was answered. */
export function statisticsFacts(
  call: Call,
  sent: { items: number; sent: number; previous?: string },
): Record<string, unknown> {
  const { wholeRequests, chainedRequests } = statisticsOf(call)
  const chained = sent.previous !== undefined
  const statistics: ChainStatistics = {
    wholeRequests: wholeRequests + (chained ? 0 : 1),
    chainedRequests: chainedRequests + (chained ? 1 : 0),
    lastTransport: call.channel.kind === "websocket" ? "websocket" : "http",
    lastItems: sent.items,
    lastSentItems: sent.sent,
    ...(sent.previous === undefined ? {} : { lastPreviousResponseId: sent.previous }),
  }
  return { [facts.name("statistics")]: statistics }
}
