import type { ModelTable } from "../provider.ts"

/** Mistral's models. Dollars per million tokens, from the vendor's pricing page. */
export const MODELS: ModelTable = {
  "mistral-medium-latest": {
    name: "Mistral Medium",
    contextWindow: 262_144,
    prices: { input: 1.5, output: 7.5 },
  },
  "mistral-large-2512": { name: "Mistral Large 3", contextWindow: 262_144, prices: { input: 0.5, output: 1.5 } },
  "mistral-small-latest": { name: "Mistral Small", contextWindow: 128_000 },
  "devstral-medium-latest": { name: "Devstral", contextWindow: 262_144, prices: { input: 0.4, output: 2 } },
  "codestral-latest": { name: "Codestral", contextWindow: 256_000, prices: { input: 0.3, output: 0.9 } },
  "magistral-medium-latest": { name: "Magistral Medium", contextWindow: 128_000, prices: { input: 2, output: 5 } },
}
