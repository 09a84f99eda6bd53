import type { ModelTable } from "../provider.ts"

/** The scripted models that are built in. They cost nothing. */
export const MODELS: ModelTable = {
  demo: {
    name: "Demo",
    contextWindow: 128_000,
    maxTokens: 8192,
    prices: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  },
}
