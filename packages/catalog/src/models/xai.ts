import type { ModelTable } from "../provider.ts"

/** The models of xAI. Dollars per million tokens, from the vendor's pricing page. */
export const MODELS: ModelTable = {
  "grok-4.6": {
    name: "Grok 4.6",
    contextWindow: 500_000,
    prices: {
      input: 2,
      output: 6,
      cacheRead: 0.5,
      longContext: { above: 200_000, input: 4, output: 12, cacheRead: 1 },
      tiers: { priority: 2 },
    },
  },
  "grok-4.3": {
    name: "Grok 4.3",
    contextWindow: 1_000_000,
    prices: {
      input: 1.25,
      output: 2.5,
      cacheRead: 0.2,
      longContext: { above: 200_000, input: 2.5, output: 5, cacheRead: 0.4 },
    },
  },
  "grok-4-fast": {
    name: "Grok 4 Fast",
    contextWindow: 2_000_000,
    prices: {
      input: 0.2,
      output: 0.5,
      cacheRead: 0.05,
      longContext: { above: 128_000, input: 0.4, output: 1, cacheRead: 0.05 },
    },
  },
  "grok-4-fast-non-reasoning": {
    name: "Grok 4 Fast (non-reasoning)",
    contextWindow: 2_000_000,
    prices: {
      input: 0.2,
      output: 0.5,
      cacheRead: 0.05,
      longContext: { above: 128_000, input: 0.4, output: 1, cacheRead: 0.05 },
    },
  },
  "grok-code-fast-1": {
    name: "Grok Code Fast 1",
    contextWindow: 256_000,
    prices: { input: 0.2, output: 1.5, cacheRead: 0.02 },
  },
}
