import type { Message } from "@sluice/ai"
import type { Sealer } from "@sluice/auth"
import { type Kysely, sql } from "kysely"
import type { Logger } from "../logger.ts"
import type { Schema } from "./schema.ts"

/** How long an answer is kept unless told otherwise: 30 days, in milliseconds. */
export const RESPONSE_LIFETIME_MS: number = 30 * 24 * 60 * 60 * 1000
/** How often what has expired is removed, in milliseconds. */
const SWEEP_EVERY_MS = 60_000
/** Answers that one conversation may be made of: a chain that is longer is refused rather than read for ever. */
const MAX_CHAIN = 10_000

/** An answer that is kept for its client. */
export interface KeptResponse {
  id: string
  /** Id of the answer that this one goes on from. */
  previous?: string | undefined
  /** The answer as the client was given it. */
  document: unknown
  /** What the client sent with this request, in its own spelling. */
  input: readonly unknown[]
  /** The messages that this request added to the conversation, the answer last. */
  turn: readonly Message[]
}

/** What a store of answers works with. */
export interface KeptResponsesParts {
  sealer: Sealer
  logger: Logger
  lifetimeMs?: number
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}

/**
 * Answers that clients may come back to by their id, encrypted, for as long as they are kept.
 *
 * Each belongs to the key that asked for it: for every other one it is not there. A row holds only what its request
 * added; a conversation is read along the chain.
 */
export class KeptResponses {
  readonly #db: Kysely<Schema>
  readonly #sealer: Sealer
  readonly #logger: Logger
  readonly #lifetimeMs: number
  readonly #now: () => number
  #sweptAt = 0

  constructor(db: Kysely<Schema>, parts: KeptResponsesParts) {
    this.#db = db
    this.#sealer = parts.sealer
    this.#logger = parts.logger
    this.#lifetimeMs = parts.lifetimeMs ?? RESPONSE_LIFETIME_MS
    this.#now = parts.now ?? Date.now
  }

  /** Resolves when the answer can be read. One of the same id and owner is replaced. */
  async put(owner: string, { id, previous, ...content }: KeptResponse): Promise<void> {
    const now = this.#now()
    const row = {
      id,
      owner,
      previous: previous ?? null,
      created_at: now,
      expires_at: now + this.#lifetimeMs,
      sealed: this.#sealer.seal(JSON.stringify(content), placeOf(owner, id)),
    }
    await this.#db
      .insertInto("responses")
      .values(row)
      .onConflict((conflict) =>
        conflict
          .column("id")
          .doUpdateSet({ sealed: row.sealed, previous: row.previous, expires_at: row.expires_at })
          .where("responses.owner", "=", owner),
      )
      .execute()
    if (previous !== undefined) await this.#prolong(owner, previous, row.expires_at)
    await this.#sweep(now)
  }

  /**
   * What an answer goes on from lasts as long as it does. The way back ends at the first that lasts nearly as long: so
   * do those before it, which were prolonged with it.
   */
  async #prolong(owner: string, id: string, until: number): Promise<void> {
    const enough = until - this.#lifetimeMs / 8
    await sql`
      with recursive chain (id, previous) as (
        select id, previous from responses where id = ${id} and owner = ${owner} and expires_at < ${enough}
        union
        select r.id, r.previous from responses r join chain c on r.id = c.previous
        where r.owner = ${owner} and r.expires_at < ${enough}
      )
      update responses set expires_at = ${until} where id in (select id from chain)`.execute(this.#db)
  }

  async get(owner: string, id: string): Promise<KeptResponse | undefined> {
    const row = await this.#db
      .selectFrom("responses")
      .select(["previous", "sealed"])
      .where("id", "=", id)
      .where("owner", "=", owner)
      .where("expires_at", ">", this.#now())
      .executeTakeFirst()
    if (!row) return undefined
    let content: Omit<KeptResponse, "id">
    try {
      content = JSON.parse(this.#sealer.openText(row.sealed, placeOf(owner, id))) as Omit<KeptResponse, "id">
    } catch (error) {
      // To its client it is gone; that a key is missing is the operator's to know.
      this.#logger.error({ response: id, err: error }, "a kept answer cannot be opened")
      return undefined
    }
    return { ...content, id, ...(row.previous === null ? {} : { previous: row.previous }) }
  }

  /** The messages up to an answer and with it; `undefined` when any part of them is not kept any more. */
  async conversation(owner: string, id: string): Promise<Message[] | undefined> {
    const turns: (readonly Message[])[] = []
    const seen = new Set<string>()
    for (let at: string | undefined = id; at !== undefined;) {
      const kept: KeptResponse | undefined = await this.get(owner, at)
      if (!kept || seen.has(at) || seen.size >= MAX_CHAIN) return undefined
      seen.add(at)
      turns.push(kept.turn)
      at = kept.previous
    }
    return turns.toReversed().flat()
  }

  /** Whether there was one to remove. */
  async delete(owner: string, id: string): Promise<boolean> {
    const result = await this.#db
      .deleteFrom("responses")
      .where("id", "=", id)
      .where("owner", "=", owner)
      .where("expires_at", ">", this.#now())
      .executeTakeFirst()
    return result.numDeletedRows > 0n
  }

  async #sweep(now: number): Promise<void> {
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return
    this.#sweptAt = now
    await this.#db.deleteFrom("responses").where("expires_at", "<=", now).execute()
  }
}

function placeOf(owner: string, id: string): string {
  return `responses/${owner}/${id}`
}
