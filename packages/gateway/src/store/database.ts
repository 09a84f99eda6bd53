import { chmodSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import { SluiceError } from "@sluice/ai"
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from "kysely"
import { Migrator } from "kysely/migration"
import { MIGRATIONS } from "./migrations.ts"
import type { Schema } from "./schema.ts"

/** Name of the database file in the data folder. */
const FILE = "gateway.sqlite"

/**
 * Opens the gateway's database in `folder`, which is made with access for its owner only, and brings it up to date.
 *
 * @param folder `:memory:` keeps everything in memory
 * @throws SluiceError `config` when the folder cannot be used or a migration fails: a gateway does not run on half a schema
 */
export async function openDatabase(folder: string): Promise<Kysely<Schema>> {
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: adapted(openFile(folder)) }) })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateToLatest()
  if (error) {
    await db.destroy()
    throw new SluiceError(
      {
        code: "config",
        message: "The gateway's database could not be brought up to date.",
        hint: "It may come from a newer version. Start that version, or choose another folder with --data.",
      },
      { cause: error },
    )
  }
  return db
}

function openFile(folder: string): DatabaseSync {
  if (folder === ":memory:") return new DatabaseSync(":memory:")
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, FILE)
    const file = new DatabaseSync(path)
    chmodSync(path, 0o600)
    file.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 250; PRAGMA foreign_keys = ON;",
    )
    // Ids of kept answers come in no order: with 16 MiB of pages at hand few rows read some again. And a statement of
    // many rows keeps what would undo it, which needs no file.
    file.exec("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;")
    return file
  } catch (error) {
    throw new SluiceError(
      {
        code: "config",
        message: `The data folder ${folder} cannot be used.`,
        hint: "Check that it can be written to, or choose another with --data.",
      },
      { cause: error },
    )
  }
}

/** Statements that are kept to be run again. */
const MAX_PREPARED = 50

/**
 * Node's own SQLite in the shape that the query builder expects of a driver. What gives no rows is prepared once:
 * a statement that gives rows may be asked again while somebody still reads them.
 */
function adapted(file: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>()
  return {
    close: () => file.close(),
    prepare(sql: string): SqliteStatement {
      const known = prepared.get(sql)
      if (known) return known
      const statement = file.prepare(sql)
      const adapted: SqliteStatement = {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
      }
      if (!adapted.reader) {
        if (prepared.size >= MAX_PREPARED) prepared.clear()
        prepared.set(sql, adapted)
      }
      return adapted
    },
  }
}
