import type { ModelTable } from "../provider.ts"

/** Models on Fireworks, by their public ids. Dollars per million tokens, from its pricing page. */
export const MODELS: ModelTable = {
  "kimi-k2.6": { name: "Kimi K2.6", prices: { input: 0.95, output: 4, cacheRead: 0.16 } },
  "glm-5.3": {
    name: "GLM 5.3",
    contextWindow: 1_048_573,
    prices: { input: 1.4, output: 4.4, cacheRead: 0.26 },
  },
  "gpt-oss-120b": {
    name: "GPT OSS 120B",
    maxTokens: 32_768,
    prices: { input: 0.15, output: 0.6, cacheRead: 0.01 },
  },
}
