import { hash, randomBytes } from "node:crypto"
import type { Kysely } from "kysely"
import type { ApiKey, GatewayKeys } from "../gateway-keys.ts"
import type { Logger } from "../logger.ts"
import type { ApiKeyRow, Schema } from "./schema.ts"
import type { WriteRhythm } from "./write-rhythm.ts"

/** How long an answer about a key is remembered, in milliseconds: a disabled key works no longer than that. */
const REMEMBER_MS = 5_000
/** Keys that are remembered. */
const MAX_REMEMBERED = 10_000

/** What a store of keys works with. */
export interface KeyStoreParts {
  rhythm: WriteRhythm
  logger: Logger
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}

/** The gateway's own keys. A key is shown once, when it is made; what is kept is its hash. */
export class KeyStore implements GatewayKeys {
  readonly #db: Kysely<Schema>
  readonly #parts: KeyStoreParts
  readonly #now: () => number
  readonly #remembered = new Map<string, { key: ApiKey | undefined; until: number }>()
  /** When keys were last used, as far as that is not written down. */
  #used = new Map<string, number>()

  constructor(db: Kysely<Schema>, parts: KeyStoreParts) {
    this.#db = db
    this.#parts = parts
    this.#now = parts.now ?? Date.now
    parts.rhythm.join(() => this.#flush())
  }

  async create(name: string): Promise<{ secret: string; key: ApiKey }> {
    const secret = `sk-sluice-${randomBytes(32).toString("base64url")}`
    const row: ApiKeyRow = {
      id: `key_${randomBytes(9).toString("base64url")}`,
      name,
      hash: hashOf(secret),
      hint: `${secret.slice(0, 14)}…`,
      created_at: this.#now(),
      last_used_at: null,
      disabled_at: null,
    }
    await this.#db.insertInto("api_keys").values(row).execute()
    this.#remembered.clear()
    return { secret, key: shown(row) }
  }

  /**
   * The key behind a secret, if there is one that is not disabled.
   * It is found by its hash, so that the time this takes tells nothing about other keys.
   */
  async verify(secret: string): Promise<ApiKey | undefined> {
    const hash = hashOf(secret)
    const now = this.#now()
    const known = this.#remembered.get(hash)
    if (known && known.until > now) return this.#use(known.key, now)
    const row = await this.#db
      .selectFrom("api_keys")
      .selectAll()
      .where("hash", "=", hash)
      .where("disabled_at", "is", null)
      .executeTakeFirst()
    const key = row && shown(row)
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(hash, { key, until: now + REMEMBER_MS })
    return this.#use(key, now)
  }

  async list(): Promise<ApiKey[]> {
    await this.#parts.rhythm.flush()
    const rows = await this.#db.selectFrom("api_keys").selectAll().orderBy("created_at").execute()
    return rows.map(shown)
  }

  async disable(id: string): Promise<boolean> {
    this.#remembered.clear()
    const result = await this.#db
      .updateTable("api_keys")
      .set({ disabled_at: this.#now() })
      .where("id", "=", id)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  }

  /** Writes down when keys were last used. What could not be written waits for the next time. */
  async #flush(): Promise<void> {
    if (this.#used.size === 0) return
    const used = this.#used
    this.#used = new Map()
    try {
      await this.#db.transaction().execute(async (transaction) => {
        for (const [id, at] of used)
          await transaction.updateTable("api_keys").set({ last_used_at: at }).where("id", "=", id).execute()
      })
    } catch (error) {
      this.#used = new Map([...used, ...this.#used])
      this.#parts.logger.warn({ err: error }, "when keys were last used could not be written; it is tried again")
    }
  }

  #use(key: ApiKey | undefined, now: number): ApiKey | undefined {
    if (key) {
      this.#used.set(key.id, now)
      this.#parts.rhythm.due()
    }
    return key
  }
}

function hashOf(secret: string): string {
  return hash("sha256", secret)
}

function shown(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    hint: row.hint,
    createdAt: row.created_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...(row.disabled_at === null ? {} : { disabledAt: row.disabled_at }),
  }
}
