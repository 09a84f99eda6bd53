import type { Adaptation, Attempt, Call, WireRequest } from "../contract/wire-client.ts"
import type { SluiceError } from "../model/errors.ts"
import type { WireFacts } from "./facts.ts"
import { isObject, type Obj } from "../model/json.ts"

/** A change of the request that a refusal suggests. */
export interface Change {
  /** What is done, in words; a change is made once for each. */
  words: string
  /** The fact that makes the encoder do it, by its bare name, and the fact's value. */
  fact: string
  value: unknown
  /** Whom it holds for. Default `host`. */
  where?: "host" | "session"
}

/** What `adaptation` needs of a wire. */
export interface Adaptable<B extends Obj = Obj> {
  encode(call: Call): WireRequest
  facts: WireFacts
  /** Statuses that the wire's hosts refuse a request's shape with. An error without a status may be such a refusal. */
  statuses: ReadonlySet<number>
  /** Whether a change could be about such an error; a request is not built again for any other. */
  isTelling(error: SluiceError): boolean
  /** The changes to try, best first. */
  changes(error: SluiceError, call: Call, body: B): Iterable<Change>
}

/** What a refusal looks like, and what to do then. */
export interface RefusalRule<Fact extends string = string> {
  fact: Fact
  /** What is done, in words. */
  change: string
  /** Where it is remembered: what a host says of a model (default), or of this conversation. */
  where?: "host" | "session"
  refused: RegExp
  /** Whether the request held what was refused. `text`: the body as JSON. */
  sent(body: Obj, text: string): boolean
}

/** The changes that a list of rules asks for, in its order. */
export function changesBy(rules: readonly RefusalRule[]): Pick<Adaptable, "isTelling" | "changes"> {
  return {
    isTelling: ({ message }) => rules.some(({ refused }) => refused.test(message)),
    *changes({ message }, _call, body) {
      const text = JSON.stringify(body)
      for (const { fact, change, where = "host", refused, sent } of rules) {
        if (refused.test(message) && sent(body, text)) yield { words: change, fact, value: true, where }
      }
    },
  }
}

/**
 * What to leave out of a request that a host refused, once for each thing.
 *
 * Only what this request really held is left out, and only if that changes the request. What the host said of the
 * thing itself is kept for host and model, so that the next call does without from the start; what it said of this
 * caller's content is kept for the conversation. An answer that had begun is no refusal.
 */
export function adaptation<B extends Obj>(
  error: SluiceError,
  call: Call,
  past: readonly Attempt[],
  { encode, facts, statuses, isTelling, changes }: Adaptable<B>,
): Adaptation | undefined {
  const { status } = error
  if (error.delivered !== "nothing" || error.scope === "local") return undefined
  if (status !== undefined && !statuses.has(status)) return undefined
  if (!isTelling(error)) return undefined
  const body = bodyOf(encode, call)
  if (!body) return undefined
  const sent = JSON.stringify(body)
  for (const { words, where = "host", fact, value } of changes(error, call, body as B)) {
    if (past.some((attempt) => attempt.change === words)) continue
    const learned = { [facts.name(fact)]: value }
    const changed = bodyOf(encode, { ...call, known: { ...call.known, ...learned } })
    if (changed && JSON.stringify(changed) !== sent) return { change: words, learn: { where, facts: learned } }
  }
  return undefined
}

/** The body of the request; `undefined` where it could not be built, which no host has refused then. */
function bodyOf(encode: Adaptable["encode"], call: Call): Obj | undefined {
  try {
    const { body } = encode(call)
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

/** The objects of a list; none of what is no list. */
export function objects(list: unknown): Obj[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}
