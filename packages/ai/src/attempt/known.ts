import type { Facts } from "../contract/frame.ts"

/** Hosts and sessions that are remembered; the least recently used is forgotten first. */
const MAX_ENTRIES = 1000
/** Longest JSON of one of them: some of it are a host's own words. */
const MAX_LENGTH = 16_384

/**
 * What was learned about hosts and sessions, shared by the calls of a program. Bounded: the least recently used of 1000
 * entries is forgotten first, and none grows beyond 16 kB.
 *
 * Survives JSON, so that a program may keep it for its next run. It tells which hosts and sessions there were, and nothing
 * of what was said.
 *
 * @example
 * const known = new Known(JSON.parse(await readFile("known.json", "utf8")))
 * // … calls with { known } in their environment …
 * await writeFile("known.json", JSON.stringify(known))
 */
export class Known {
  readonly #entries: Map<string, Facts>

  /** @param saved what `toJSON` gave; what is no entry in it is passed over */
  constructor(saved: Readonly<Record<string, Facts>> = {}) {
    const entries = Object.entries(saved).filter(([, facts]) => isFacts(facts) && fits(facts))
    this.#entries = new Map(entries.slice(-MAX_ENTRIES))
  }

  get(key: string): Facts {
    const facts = this.#entries.get(key)
    if (!facts) return {}
    this.#entries.delete(key)
    this.#entries.set(key, facts)
    return facts
  }

  /** Takes facts over. Those that are too much for an entry are not known any more, nor what they were before. */
  learn(key: string, facts: Facts): void {
    const before = this.get(key)
    const after = { ...before, ...facts }
    this.#entries.set(key, fits(after) ? after : without(before, facts))
    if (this.#entries.size <= MAX_ENTRIES) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }

  /** What is known of a session with a model, of whichever of its accounts was used last. */
  ofSession(model: KnownAbout["model"], sessionId: string): Facts {
    const { host } = keysOf({ model, sessionId })
    const [head, tail] = [`[${JSON.stringify(sessionId)},`, `,${JSON.stringify(host)}]`]
    const key = [...this.#entries.keys()].findLast((one) => one.startsWith(head) && one.endsWith(tail))
    return (key === undefined ? undefined : this.#entries.get(key)) ?? {}
  }

  toJSON(): Record<string, Facts> {
    return Object.fromEntries(this.#entries)
  }
}

function isFacts(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function fits(facts: Facts): boolean {
  return JSON.stringify(facts).length <= MAX_LENGTH
}

function without(facts: Facts, others: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !Object.hasOwn(others, name)))
}

/** Whose facts are asked for. */
export interface KnownAbout {
  model: { provider: string; baseUrl: string; id: string }
  sessionId: string | undefined
  /** Whose credential the session goes by. */
  account?: string
}

/** Under which keys facts about a model at its host are kept: for all, and for one session of one account. */
export function keysOf({ model, sessionId, account = "" }: KnownAbout): { host: string; session?: string } {
  // Nothing secret is kept: an address may have a password in it.
  const address = model.baseUrl.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1")
  const host = `${model.provider} ${address} ${model.id}`
  return sessionId === undefined ? { host } : { host, session: JSON.stringify([sessionId, account, host]) }
}

/** The account that a credential is of. */
export function accountOf({ id, accountId }: { id: string; accountId?: string }): string {
  return accountId ?? id
}
