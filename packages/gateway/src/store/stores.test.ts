import type { Kysely } from "kysely"
import { describe, expect, onTestFinished, test } from "vitest"
import type { RequestEntry } from "../gateway-log.ts"
import type { Logger } from "../logger.ts"
import { openDatabase } from "./database.ts"
import { KeyStore } from "./keys.ts"
import { RequestLog } from "./request-log.ts"
import type { Schema } from "./schema.ts"
import { WriteRhythm } from "./write-rhythm.ts"

interface Line {
  level: keyof Logger
  fields: Record<string, unknown>
  message: string
}

/** Both stores over a database in memory whose next `failures` transactions fail. */
async function stores(options: { failures?: number; everyMs?: number } = {}) {
  const db = await openDatabase(":memory:")
  onTestFinished(() => db.destroy())
  const lines: Line[] = []
  const put = (level: keyof Logger) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message })
  const logger: Logger = { info: put("info"), warn: put("warn"), error: put("error") }
  const disk = { failures: options.failures ?? 0, tries: 0 }
  const transaction = db.transaction.bind(db)
  db.transaction = () => {
    disk.tries++
    if (disk.failures-- > 0) throw new Error("disk full")
    return transaction()
  }
  const rhythm = new WriteRhythm(options.everyMs ?? 60_000)
  const keys = new KeyStore(db, { rhythm, logger, now: () => 1234 })
  const log = new RequestLog(db, { rhythm, logger, retryMs: 0 })
  return { db, keys, log, rhythm, lines, disk }
}

const entry = (id: string, more: Partial<RequestEntry> = {}): RequestEntry => ({
  id,
  at: 1,
  inbound: "openai-completions",
  stream: true,
  relayed: false,
  status: 200,
  usageProvenance: "absent",
  durationMs: 5,
  attempts: 1,
  losses: [],
  ...more,
})

describe("the request log", () => {
  test("keeps each of many entries with its own values, however they fall into statements", async () => {
    const { log } = await stores()
    const entries = Array.from({ length: 234 }, (_, i) => entry(`r${i}`, { at: i, durationMs: 2 * i }))
    for (const one of entries) log.add(one)
    expect(await log.latest(300)).toEqual(entries.toReversed())
    log.add(entry("last", { at: 1000, error: "network", ttftMs: 3 }))
    expect((await log.latest(1))[0]).toEqual(entry("last", { at: 1000, error: "network", ttftMs: 3 }))
  })

  test("gives entries as they were written, the newest first, and leaves out what is unknown", async () => {
    const { log } = await stores()
    const full = entry("a", {
      at: 2,
      keyId: "key_1",
      outbound: "anthropic-messages",
      requestedModel: "fast",
      provider: "p",
      model: "m",
      error: "timeout",
      inputTokens: 0,
      outputTokens: 2,
      cacheReadTokens: 3,
      cacheWriteTokens: 4,
      reasoningTokens: 5,
      usageProvenance: "partial",
      cost: 0.25,
      ttftMs: 0,
      losses: [{ path: "x", what: "dropped", why: "y" } as unknown as RequestEntry["losses"][number]],
    })
    log.add(entry("b"))
    log.add(full)
    expect(await log.latest(5)).toStrictEqual([full, entry("b")])
    expect(await log.latest(1)).toHaveLength(1)
  })

  test("values are parameters, whatever a client calls its model", async () => {
    const { log } = await stores()
    const requestedModel = `'); DROP TABLE requests; --`
    log.add(entry("a", { requestedModel }))
    expect(await log.latest(1)).toMatchObject([{ requestedModel }])
  })

  test("a batch that could not be written is written at the second try", async () => {
    const { log, lines, disk } = await stores({ failures: 1 })
    log.add(entry("a"))
    expect(await log.latest(5)).toHaveLength(1)
    expect([log.dropped, disk.tries, lines]).toEqual([0, 2, []])
  })

  test("one that fails again and again is counted and reported, and the next is written", async () => {
    const { log, lines } = await stores({ failures: 4 })
    log.add(entry("a"))
    log.add(entry("b"))
    expect(await log.latest(5)).toEqual([])
    expect(log.dropped).toBe(2)
    expect(lines).toMatchObject([{ level: "error", fields: { lost: 2, dropped: 2, err: { message: "disk full" } } }])
    log.add(entry("c"))
    expect(await log.latest(5)).toHaveLength(1)
  })

  test("rows for which there is no room are reported", async () => {
    const { log, lines, rhythm } = await stores()
    for (let n = 0; n < 20_003; n++) log.add(entry(`r${n}`))
    await rhythm.flush()
    expect(log.dropped).toBe(3)
    expect(lines).toMatchObject([{ level: "error", fields: { lost: 3, dropped: 3 } }])
  })
})

describe("keys", () => {
  const usedAt = async (db: Kysely<Schema>): Promise<number | null | undefined> =>
    (await db.selectFrom("api_keys").select("last_used_at").executeTakeFirst())?.last_used_at

  test("their last use is written while the gateway runs, with the log's rhythm", async () => {
    const { db, keys } = await stores({ everyMs: 5 })
    const { secret } = await keys.create("one")
    expect(await usedAt(db)).toBeNull()
    await keys.verify(secret)
    await expect.poll(() => usedAt(db)).toBe(1234)
  })

  test("what could not be written of it is written the next time", async () => {
    const { db, keys, lines, rhythm } = await stores({ failures: 1 })
    const { secret } = await keys.create("one")
    await keys.verify(secret)
    await rhythm.flush()
    expect(await usedAt(db)).toBeNull()
    expect(lines).toMatchObject([{ level: "warn" }])
    await rhythm.flush()
    expect(await usedAt(db)).toBe(1234)
  })

  test("a list knows of the latest use", async () => {
    const { keys } = await stores()
    const { secret } = await keys.create("one")
    await keys.verify(secret)
    expect(await keys.list()).toMatchObject([{ name: "one", lastUsedAt: 1234 }])
  })
})
