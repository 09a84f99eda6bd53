import { createHash, randomUUID } from "node:crypto"
import type { ReasoningVault } from "@sluice/ai"
import { type KeptState, reasoningVault } from "@sluice/ai/vault"
import type { Sealer } from "@sluice/auth"
import { type Kysely, sql } from "kysely"
import type { Logger } from "../logger.ts"
import type { Schema } from "./schema.ts"
import type { WriteRhythm } from "./write-rhythm.ts"

/** How long what a model thought is kept after its last use unless told otherwise: 7 days, in milliseconds. */
export const THINKING_LIFETIME_MS: number = 7 * 24 * 60 * 60 * 1000
/** Answers that are kept at most, and bytes of them; those that were not used for the longest time go first. */
const MAX_STATES = 100_000
const MAX_BYTES = 512 * 1024 * 1024
/** Bytes of one answer: more than that is a picture or a page, and not kept. */
const MAX_STATE_BYTES = 1024 * 1024
/** Answers and bytes that wait to be written at most; beyond that the oldest are let go. */
const MAX_WAITING = 1000
const MAX_WAITING_BYTES = 32 * 1024 * 1024
/** How often what has expired or is too much is removed, in milliseconds, and how many rows at once. */
const SWEEP_EVERY_MS = 60_000
const SWEEP_ROWS = 1000
/** Keys of one query. */
const QUERY_KEYS = 500

/** What a vault works with. */
export interface VaultParts {
  sealer: Sealer
  rhythm: WriteRhythm
  logger: Logger
  lifetimeMs?: number
  maxStates?: number
  maxBytes?: number
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}

/** An answer's state that is not written yet. */
interface Waiting {
  id: string
  owner: string
  keys: readonly string[]
  json: string
}

/**
 * What models thought and signed, encrypted, for clients that do not send it back.
 *
 * Each state belongs to the key that asked: its names are digests that the owner is part of, and it opens in its
 * owner's row alone. What is kept can be found at once, and is written soon after.
 */
export class Vault {
  readonly #db: Kysely<Schema>
  readonly #parts: VaultParts
  readonly #lifetimeMs: number
  readonly #now: () => number
  readonly #waiting = new Map<string, Waiting>()
  #waitingBytes = 0
  /** States by their names, as long as they wait. */
  readonly #waitingByKey = new Map<string, Waiting>()
  /** States that were used and whose lifetime is to begin anew. */
  readonly #used = new Set<string>()
  #sweptAt = 0

