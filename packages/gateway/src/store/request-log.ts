import type { Kysely } from "kysely"
import type { RequestRow, Schema } from "./schema.ts"

/** Rows that wait at most; beyond that the oldest are let go, so that a stuck disk cannot fill the memory. */
const MAX_WAITING = 20_000
/** Rows of one statement. */
const BATCH = 100

/** Writes one row a request, in batches, so that no answer waits for the disk. */
export class RequestLog {
  readonly #db: Kysely<Schema>
  readonly #flushMs: number
  readonly #onError: (error: unknown) => void
  #waiting: RequestRow[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  /** Rows that were let go. */
  dropped = 0

  constructor(db: Kysely<Schema>, options: { flushMs?: number; onError?: (error: unknown) => void } = {}) {
    this.#db = db
    this.#flushMs = options.flushMs ?? 200
    this.#onError = options.onError ?? (() => {})
  }

  add(row: RequestRow): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift()
      this.dropped++
    }
    this.#waiting.push(row)
    this.#timer ??= setTimeout(() => void this.flush(), this.#flushMs).unref()
  }

  /** Resolves when all rows so far are written. */
  flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = undefined
    const rows = this.#waiting
    this.#waiting = []
    if (rows.length > 0) this.#writing = this.#writing.then(() => this.#write(rows)).catch(this.#onError)
    return this.#writing
  }

  async #write(rows: readonly RequestRow[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (let i = 0; i < rows.length; i += BATCH) {
        await transaction
          .insertInto("requests")
          .values(rows.slice(i, i + BATCH))
          .execute()
      }
    })
  }

  /** The latest rows, newest first. */
  async latest(count: number): Promise<Schema["requests"][]> {
    await this.flush()
    return this.#db.selectFrom("requests").selectAll().orderBy("at", "desc").limit(count).execute()
  }
}
