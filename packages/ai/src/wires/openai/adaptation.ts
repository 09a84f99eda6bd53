import type { Adaptation, Attempt, Call, WireRequest } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { isAboutValue, refuses } from "../refusal.ts"
import { isObject, type Obj } from "../json.ts"
import type { Body } from "./encoding.ts"
import type { WireFacts } from "../facts.ts"

/** Statuses that hosts refuse a request's shape with. */
const STATUSES: ReadonlySet<number> = new Set([400, 404, 415, 422, 500, 501])
/** What a host says that calls the shape of a request an error of its own. */
const OF_SHAPE = /strict|schema|grammar|structured|wrong_api_format/i

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
export interface Adaptable {
  encode(call: Call): WireRequest
  facts: WireFacts
  /** The changes to try, best first. `clear`: the host said that the error is one of the request. */
  changes(error: SluiceError, call: Call, body: Body, clear: boolean): Iterable<Change>
}

/**
 * What to leave out of a request that a host refused, once for each thing.
 *
 * Only what this request really held is left out, and only if that changes the request. What the host said of the
 * thing itself is kept for host and model, so that the next call does without from the start; what it said of this
 * caller's content is kept for the conversation.
 */
export function adaptation(
  error: SluiceError,
  call: Call,
  past: readonly Attempt[],
  { encode, facts, changes }: Adaptable,
): Adaptation | undefined {
  const { status } = error
  if (error.delivered !== "nothing" || error.scope === "local") return undefined
  if (status !== undefined && !STATUSES.has(status)) return undefined
  if (error.code !== "invalid_request" && error.code !== "unsupported" && error.code !== "server_error") {
    return undefined
  }
  const clear = error.code !== "server_error" && status !== 500
  // A server that merely broke is no reason to build the request again.
  if (!clear && !OF_SHAPE.test(`${error.message} ${error.type}`)) return undefined
  const body = bodyOf(encode, call)
  if (!body) return undefined
  const sent = JSON.stringify(body)
  for (const { words, where = "host", fact, value } of changes(error, call, body, clear)) {
    if (past.some((attempt) => attempt.change === words)) continue
    const learned = { [facts.name(fact)]: value }
    const changed = bodyOf(encode, { ...call, known: { ...call.known, ...learned } })
    if (JSON.stringify(changed) !== sent) return { change: words, learn: { where, facts: learned } }
  }
  return undefined
}

/** The body of the request; `undefined` where it could not be built, which no host has refused then. */
function bodyOf(encode: Adaptable["encode"], call: Call): Body | undefined {
  try {
    return encode(call).body as Body
  } catch {
    return undefined
  }
}

/** Whether a host refused the role `developer`. `messages` is the field that messages stand in. */
export function refusesDeveloper({ message, param }: SluiceError, messages: string): boolean {
  const role = /["'`]developer["'`]|\bdeveloper\b.{0,40}\brole\b|\brole\b.{0,40}\bdeveloper\b/is.test(message)
  const here = param === undefined || param.includes(messages) || param.includes("role")
  return role && here && (refuses(message) || isAboutValue(message))
}

/** The objects of a list; none of what is no list. */
export function objects(list: unknown): Obj[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}
