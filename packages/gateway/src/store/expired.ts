import type { Kysely } from "kysely"
import type { Logger } from "../logger.ts"
import type { Schema } from "./schema.ts"

/**
 * Removes what has expired of answers and of what models thought. The stores do so while they write; one that has been
 * switched off never does, and what it kept before would stay for good.
 */
export async function removeExpired(db: Kysely<Schema>, logger: Logger, now: number = Date.now()): Promise<void> {
  try {
    for (const table of ["responses", "vault_states"] as const) {
      await db.deleteFrom(table).where("expires_at", "<=", now).execute()
    }
  } catch (error) {
    // Another gateway may be writing; there is a next time.
    logger.warn({ err: error }, "what has expired could not be removed")
  }
}
