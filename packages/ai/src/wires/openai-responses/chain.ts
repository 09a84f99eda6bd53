import type { Call } from "../../contract/wire-client.ts"
import type { InputItems } from "./kept-items.ts"
import { RunningSum } from "./running-sum.ts"
import { statisticsFacts } from "./statistics.ts"
import { API, facts, learned, text, type Body, type Encoding, type Obj } from "./types.ts"
import { hash } from "../../model/hash.ts"

/**
 * What a host keeps of a conversation: its newest response, and what that response has behind it. A request may name
 * the response and hold only what came after it, if it begins with the same conversation and asks for the same.
 *
 * @see https://platform.openai.com/docs/guides/conversation-state
 */
export interface Chain {
  /** The response. */
  id: string
  /** Sum over all fields of its request but the input. */
  settings: string
  /** How many pieces the conversation has up to the response and with it, and their sum. */
  pieces: number
  sum: string
}

/** What a request has to do with a chain. */
export interface Chaining {
  /** Where the chain is kept: by the connection, or by the host for as long as it likes. */
  where: "channel" | "session"
  settings: string
  /** Sum over the whole input. */
  sum: RunningSum
  /** The response that the request goes on from. */
  previous?: string
}

/** Facts of a chain, kept by a channel or for a session. */
const CHAIN = "chain"
/** A session that has broken so many chains in a row goes without. */
const MAX_STRIKES = 3

const encoded = new WeakMap<Call, Chaining>()
const sent = new WeakMap<Call, { items: number; sent: number; previous?: string }>()

/** Where the chain of a call is kept; `undefined` where it has none. */
export function chainPlace({ call, compat }: Pick<Encoding, "call" | "compat">): Chaining["where"] | undefined {
  const { chain, sessionId, wire } = call.options
  if (chain === false) return undefined
  const own = wire?.[API]
  if (own && ["input", "previous_response_id", "store"].some((field) => own[field] !== undefined)) return undefined
  if (call.channel.kind === "websocket") return compat.chain === "connection" ? "channel" : undefined
  if (compat.chain !== "stored" || chain !== true || sessionId === undefined) return undefined
  const strikes = learned(call, "chainStrikes")
  return typeof strikes === "number" && strikes >= MAX_STRIKES ? undefined : "session"
}

/**
 * The body with its input; over the chain, if it can be: with the response that it goes on from, and only what came
 * after that.
 */
export function overChain(call: Call, body: Body, input: InputItems, where: Chaining["where"] | undefined): Body {
  const items = input.length
  if (call.model.compat.responses?.chain) sent.set(call, { items, sent: items })
  const { model, ...asked } = body
  const whole = (): Body => ({ model, input: input.from(0), ...asked })
  if (where === undefined) return whole()
  const { client_metadata: _metadata, ...settled } = body
  const settings = hash(JSON.stringify(settled))
  const chaining: Chaining = { where, settings, sum: new RunningSum(input.mark) }
  encoded.set(call, chaining)
  const kept = where === "session" ? { store: true } : {}
  const chain = chainOf(call, where)
  const from = chain?.settings === settings ? input.behind(chain) : undefined
  if (!chain || from === undefined || from >= items) return { ...whole(), ...kept }
  chaining.previous = chain.id
  sent.set(call, { items, sent: items - from, previous: chain.id })
  return { model, previous_response_id: chain.id, input: input.from(from), ...asked, ...kept }
}

function chainOf(call: Call, where: Chaining["where"]): Chain | undefined {
  const chain = where === "channel" ? call.channel.memory[CHAIN] : learned(call, CHAIN)
  return chain ? (chain as Chain) : undefined
}

/** What the request of a call has to do with a chain, once it is encoded. */
export function chainingOf(call: Call): Chaining | undefined {
  return encoded.get(call)
}

/** What a request was made up of, to keep once it was answered. */
export function sentFacts(call: Call): Record<string, unknown> | undefined {
  const sizes = sent.get(call)
  return sizes && statisticsFacts(call, sizes)
}

/** The facts to keep of an answer: the chain with the answer on it, or that there is none any more. */
export function chainFacts(
  call: Call,
  response: { id: string; items: readonly Obj[] } | undefined,
): { where: Chaining["where"]; facts: Record<string, unknown> } | undefined {
  const chaining = encoded.get(call)
  if (!chaining) return undefined
  const { where, settings, sum, previous } = chaining
  let chain: Chain | undefined
  if (response && response.id !== "") {
    for (const item of response.items) sum.add(item)
    chain = { id: response.id, settings, ...sum.mark }
  }
  if (where === "channel") return { where, facts: { [CHAIN]: chain ?? null } }
  const strikes = previous === undefined ? {} : { [facts.name("chainStrikes")]: 0 }
  return { where, facts: { [facts.name(CHAIN)]: chain ?? null, ...strikes } }
}

/** The facts of a session whose chain was refused. `forGood`: the host keeps nothing for this caller. */
export function brokenChain(call: Call, forGood: boolean): Record<string, unknown> {
  const known = learned(call, "chainStrikes")
  const strikes = forGood ? MAX_STRIKES : (typeof known === "number" ? known : 0) + 1
  return { [facts.name(CHAIN)]: null, [facts.name("chainStrikes")]: strikes }
}

/** The name of a response that an event belongs to. */
export function responseIdOf(event: Obj): string {
  const response = event["response"]
  return typeof response === "object" && response !== null ? text((response as Obj)["id"]) : text(event["response_id"])
}
