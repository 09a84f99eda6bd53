import type { Facts } from "../contract/frame.ts"

/** Hosts and sessions that are remembered; the least recently used is forgotten first. */
const MAX_ENTRIES = 1000

/** What was learned about hosts and sessions, shared by the calls of a program. Survives JSON. */
export class Known {
  readonly #entries: Map<string, Facts>

  /** @param saved what `toJSON` gave */
  constructor(saved: Readonly<Record<string, Facts>> = {}) {
    this.#entries = new Map(Object.entries(saved))
  }

  get(key: string): Facts {
    const facts = this.#entries.get(key)
    if (!facts) return {}
    this.#entries.delete(key)
    this.#entries.set(key, facts)
    return facts
  }

  learn(key: string, facts: Facts): void {
    this.#entries.set(key, { ...this.get(key), ...facts })
    if (this.#entries.size <= MAX_ENTRIES) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }

  /** What is known of a session with a model, of whichever of its accounts was used last. */
  ofSession(model: KnownAbout["model"], sessionId: string): Facts {
    const { host } = keysOf({ model, sessionId })
    const key = [...this.#entries.keys()].findLast((one) => {
      const parts: unknown = one.startsWith("[") ? JSON.parse(one) : undefined
      return Array.isArray(parts) && parts[0] === sessionId && parts[2] === host
    })
    return (key === undefined ? undefined : this.#entries.get(key)) ?? {}
  }

  toJSON(): Record<string, Facts> {
    return Object.fromEntries(this.#entries)
  }
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
  const host = `${model.provider} ${model.baseUrl} ${model.id}`
  return sessionId === undefined ? { host } : { host, session: JSON.stringify([sessionId, account, host]) }
}

/** The account that a credential is of. */
export function accountOf({ id, accountId }: { id: string; accountId?: string }): string {
  return accountId ?? id
}