  constructor(db: Kysely<Schema>, parts: VaultParts) {
    this.#db = db
    this.#parts = parts
    this.#lifetimeMs = parts.lifetimeMs ?? THINKING_LIFETIME_MS
    this.#now = parts.now ?? Date.now
    parts.rhythm.join(() => this.#flush())
  }

  /** The vault of one client. */
  of(owner: string): ReasoningVault {
    return reasoningVault({
      digest: (text) =>
        createHash("sha256")
          .update(JSON.stringify([owner, text]))
          .digest("base64url"),
      get: (keys) => this.#get(owner, keys),
      put: (keys, state) => this.#put(owner, keys, state),
    })
  }

  async #get(owner: string, keys: readonly string[]): Promise<ReadonlyMap<string, KeptState>> {
    const found = new Map<string, KeptState>()
    // What waits has a name only where nothing that is written has it.
    for (const key of keys) {
      const waiting = this.#waitingByKey.get(key)
      if (waiting) found.set(key, JSON.parse(waiting.json) as KeptState)
    }
    const opened = new Map<string, KeptState | undefined>()
    for (let at = 0; at < keys.length; at += QUERY_KEYS) {
      const rows = await this.#rows(owner, keys.slice(at, at + QUERY_KEYS))
      for (const { key, id, sealed, expires_at: until } of rows) {
        if (!opened.has(id)) opened.set(id, this.#opened(owner, id, sealed))
        const state = opened.get(id)
        if (state) found.set(key, state)
        if (until < this.#now() + this.#lifetimeMs * 0.875) this.#use(id)
      }
    }
    return found
  }

  #rows(owner: string, keys: readonly string[]) {
    return this.#db
      .selectFrom("vault_keys")
      .innerJoin("vault_states", "vault_states.id", "vault_keys.state")
      .select(["vault_keys.key", "vault_states.id", "vault_states.sealed", "vault_states.expires_at"])
      .where("vault_keys.key", "in", keys)
      .where("vault_states.owner", "=", owner)
      .where("vault_states.expires_at", ">", this.#now())
      .execute()
  }

  #opened(owner: string, id: string, sealed: Uint8Array): KeptState | undefined {
    try {
      return JSON.parse(this.#parts.sealer.openText(sealed, placeOf(owner, id))) as KeptState
    } catch (error) {
      // For its client it is gone; that a key is missing is the operator's to know.
      this.#parts.logger.error({ state: id, err: error }, "what a model thought cannot be opened")
      return undefined
    }
  }

  #use(id: string): void {
    this.#used.add(id)
    this.#parts.rhythm.due()
  }

  #put(owner: string, keys: readonly string[], state: KeptState): void {
    const [first] = keys
    if (first === undefined || this.#waitingByKey.has(first)) return
    const json = JSON.stringify(state)
    if (json.length > MAX_STATE_BYTES) return
    const waiting = { id: randomUUID(), owner, keys, json }
    this.#waiting.set(waiting.id, waiting)
    this.#waitingBytes += json.length
    for (const key of keys) if (!this.#waitingByKey.has(key)) this.#waitingByKey.set(key, waiting)
    for (const oldest of this.#waiting.values()) {
      if (this.#waiting.size <= MAX_WAITING && this.#waitingBytes <= MAX_WAITING_BYTES) break
      this.#forget(oldest)
    }
    this.#parts.rhythm.due()
  }

  #forget(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting.id)) return
    this.#waitingBytes -= waiting.json.length
    for (const key of waiting.keys) if (this.#waitingByKey.get(key) === waiting) this.#waitingByKey.delete(key)
  }

  /** Writes what waits. What cannot be written is lost: its clients are no worse off than without a vault. */
  async #flush(): Promise<void> {
    const list = [...this.#waiting.values()]
    const used = [...this.#used]
    this.#used.clear()
    const now = this.#now()
    try {
      if (list.length + used.length > 0) await this.#write(list, used, now + this.#lifetimeMs)
      if (now - this.#sweptAt >= SWEEP_EVERY_MS) await this.#sweep(now)
    } catch (error) {
      this.#parts.logger.error({ lost: list.length, err: error }, "what models thought could not be kept")
    } finally {
      for (const waiting of list) this.#forget(waiting)
    }
  }

  async #write(list: readonly Waiting[], used: readonly string[], until: number): Promise<void> {
    const { sealer } = this.#parts
    await this.#db.transaction().execute(async (db) => {
      if (used.length > 0) {
        await db.updateTable("vault_states").set({ expires_at: until }).where("id", "in", used).execute()
      }
      for (const { id, owner, keys, json } of list) {
        const [first = ""] = keys
        // What has a name already keeps it, so that a history gets the same back each time.
        const known = await db.selectFrom("vault_keys").select("state").where("key", "=", first).executeTakeFirst()
        if (known) {
          await db.updateTable("vault_states").set({ expires_at: until }).where("id", "=", known.state).execute()
          continue
        }
        const sealed = sealer.seal(json, placeOf(owner, id))
        await db
          .insertInto("vault_states")
          .values({ id, owner, expires_at: until, length: sealed.length, sealed })
          .execute()
        await db
          .insertInto("vault_keys")
          .values(keys.map((key) => ({ key, state: id })))
          .onConflict((conflict) => conflict.column("key").doNothing())
          .execute()
      }
    })
  }

  async #sweep(now: number): Promise<void> {
    this.#sweptAt = now
    const { maxStates = MAX_STATES, maxBytes = MAX_BYTES } = this.#parts
    await this.#db.deleteFrom("vault_states").where("expires_at", "<=", now).execute()
    for (;;) {
      const { states, bytes } = await this.#db
        .selectFrom("vault_states")
        .select([sql<number>`count(*)`.as("states"), sql<number>`coalesce(sum(length), 0)`.as("bytes")])
        .executeTakeFirstOrThrow()
      if (states <= maxStates && bytes <= maxBytes) return
      const rows = Math.min(SWEEP_ROWS, Math.max(states - maxStates, Math.ceil(states / 100)))
      await this.#db
        .deleteFrom("vault_states")
        .where("id", "in", (query) => query.selectFrom("vault_states").select("id").orderBy("expires_at").limit(rows))
        .execute()
    }
  }
}

function placeOf(owner: string, id: string): string {
  return `vault/${owner}/${id}`
}
