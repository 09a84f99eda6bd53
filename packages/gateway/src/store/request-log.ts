import { setTimeout as pause } from "node:timers/promises"
import { CompiledQuery, type Kysely } from "kysely"
import type { Loss } from "@sluice/ai"
import type { GatewayLog, RequestEntry } from "../gateway-log.ts"
import { known } from "../known.ts"
import type { Logger } from "../logger.ts"
import type { RequestRow, Schema } from "./schema.ts"
import type { WriteRhythm } from "./write-rhythm.ts"

/** Rows that wait at most; beyond that the oldest are let go, so that a stuck disk cannot fill the memory. */
const MAX_WAITING = 20_000
/** Rows of one statement, the largest first. Few sizes, so that each statement is spelled and prepared only once. */
const BATCHES = [100, 10, 1] as const
/** Milliseconds before what could not be written is tried again; then four, then sixteen times as long. */
const RETRY_MS = 250

/** What a request log works with. */
export interface RequestLogParts {
  rhythm: WriteRhythm
  logger: Logger
  /** Default 250. */
  retryMs?: number
}

/** Writes one row a request, in batches. What cannot be written is tried three times more, then counted and reported. */
export class RequestLog implements GatewayLog {
  readonly #db: Kysely<Schema>
  readonly #parts: RequestLogParts
  /** The statement that writes so many rows. */
  readonly #statements = new Map<number, string>()
  #waiting: RequestRow[] = []
  /** Rows that found no place among the waiting and are not reported yet. */
  #crowdedOut = 0
  /** Rows that were lost. */
  dropped = 0

  constructor(db: Kysely<Schema>, parts: RequestLogParts) {
    this.#db = db
    this.#parts = parts
    parts.rhythm.join(() => this.#flush())
  }

  add(entry: RequestEntry): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift()
      this.#crowdedOut++
    }
    this.#waiting.push(rowOf(entry))
    this.#parts.rhythm.due()
  }

  async latest(count: number): Promise<RequestEntry[]> {
    await this.#parts.rhythm.flush()
    const rows = await this.#db.selectFrom("requests").selectAll().orderBy("at", "desc").limit(count).execute()
    return rows.map(entryOf)
  }

  async #flush(): Promise<void> {
    const rows = this.#waiting
    this.#waiting = []
    if (this.#crowdedOut > 0) {
      this.#lost(this.#crowdedOut, undefined)
      this.#crowdedOut = 0
    }
    if (rows.length === 0) return
    const pauses = [1, 4, 16].map((factor) => factor * (this.#parts.retryMs ?? RETRY_MS))
    for (;;) {
      try {
        return await this.#write(rows)
      } catch (error) {
        const wait = pauses.shift()
        if (wait === undefined) return this.#lost(rows.length, error)
        await pause(wait)
      }
    }
  }

  #lost(rows: number, error: unknown): void {
    this.dropped += rows
    this.#parts.logger.error(
      { lost: rows, dropped: this.dropped, ...(error === undefined ? {} : { err: error }) },
      error === undefined
        ? "the request log lost rows: more came than could be written"
        : "the request log lost rows: they could not be written",
    )
  }

  /** All or none. */
  async #write(rows: readonly RequestRow[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      let at = 0
      for (const size of BATCHES) {
        for (; at + size <= rows.length; at += size) {
          await transaction.executeQuery(this.#insert(rows.slice(at, at + size)))
        }
      }
    })
  }

  #insert(rows: readonly RequestRow[]): CompiledQuery {
    let statement = this.#statements.get(rows.length)
    if (statement === undefined) {
      statement = this.#db.insertInto("requests").values(rows).compile().sql
      this.#statements.set(rows.length, statement)
    }
    // All rows name the same columns in the same order, as the statement does.
    return CompiledQuery.raw(statement, rows.flatMap(Object.values))
  }
}

function rowOf(entry: RequestEntry): RequestRow {
  return {
    id: entry.id,
    at: entry.at,
    key_id: entry.keyId ?? null,
    inbound: entry.inbound,
    outbound: entry.outbound ?? null,
    requested_model: entry.requestedModel ?? null,
    provider: entry.provider ?? null,
    model: entry.model ?? null,
    stream: entry.stream ? 1 : 0,
    relayed: entry.relayed ? 1 : 0,
    status: entry.status,
    error: entry.error ?? null,
    input_tokens: entry.inputTokens ?? null,
    output_tokens: entry.outputTokens ?? null,
    cache_read_tokens: entry.cacheReadTokens ?? null,
    cache_write_tokens: entry.cacheWriteTokens ?? null,
    reasoning_tokens: entry.reasoningTokens ?? null,
    usage_provenance: entry.usageProvenance,
    cost: entry.cost ?? null,
    ttft_ms: entry.ttftMs ?? null,
    duration_ms: entry.durationMs,
    attempts: entry.attempts,
    losses: entry.losses.length === 0 ? null : JSON.stringify(entry.losses),
  }
}

function entryOf(row: RequestRow): RequestEntry {
  return {
    id: row.id,
    at: row.at,
    inbound: row.inbound,
    stream: row.stream !== 0,
    relayed: row.relayed !== 0,
    status: row.status,
    usageProvenance: row.usage_provenance as RequestEntry["usageProvenance"],
    durationMs: row.duration_ms,
    attempts: row.attempts,
    losses: row.losses === null ? [] : (JSON.parse(row.losses) as Loss[]),
    ...known({
      keyId: row.key_id,
      outbound: row.outbound,
      requestedModel: row.requested_model,
      provider: row.provider,
      model: row.model,
      error: row.error,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cacheReadTokens: row.cache_read_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      reasoningTokens: row.reasoning_tokens,
      cost: row.cost,
      ttftMs: row.ttft_ms,
    }),
  }
}
