import type { ModelTable } from "../provider.ts"

const FLEX_PRIORITY = { flex: 0.5, priority: 2 } as const

/** OpenAI's models that Chat Completions serves. Dollars per million tokens, from the vendor's pricing page. */
export const MODELS: ModelTable = {
  "gpt-6-astra": {
    name: "GPT-6 Astra",
    contextWindow: 1_050_000,
    maxTokens: 128_000,
    prices: {
      input: 10,
      output: 50,
      cacheRead: 1,
      cacheWrite: 12.5,
      longContext: { above: 272_000, input: 20, output: 75, cacheRead: 2, cacheWrite: 25 },
      tiers: { priority: 2 },
    },
  },
  "gpt-5.6": {
    name: "GPT-5.6",
    contextWindow: 1_050_000,
    maxTokens: 128_000,
    prices: {
      input: 2,
      output: 10,
      cacheRead: 0.2,
      cacheWrite: 2.5,
      longContext: { above: 272_000, input: 4, output: 15, cacheRead: 0.4, cacheWrite: 5 },
      tiers: { priority: 2 },
    },
  },
  "gpt-5.5": {
    name: "GPT-5.5",
    contextWindow: 1_050_000,
    maxTokens: 128_000,
    prices: {
      input: 5,
      output: 30,
      cacheRead: 0.5,
      longContext: { above: 272_000, input: 10, output: 45, cacheRead: 1 },
      tiers: { flex: 0.5, priority: 2.5 },
    },
  },
  "gpt-5.4": {
    name: "GPT-5.4",
    contextWindow: 1_050_000,
    maxTokens: 128_000,
    prices: {
      input: 2.5,
      output: 15,
      cacheRead: 0.25,
      longContext: { above: 272_000, input: 5, output: 22.5, cacheRead: 0.5 },
      tiers: FLEX_PRIORITY,
    },
  },
  "gpt-5.4-mini": { name: "GPT-5.4 mini", prices: { input: 0.75, output: 4.5, cacheRead: 0.075 } },
  "gpt-5.4-nano": { name: "GPT-5.4 nano", prices: { input: 0.2, output: 1.25, cacheRead: 0.02 } },
  "gpt-5.2": {
    name: "GPT-5.2",
    contextWindow: 400_000,
    maxTokens: 128_000,
    prices: { input: 1.75, output: 14, cacheRead: 0.175, tiers: FLEX_PRIORITY },
  },
  "gpt-5.1": {
    name: "GPT-5.1",
    contextWindow: 400_000,
    maxTokens: 128_000,
    prices: { input: 1.25, output: 10, cacheRead: 0.125, tiers: FLEX_PRIORITY },
  },
  "gpt-5": {
    name: "GPT-5",
    contextWindow: 400_000,
    maxTokens: 128_000,
    prices: { input: 1.25, output: 10, cacheRead: 0.125, tiers: FLEX_PRIORITY },
  },
  "gpt-5-mini": {
    name: "GPT-5 mini",
    contextWindow: 400_000,
    maxTokens: 128_000,
    prices: { input: 0.25, output: 2, cacheRead: 0.025, tiers: { flex: 0.5, priority: 1.8 } },
  },
  "gpt-5-nano": {
    name: "GPT-5 nano",
    contextWindow: 400_000,
    maxTokens: 128_000,
    prices: { input: 0.05, output: 0.4, cacheRead: 0.005, tiers: { flex: 0.5 } },
  },
  "gpt-4.1": {
    name: "GPT-4.1",
    contextWindow: 1_047_576,
    maxTokens: 32_768,
    prices: { input: 2, output: 8, cacheRead: 0.5, tiers: { priority: 1.75 } },
  },
  "gpt-4.1-mini": {
    name: "GPT-4.1 mini",
    contextWindow: 1_047_576,
    maxTokens: 32_768,
    prices: { input: 0.4, output: 1.6, cacheRead: 0.1, tiers: { priority: 1.75 } },
  },
  "gpt-4.1-nano": {
    name: "GPT-4.1 nano",
    contextWindow: 1_047_576,
    maxTokens: 32_768,
    prices: { input: 0.1, output: 0.4, cacheRead: 0.025, tiers: { priority: 2 } },
  },
  "gpt-4o": {
    name: "GPT-4o",
    contextWindow: 128_000,
    maxTokens: 16_384,
    prices: { input: 2.5, output: 10, cacheRead: 1.25, tiers: { priority: 1.7 } },
  },
  "gpt-4o-mini": {
    name: "GPT-4o mini",
    contextWindow: 128_000,
    maxTokens: 16_384,
    prices: { input: 0.15, output: 0.6, cacheRead: 0.075 },
  },
  o3: {
    name: "o3",
    contextWindow: 200_000,
    maxTokens: 100_000,
    prices: { input: 2, output: 8, cacheRead: 0.5, tiers: { flex: 0.5, priority: 1.75 } },
  },
  "o4-mini": {
    name: "o4-mini",
    contextWindow: 200_000,
    maxTokens: 100_000,
    prices: { input: 1.1, output: 4.4, cacheRead: 0.275, tiers: { flex: 0.5 } },
  },
  "o3-mini": {
    name: "o3-mini",
    contextWindow: 200_000,
    maxTokens: 100_000,
    prices: { input: 1.1, output: 4.4, cacheRead: 0.55 },
  },
}
