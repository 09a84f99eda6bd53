/** US dollars per million tokens. */
export interface Rates {
  input: number
  output: number
  /** Absent: the vendor charges `input` for what it reads from a cache. */
  cacheRead?: number
  /** Absent: the vendor charges `input` for what it writes to a cache. */
  cacheWrite?: number
  /** For what is kept an hour; absent: twice `input`. */
  cacheWrite1h?: number
}

/** Prices of one model. */
export interface Prices extends Rates {
  /** Rates of the whole request once its prompt is longer than `above` tokens. */
  longContext?: Rates & { above: number }
  /** Factor on every bucket by the service tier that was served. */
  tiers?: Readonly<Record<string, number>>
}

/** US dollars, by bucket. */
export interface Cost {
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
  total: number
}

/** How far a usage figure can be trusted. */
export type UsageProvenance = "reported" | "partial" | "estimated" | "absent"

/**
 * Tokens of one call. A field that is absent is unknown, which is not the same as 0.
 *
 * The buckets do not overlap: `input` excludes what came from or went to a cache, `output` includes
 * `reasoningTokens`, and `totalTokens` is `input + output + cacheRead + cacheWrite`.
 */
export interface Usage {
  input?: number
  output?: number
  cacheRead?: number
  cacheWrite?: number
  /** The part of `cacheWrite` that is kept for an hour. */
  cacheWrite1h?: number
  /** The part of `output` that was spent on thinking. */
  reasoningTokens?: number
  totalTokens?: number
  /** Requests that the vendor's own tools made. */
  serverTools?: { webSearch?: number; webFetch?: number }
  /** Absent while no price is known. */
  cost?: Cost
  /** What the vendor itself says the call cost in US dollars; it wins over the price list. */
  reportedCost?: number
  /** The service tier that was served, where the vendor says it. */
  serviceTier?: string
  provenance: UsageProvenance
}

const PER_TOKEN = 1e-6

/**
 * The cost of `usage` by `prices`.
 *
 * A long-context tier applies to the whole request, the served tier's factor to every bucket. Where the
 * vendor reported a cost of its own, the buckets are scaled so that they add up to it.
 * Returns `undefined` when nothing is known to compute with.
 */
export function costOf(usage: Usage, prices: Prices | undefined): Cost | undefined {
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0 } = usage
  const reported = usage.reportedCost
  if (!prices) {
    if (reported === undefined) return undefined
    return { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: reported }
  }
  if (usage.provenance === "absent" && reported === undefined) return undefined
  const long = prices.longContext
  const rates: Rates = long && input + cacheRead + cacheWrite > long.above ? long : prices
  const hour = Math.min(usage.cacheWrite1h ?? 0, cacheWrite)
  const factor = PER_TOKEN * ((usage.serviceTier && prices.tiers?.[usage.serviceTier]) || 1)
  const cost = {
    input: input * rates.input * factor,
    output: output * rates.output * factor,
    cacheRead: cacheRead * (rates.cacheRead ?? rates.input) * factor,
    cacheWrite:
      ((cacheWrite - hour) * (rates.cacheWrite ?? rates.input) + hour * (rates.cacheWrite1h ?? 2 * rates.input)) *
      factor,
    total: 0,
  }
  cost.total = cost.input + cost.output + cost.cacheRead + cost.cacheWrite
  if (reported === undefined) return cost
  if (cost.total > 0) {
    const scale = reported / cost.total
    cost.input *= scale
    cost.output *= scale
    cost.cacheRead *= scale
    cost.cacheWrite *= scale
  }
  cost.total = reported
  return cost
}
