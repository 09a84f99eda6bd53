import { randomBytes } from "node:crypto"
import type { Message } from "@sluice/ai"
import { createSealer } from "@sluice/auth"
import { describe, expect, onTestFinished, test } from "vitest"
import { silentLogger } from "../logger.ts"
import { openDatabase } from "./database.ts"
import { KeptResponses, type KeptResponse } from "./kept-responses.ts"

async function store(options: { lifetimeMs?: number } = {}) {
  const db = await openDatabase(":memory:")
  onTestFinished(() => db.destroy())
  const clock = { now: 1_000_000 }
  const sealer = createSealer([randomBytes(32)])
  return {
    db,
    clock,
    responses: new KeptResponses(db, { sealer, logger: silentLogger, now: () => clock.now, ...options }),
  }
}

const user = (content: string): Message => ({ role: "user", content })
const kept = (id: string, more: Partial<KeptResponse> = {}): KeptResponse => ({
  id,
  document: { id, output: [] },
  input: [{ type: "message", role: "user", content: `to ${id}` }],
  turn: [user(`to ${id}`)],
  ...more,
})

describe("the store of answers", () => {
  test("gives an answer back as it was put in, to its owner alone", async () => {
    const { responses } = await store()
    await responses.put("key_1", kept("resp_1"))
    expect(await responses.get("key_1", "resp_1")).toEqual(kept("resp_1"))
    expect(await responses.get("key_2", "resp_1")).toBeUndefined()
    expect(await responses.conversation("key_2", "resp_1")).toBeUndefined()
    expect(await responses.delete("key_2", "resp_1")).toBe(false)
    expect(await responses.get("key_1", "resp_1")).toBeDefined()
  })

  test("does not let one owner write over another's", async () => {
    const { responses } = await store()
    await responses.put("key_1", kept("resp_1"))
    await responses.put("key_2", kept("resp_1", { turn: [user("other")] }))
    expect(await responses.get("key_1", "resp_1")).toEqual(kept("resp_1"))
  })

  test("keeps nothing readable in the database", async () => {
    const { db, responses } = await store()
    await responses.put("", kept("resp_1", { turn: [user("a private question")] }))
    const row = await db.selectFrom("responses").selectAll().executeTakeFirstOrThrow()
    expect(Buffer.from(row.sealed).includes("private")).toBe(false)
  })

  test("joins a conversation along the chain, oldest first, branches included", async () => {
    const { responses } = await store()
    await responses.put("k", kept("a"))
    await responses.put("k", kept("b", { previous: "a" }))
    await responses.put("k", kept("c", { previous: "b" }))
    await responses.put("k", kept("d", { previous: "a" }))
    expect(await responses.conversation("k", "c")).toEqual([user("to a"), user("to b"), user("to c")])
    expect(await responses.conversation("k", "d")).toEqual([user("to a"), user("to d")])
  })

  test("gives no half of a conversation: a missing link or a ring loses it whole", async () => {
    const { responses } = await store()
    await responses.put("k", kept("a"))
    await responses.put("k", kept("b", { previous: "a" }))
    expect(await responses.delete("k", "a")).toBe(true)
    expect(await responses.conversation("k", "b")).toBeUndefined()
    await responses.put("k", kept("x", { previous: "y" }))
    await responses.put("k", kept("y", { previous: "x" }))
    expect(await responses.conversation("k", "x")).toBeUndefined()
  })

  test("what an answer goes on from lasts as long as it does", async () => {
    const { clock, responses } = await store({ lifetimeMs: 1_000 })
    await responses.put("k", kept("a"))
    for (const [id, previous] of [
      ["b", "a"],
      ["c", "b"],
      ["d", "c"],
    ] as const) {
      clock.now += 700
      await responses.put("k", kept(id, { previous }))
    }
    clock.now += 900
    expect(await responses.conversation("k", "d")).toHaveLength(4)
    clock.now += 100
    expect(await responses.get("k", "a")).toBeUndefined()
  })

  test("what cannot be opened is not there, and the operator is told", async () => {
    const { db, responses } = await store()
    await responses.put("k", kept("a"))
    const told: unknown[] = []
    const logger = { ...silentLogger, error: (fields: object) => void told.push(fields) }
    const other = new KeptResponses(db, { sealer: createSealer([randomBytes(32)]), logger, now: () => 1_000_001 })
    expect(await other.get("k", "a")).toBeUndefined()
    expect(told).toMatchObject([{ response: "a" }])
  })

  test("forgets an answer when its time is over, and removes its row", async () => {
    const { db, clock, responses } = await store({ lifetimeMs: 5_000 })
    await responses.put("k", kept("a"))
    clock.now += 4_999
    expect(await responses.get("k", "a")).toBeDefined()
    clock.now += 1
    expect(await responses.get("k", "a")).toBeUndefined()
    expect(await responses.delete("k", "a")).toBe(false)
    clock.now += 60_000
    await responses.put("k", kept("b"))
    expect((await db.selectFrom("responses").select("id").execute()).map(({ id }) => id)).toEqual(["b"])
  })
})
