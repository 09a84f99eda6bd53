import type { ModelData, ModelTable } from "../provider.ts"

/** The usual ratio of Anthropic's prices: a cache read at a tenth, a write for five minutes at five quarters. */
function priced(name: string, input: number, output: number, maxTokens: number): ModelData {
  return {
    name,
    maxTokens,
    prices: { input, output, cacheRead: round(input / 10), cacheWrite: round(input * 1.25), cacheWrite1h: 2 * input },
  }
}

function round(value: number): number {
  return Number(value.toFixed(6))
}

const OPUS_4_5 = priced("Claude Opus 4.5", 5, 25, 64_000)
const OPUS_4_1 = priced("Claude Opus 4.1", 15, 75, 32_000)
const OPUS_4 = priced("Claude Opus 4", 15, 75, 32_000)
const SONNET_4_5 = priced("Claude Sonnet 4.5", 3, 15, 64_000)
const SONNET_4 = priced("Claude Sonnet 4", 3, 15, 64_000)
const HAIKU_4_5 = priced("Claude Haiku 4.5", 1, 5, 64_000)

/** Anthropic's models. Dollars per million tokens, from the vendor's pricing page. Windows follow from the families. */
export const MODELS: ModelTable = {
  "claude-opus-5-5": {
    name: "Claude Opus 5.5",
    prices: { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5, cacheWrite1h: 8 },
  },
  "claude-sonnet-5-5": {
    name: "Claude Sonnet 5.5",
    prices: { input: 2, output: 10, cacheRead: 0.1, cacheWrite: 2.5, cacheWrite1h: 4 },
  },
  "claude-opus-5": priced("Claude Opus 5", 5, 25, 128_000),
  "claude-sonnet-5": priced("Claude Sonnet 5", 2, 10, 128_000),
  "claude-fable-5": priced("Claude Fable 5", 10, 50, 128_000),
  "claude-opus-4-8": priced("Claude Opus 4.8", 5, 25, 128_000),
  "claude-opus-4-7": priced("Claude Opus 4.7", 5, 25, 128_000),
  "claude-opus-4-6": priced("Claude Opus 4.6", 5, 25, 128_000),
  "claude-sonnet-4-6": priced("Claude Sonnet 4.6", 3, 15, 64_000),
  "claude-opus-4-5": OPUS_4_5,
  "claude-opus-4-5-20251101": OPUS_4_5,
  "claude-sonnet-4-5": SONNET_4_5,
  "claude-sonnet-4-5-20250929": SONNET_4_5,
  "claude-haiku-4-5": HAIKU_4_5,
  "claude-haiku-4-5-20251001": HAIKU_4_5,
  "claude-opus-4-1": OPUS_4_1,
  "claude-opus-4-1-20250805": OPUS_4_1,
  "claude-opus-4-0": OPUS_4,
  "claude-opus-4-20250514": OPUS_4,
  "claude-sonnet-4-0": SONNET_4,
  "claude-sonnet-4-20250514": SONNET_4,
  "claude-3-7-sonnet-20250219": priced("Claude 3.7 Sonnet", 3, 15, 64_000),
  "claude-3-5-haiku-20241022": priced("Claude 3.5 Haiku", 0.8, 4, 8192),
  "claude-3-haiku-20240307": {
    name: "Claude 3 Haiku",
    maxTokens: 4096,
    prices: { input: 0.25, output: 1.25, cacheRead: 0.03, cacheWrite: 0.3, cacheWrite1h: 0.5 },
  },
}
