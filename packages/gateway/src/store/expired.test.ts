import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSluice } from "@sluice/ai/auto"
import { expect, onTestFinished, test } from "vitest"
import { createGateway } from "../gateway.ts"
import { openDatabase } from "./database.ts"

test("what was kept before a store was switched off is gone once it has expired", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "sluice-expired-"))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const sealed = new Uint8Array(1)
  const db = await openDatabase(dataDir)
  onTestFinished(() => db.destroy())
  for (const [id, until] of [
    ["old", Date.now() - 1],
    ["new", Date.now() + 60_000],
  ] as const) {
    await db.insertInto("vault_states").values({ id, owner: "", expires_at: until, length: 1, sealed }).execute()
    await db
      .insertInto("vault_keys")
      .values({ key: `key of ${id}`, state: id })
      .execute()
    const response = { id, owner: "", previous: null, created_at: 0, expires_at: until, sealed }
    await db.insertInto("responses").values(response).execute()
  }
  const gateway = await createGateway({
    dataDir,
    sluice: createSluice({ env: () => undefined }),
    keepThinkingMs: 0,
    keepResponsesMs: 0,
  })
  await gateway.close()
  const ids = async (table: "vault_states" | "responses") =>
    (await db.selectFrom(table).select("id").execute()).map(({ id }) => id)
  expect(await ids("vault_states")).toEqual(["new"])
  expect(await ids("responses")).toEqual(["new"])
  expect(await db.selectFrom("vault_keys").select("key").execute()).toEqual([{ key: "key of new" }])
})
