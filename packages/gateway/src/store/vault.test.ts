import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AssistantMessage, Message, Model, ReasoningVault } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { createSealer } from "@sluice/auth"
import { describe, expect, onTestFinished, test } from "vitest"
import { silentLogger } from "../logger.ts"
import { openDatabase } from "./database.ts"
import { Vault, type VaultParts } from "./vault.ts"
import { WriteRhythm } from "./write-rhythm.ts"

const MODEL: Model = {
  id: "m",
  provider: "p",
  api: "anthropic-messages",
  baseUrl: "https://host.invalid",
  input: ["text"],
  output: ["text"],
  compat: {},
}
const DAY = 24 * 60 * 60 * 1000

async function store(options: Partial<VaultParts> & { folder?: string; key?: Uint8Array } = {}) {
  const { folder = ":memory:", key = randomBytes(32), ...more } = options
  const db = await openDatabase(folder)
  onTestFinished(() => db.destroy())
  const clock = { now: 1_000_000 }
  const rhythm = new WriteRhythm(60_000)
  const vault = new Vault(db, {
    sealer: createSealer([key]),
    rhythm,
    logger: silentLogger,
    lifetimeMs: 8 * DAY,
    now: () => clock.now,
    ...more,
  })
  return { db, clock, rhythm, vault }
}

const asked = (n: number): Message[] => [{ role: "user", content: `question ${n}` }]

function answer(n: number, thinking?: string): AssistantMessage {
  return {
    role: "assistant",
    content: [
      ...(thinking === undefined ? [] : [{ type: "thinking" as const, thinking, signature: { value: `s${n}` } }]),
      { type: "toolCall", id: `call_${String(n).padStart(24, "0")}`, name: "look", arguments: { n } },
    ],
    api: MODEL.api,
    provider: thinking === undefined ? "" : MODEL.provider,
    model: MODEL.id,
    usage: { provenance: "absent" },
    stopReason: "toolUse",
    timestamp: 0,
  }
}

const keep = (vault: ReasoningVault, n: number, thinking = "a private thought"): void =>
  void vault.keep({ messages: asked(n) }, answer(n, thinking))

/** What was thought in an answer, as the vault gives it. */
async function thought(vault: ReasoningVault, n: number): Promise<string | undefined> {
  const context = { messages: [...asked(n), answer(n)] }
  const restore = await vault.find(context, [MODEL])
  const made = restore?.(context, MODEL, anthropicMessages.traits).context.messages[1]
  const first = made?.role === "assistant" ? made.content[0] : undefined
  return first?.type === "thinking" ? first.thinking : undefined
}

describe("the vault in the gateway's database", () => {
  test("gives what it keeps to its owner alone, before it is written and after", async () => {
    const { vault, rhythm } = await store()
    keep(vault.of("key_1"), 1)
    for (let time = 0; time < 2; time++) {
      expect(await thought(vault.of("key_1"), 1)).toBe("a private thought")
      expect(await thought(vault.of("key_2"), 1)).toBeUndefined()
      expect(await thought(vault.of(""), 1)).toBeUndefined()
      await rhythm.flush()
    }
  })

  test("outlives the program", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-vault-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const key = randomBytes(32)
    const first = await store({ folder, key })
    keep(first.vault.of("key_1"), 1)
    await first.rhythm.flush()
    const second = await store({ folder, key })
    expect(await thought(second.vault.of("key_1"), 1)).toBe("a private thought")
    const other = await store({ folder })
    expect(await thought(other.vault.of("key_1"), 1)).toBeUndefined()
  })

  test("keeps nothing readable, and no row that opens for another owner", async () => {
    const { db, vault, rhythm } = await store()
    keep(vault.of("key_1"), 1)
    await rhythm.flush()
    const row = await db.selectFrom("vault_states").selectAll().executeTakeFirstOrThrow()
    const names = await db.selectFrom("vault_keys").selectAll().execute()
    expect(Buffer.from(row.sealed).includes("private")).toBe(false)
    expect(names).toHaveLength(3)
    expect(JSON.stringify(names)).not.toMatch(/question|look/)
    await db.updateTable("vault_states").set({ owner: "key_2" }).execute()
    expect(await thought(vault.of("key_1"), 1)).toBeUndefined()
    expect(await thought(vault.of("key_2"), 1)).toBeUndefined()
  })

  test("lets the first of two answers that read alike stand, written or not", async () => {
    const { db, vault, rhythm } = await store()
    const own = vault.of("key_1")
    keep(own, 1, "one")
    keep(own, 1, "two")
    expect(await thought(own, 1)).toBe("one")
    await rhythm.flush()
    keep(own, 1, "three")
    expect(await thought(own, 1)).toBe("one")
    await rhythm.flush()
    expect(await thought(own, 1)).toBe("one")
    expect(await db.selectFrom("vault_states").selectAll().execute()).toHaveLength(1)
  })

  test("lets go what was not used for its lifetime, and counts from the last use", async () => {
    const { db, clock, vault, rhythm } = await store()
    const own = vault.of("key_1")
    keep(own, 1)
    keep(own, 2)
    await rhythm.flush()
    clock.now += 7 * DAY
    expect(await thought(own, 1)).toBe("a private thought")
    await rhythm.flush()
    clock.now += DAY
    expect(await thought(own, 1)).toBe("a private thought")
    expect(await thought(own, 2)).toBeUndefined()
    await rhythm.flush()
    expect(await db.selectFrom("vault_states").selectAll().execute()).toHaveLength(1)
    expect(await db.selectFrom("vault_keys").selectAll().execute()).toHaveLength(3)
  })

  test.each<[string, Partial<VaultParts>]>([
    ["answers", { maxStates: 3 }],
    ["bytes", { maxBytes: 1000 }],
  ])("has no more than so many %s; those that were used last stay", async (_what, limits) => {
    const { db, clock, vault, rhythm } = await store(limits)
    const own = vault.of("key_1")
    for (let n = 1; n <= 6; n++) {
      clock.now += DAY
      keep(own, n)
      if (n === 6) await thought(own, 1)
      await rhythm.flush()
    }
    const left = await db.selectFrom("vault_states").select("length").execute()
    expect(left.length).toBeGreaterThan(0)
    expect(left.length).toBeLessThanOrEqual(3)
    expect(left.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(limits.maxBytes ?? Infinity)
    expect(await thought(own, 6)).toBeDefined()
    expect(await thought(own, 2)).toBeUndefined()
  })

  test("finds the answers of a very long conversation in few queries", async () => {
    const { vault, rhythm } = await store()
    const own = vault.of("key_1")
    const messages: Message[] = []
    for (let n = 0; n < 400; n++) {
      messages.push(...asked(n))
      void own.keep({ messages }, answer(n, `thought ${n}`))
      messages.push(answer(n))
    }
    await rhythm.flush()
    const context = { messages }
    const restore = await own.find(context, [MODEL])
    expect(restore?.(context, MODEL, anthropicMessages.traits).losses).toHaveLength(400)
  })

  test("goes without a database that fails", async () => {
    const { db, vault, rhythm } = await store()
    await db.schema.dropTable("vault_keys").execute()
    keep(vault.of("key_1"), 1)
    await rhythm.flush()
    expect(vault).toBeDefined()
    await expect(thought(vault.of("key_1"), 1)).rejects.toThrow(/vault_keys/)
  })
})
