import type { ModelTable } from "../provider.ts"

/** Z.AI's models. Dollars per million tokens, from the vendor's pricing page. */
export const MODELS: ModelTable = {
  "glm-5.3": { name: "GLM-5.3", contextWindow: 1_000_000, maxTokens: 131_072 },
  "glm-5.2": { name: "GLM-5.2" },
  "glm-5.1": { name: "GLM-5.1", contextWindow: 204_800, maxTokens: 131_072 },
  "glm-4.7": {
    name: "GLM-4.7",
    contextWindow: 204_800,
    maxTokens: 131_072,
    prices: { input: 0.6, output: 2.2, cacheRead: 0.11, cacheWrite: 0 },
  },
  "glm-4.6": {
    name: "GLM-4.6",
    contextWindow: 204_800,
    maxTokens: 131_072,
    prices: { input: 0.6, output: 2.2, cacheRead: 0.11, cacheWrite: 0 },
  },
  "glm-4.5-air": {
    name: "GLM-4.5 Air",
    contextWindow: 131_072,
    maxTokens: 98_304,
    prices: { input: 0.2, output: 1.1, cacheRead: 0.03, cacheWrite: 0 },
  },
}
