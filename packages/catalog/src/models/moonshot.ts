import type { ModelTable } from "../provider.ts"

/** Moonshot's models. Dollars per million tokens, from the vendor's pricing page. */
export const MODELS: ModelTable = {
  "kimi-k3": { name: "Kimi K3", prices: { input: 3, output: 15, cacheRead: 0.3 } },
  "kimi-k2.7-code": { name: "Kimi K2.7 Code" },
  "kimi-k2.6": { name: "Kimi K2.6", prices: { input: 0.95, output: 4, cacheRead: 0.16 } },
  "kimi-k2.5": { name: "Kimi K2.5", prices: { input: 0.6, output: 3, cacheRead: 0.1 } },
  "kimi-k2-thinking": {
    name: "Kimi K2 Thinking",
    contextWindow: 262_144,
    prices: { input: 0.6, output: 2.5, cacheRead: 0.15 },
  },
}
