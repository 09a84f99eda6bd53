import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Model } from "@sluice/catalog/core"
import type { AssistantMessage, Message } from "../model/message.ts"
import { memoryVault, type MemoryVault } from "./vault-memory.ts"

const MODEL: Model = {
  id: "m",
  provider: "p",
  api: "anthropic-messages",
  baseUrl: "https://host.invalid",
  input: ["text"],
  output: ["text"],
  compat: {},
}

const asked = (n: number): Message[] => [{ role: "user", content: `question ${n}` }]

function answer(n: number, thinking: string | undefined): AssistantMessage {
  return {
    role: "assistant",
    content: [
      ...(thinking === undefined ? [] : [{ type: "thinking" as const, thinking, signature: { value: `s${n}` } }]),
      { type: "text", text: `answer ${n}` },
    ],
    api: MODEL.api,
    provider: thinking === undefined ? "" : MODEL.provider,
    model: MODEL.id,
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
  }
}

const keep = (vault: MemoryVault, n: number, thinking = "Hm."): void =>
  void vault.keep({ messages: asked(n) }, answer(n, thinking))
const has = async (vault: MemoryVault, n: number): Promise<boolean> =>
  (await vault.find({ messages: [...asked(n), answer(n, undefined)] }, [MODEL])) !== undefined

describe("a vault in memory", () => {
  test("lets the least recently used go", async () => {
    const vault = memoryVault({ maxEntries: 2 })
    keep(vault, 1)
    keep(vault, 2)
    expect(await has(vault, 1)).toBe(true)
    keep(vault, 3)
    expect([await has(vault, 1), await has(vault, 2), await has(vault, 3)]).toEqual([true, false, true])
  })

  test("lets go what was not used for its lifetime, and counts from the last use", async () => {
    let now = 0
    const vault = memoryVault({ lifetimeMs: 100, now: () => now })
    keep(vault, 1)
    keep(vault, 2)
    now = 99
    expect(await has(vault, 1)).toBe(true)
    now = 100
    expect([await has(vault, 1), await has(vault, 2)]).toEqual([true, false])
    expect(vault.size.entries).toBe(1)
    now = 200
    expect(await has(vault, 1)).toBe(false)
    expect(vault.size).toEqual({ entries: 0, length: 0 })
  })

  test("keeps no answer that would take the room of many", async () => {
    const vault = memoryVault({ maxLength: 16_000 })
    keep(vault, 1, "x".repeat(900))
    expect(await has(vault, 1)).toBe(false)
    keep(vault, 2, "x".repeat(500))
    expect(await has(vault, 2)).toBe(true)
  })

  test("keeps its bounds whatever happens, and the newest answer always", async () => {
    const step = fc.record({
      client: fc.constantFrom("a", "b"),
      n: fc.nat({ max: 30 }),
      length: fc.nat({ max: 300 }),
      what: fc.constantFrom("keep" as const, "keep" as const, "find" as const, "wait" as const),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        let now = 0
        const limits = { maxEntries: 8, maxLength: 16_000, lifetimeMs: 50 }
        const vault = memoryVault({ ...limits, now: () => now })
        for (const { client, n, length, what } of steps) {
          const own: MemoryVault = Object.assign(vault.of(client), { of: vault.of, size: vault.size })
          if (what === "wait") now += 20
          if (what === "find") await has(own, n)
          if (what === "keep") {
            keep(own, n, "x".repeat(length))
            expect(await has(own, n)).toBe(true)
          }
          const { entries, length: used } = vault.size
          expect(entries).toBeLessThanOrEqual(limits.maxEntries)
          expect(used).toBeLessThanOrEqual(limits.maxLength)
          if (entries === 0) expect(used).toBe(0)
        }
      }),
      { numRuns: 200 },
    )
  })
})
