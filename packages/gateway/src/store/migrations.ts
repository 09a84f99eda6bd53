import type { Kysely } from "kysely"
import type { Migration } from "kysely/migration"

/** The steps from an empty database to today's schema. Steps that were released never change. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-keys-and-requests": {
    async up(db: Kysely<never>): Promise<void> {
      await db.schema
        .createTable("api_keys")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull().unique())
        .addColumn("hint", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("last_used_at", "bigint")
        .addColumn("disabled_at", "bigint")
        .execute()
      await db.schema
        .createTable("requests")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("at", "bigint", (column) => column.notNull())
        .addColumn("key_id", "text")
        .addColumn("inbound", "text", (column) => column.notNull())
        .addColumn("outbound", "text")
        .addColumn("requested_model", "text")
        .addColumn("provider", "text")
        .addColumn("model", "text")
        .addColumn("stream", "integer", (column) => column.notNull())
        .addColumn("relayed", "integer", (column) => column.notNull())
        .addColumn("status", "integer", (column) => column.notNull())
        .addColumn("error", "text")
        .addColumn("input_tokens", "bigint")
        .addColumn("output_tokens", "bigint")
        .addColumn("cache_read_tokens", "bigint")
        .addColumn("cache_write_tokens", "bigint")
        .addColumn("reasoning_tokens", "bigint")
        .addColumn("usage_provenance", "text", (column) => column.notNull())
        .addColumn("cost", "double precision")
        .addColumn("ttft_ms", "integer")
        .addColumn("duration_ms", "integer", (column) => column.notNull())
        .addColumn("attempts", "integer", (column) => column.notNull())
        .addColumn("losses", "text")
        .execute()
      await db.schema.createIndex("requests_at").on("requests").column("at").execute()
      await db.schema.createIndex("requests_key_at").on("requests").columns(["key_id", "at"]).execute()
    },
  },
  "0002-responses": {
    async up(db: Kysely<never>): Promise<void> {
      await db.schema
        .createTable("responses")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("owner", "text", (column) => column.notNull())
        .addColumn("previous", "text")
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("expires_at", "bigint", (column) => column.notNull())
        .addColumn("sealed", "blob", (column) => column.notNull())
        .execute()
      await db.schema.createIndex("responses_expires_at").on("responses").column("expires_at").execute()
    },
  },
  "0003-vault": {
    async up(db: Kysely<never>): Promise<void> {
      await db.schema
        .createTable("vault_states")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("owner", "text", (column) => column.notNull())
        .addColumn("expires_at", "bigint", (column) => column.notNull())
        .addColumn("length", "integer", (column) => column.notNull())
        .addColumn("sealed", "blob", (column) => column.notNull())
        .execute()
      await db.schema.createIndex("vault_states_expires_at").on("vault_states").column("expires_at").execute()
      await db.schema
        .createTable("vault_keys")
        .addColumn("key", "text", (column) => column.primaryKey())
        .addColumn("state", "text", (column) => column.notNull().references("vault_states.id").onDelete("cascade"))
        .execute()
      await db.schema.createIndex("vault_keys_state").on("vault_keys").column("state").execute()
    },
  },
}
