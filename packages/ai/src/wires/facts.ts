import type { Facts } from "../contract/frame.ts"

/** What was learned of hosts and sessions, as a call brings it. */
export interface Knowing {
  known: Facts
}

/** Names and values of what was learned from the hosts of one wire. */
export interface WireFacts {
  /** Name of a fact about this wire. Facts are kept by host and model, so it names neither. */
  name(what: string): string
  /** What is known of it; `undefined` where nothing was learned. */
  learned(call: Knowing, what: string): unknown
}

/** The facts of the wire whose facts begin with `word`: what a host refuses on one of its wires it may take on another. */
export function wireFacts(word: string): WireFacts {
  const name: WireFacts["name"] = (what) => `${word}.${what}`
  return { name, learned: ({ known }, what) => known[name(what)] }
}

/** A fact that is a list of words; `undefined` where nothing was learned. */
export function learnedWords(fact: unknown): readonly string[] | undefined {
  return Array.isArray(fact) ? (fact as string[]) : undefined
}
