import { describe, expect, test } from "vitest"
import { costOf, type Prices, type Usage } from "./index.ts"

const PRICES: Prices = {
  input: 2,
  output: 10,
  cacheRead: 0.2,
  cacheWrite: 2.5,
  longContext: { above: 200_000, input: 4, output: 15, cacheRead: 0.4, cacheWrite: 5 },
  tiers: { flex: 0.5, priority: 2 },
}

function reported(usage: Partial<Usage>): Usage {
  return { provenance: "reported", ...usage }
}

describe("costOf", () => {
  test("each bucket at its own rate, per million tokens", () => {
    const cost = costOf(reported({ input: 1000, output: 500, cacheRead: 4000, cacheWrite: 2000 }), PRICES)
    expect(cost?.input).toBeCloseTo(0.002, 12)
    expect(cost?.output).toBeCloseTo(0.005, 12)
    expect(cost?.cacheRead).toBeCloseTo(0.0008, 12)
    expect(cost?.cacheWrite).toBeCloseTo(0.005, 12)
    expect(cost?.total).toBeCloseTo(0.0128, 12)
  })

  test("a cache without a price of its own costs what input costs", () => {
    const cost = costOf(reported({ cacheRead: 1_000_000, cacheWrite: 1_000_000 }), { input: 3, output: 15 })
    expect(cost).toMatchObject({ cacheRead: 3, cacheWrite: 3 })
  })

  test("a price of 0 is a price", () => {
    const cost = costOf(reported({ cacheWrite: 1_000_000 }), { input: 3, output: 15, cacheWrite: 0 })
    expect(cost?.total).toBe(0)
  })

  test("AG-168: thinking is part of the output and is not paid twice", () => {
    const plain = costOf(reported({ output: 1000 }), PRICES)
    const thinking = costOf(reported({ output: 1000, reasoningTokens: 900 }), PRICES)
    expect(thinking).toEqual(plain)
  })

  test("AG-169: what is kept for an hour costs more than what is kept for five minutes", () => {
    const split = costOf(reported({ cacheWrite: 100_000, cacheWrite1h: 40_000 }), PRICES)
    expect(split?.cacheWrite).toBeCloseTo((0.6 * 2.5 + 0.4 * 4) / 10, 12)
    const own = costOf(reported({ cacheWrite: 100_000, cacheWrite1h: 100_000 }), { ...PRICES, cacheWrite1h: 7 })
    expect(own?.cacheWrite).toBeCloseTo(0.7, 12)
  })

  test("AG-169: a split that is larger than the whole does not make the rest negative", () => {
    const cost = costOf(reported({ cacheWrite: 100, cacheWrite1h: 500 }), PRICES)
    expect(cost?.cacheWrite).toBeCloseTo((100 * 4) / 1e6, 12)
  })

  test("a long prompt moves the whole request to the long rates", () => {
    const at = costOf(reported({ input: 200_000, output: 1000 }), PRICES)
    expect(at?.total).toBeCloseTo(0.4 + 0.01, 12)
    const above = costOf(reported({ input: 100_000, cacheRead: 100_000, cacheWrite: 1, output: 1000 }), PRICES)
    expect(above?.input).toBeCloseTo(0.4, 12)
    expect(above?.cacheRead).toBeCloseTo(0.04, 12)
    expect(above?.output).toBeCloseTo(0.015, 12)
    const answer = costOf(reported({ input: 1000, output: 300_000 }), PRICES)
    expect(answer?.output).toBeCloseTo(3, 12)
  })

  test("the long rates of what is kept for an hour follow the long input", () => {
    const cost = costOf(reported({ cacheWrite: 300_000, cacheWrite1h: 300_000 }), PRICES)
    expect(cost?.cacheWrite).toBeCloseTo(0.3 * 8, 12)
  })

  test.each([
    ["flex", 0.5],
    ["priority", 2],
    ["default", 1],
    [undefined, 1],
  ])("AG-172: the tier that was served (%s) multiplies every bucket by %d", (serviceTier, factor) => {
    const usage = { input: 1000, output: 500, cacheRead: 4000, cacheWrite: 2000 }
    const cost = costOf(reported({ ...usage, ...(serviceTier === undefined ? {} : { serviceTier }) }), PRICES)
    expect(cost?.total).toBeCloseTo(0.0128 * factor, 12)
    expect(cost?.output).toBeCloseTo(0.005 * factor, 12)
  })

  test("what the vendor says it cost wins, and the buckets add up to it", () => {
    const cost = costOf(reported({ input: 1000, output: 500, cacheRead: 4000, reportedCost: 0.5 }), PRICES)
    expect(cost?.total).toBe(0.5)
    const sum = (cost?.input ?? 0) + (cost?.output ?? 0) + (cost?.cacheRead ?? 0) + (cost?.cacheWrite ?? 0)
    expect(sum).toBeCloseTo(0.5, 12)
    expect((cost?.input ?? 0) / (cost?.output ?? 1)).toBeCloseTo(0.002 / 0.005, 12)
  })

  test("a reported cost counts without a price list, and of 0 too", () => {
    expect(costOf(reported({ input: 10, reportedCost: 0.01 }), undefined)).toEqual({
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
      total: 0.01,
    })
    expect(costOf(reported({ input: 10, reportedCost: 0 }), PRICES)?.total).toBe(0)
    expect(costOf({ provenance: "absent", reportedCost: 0.02 }, PRICES)?.total).toBe(0.02)
  })

  test("without a price or without usage nothing is claimed", () => {
    expect(costOf(reported({ input: 10 }), undefined)).toBeUndefined()
    expect(costOf({ provenance: "absent" }, PRICES)).toBeUndefined()
  })

  test("an estimate is priced like a report", () => {
    expect(costOf({ provenance: "estimated", input: 1_000_000 }, PRICES)?.input).toBe(4)
  })
})
