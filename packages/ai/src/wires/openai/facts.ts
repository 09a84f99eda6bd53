import type { Call } from "../../contract/wire-client.ts"

/** Names and values of what was learned about hosts of one wire. */
export interface WireFacts {
  /** Name of a fact about this wire and the call's model. */
  name(call: { model: { id: string } }, what: string): string
  /** What is known of it; `undefined` where nothing was learned. */
  learned(call: { model: { id: string }; known: Call["known"] }, what: string): unknown
}

/** The facts of the wire whose facts begin with `word`: what a host refuses on one of its wires it may take on the other. */
export function wireFacts(word: string): WireFacts {
  const name: WireFacts["name"] = ({ model }, what) => `${word}.${what}@${model.id}`
  return { name, learned: (call, what) => call.known[name(call, what)] }
}

/** A fact that is a list of words; `undefined` where nothing was learned. */
export function learnedWords(fact: unknown): readonly string[] | undefined {
  return Array.isArray(fact) ? (fact as string[]) : undefined
}
