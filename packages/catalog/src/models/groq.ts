import type { ModelTable } from "../provider.ts"

/** Groq's models. Dollars per million tokens, from the vendor's pricing page. */
export const MODELS: ModelTable = {
  "openai/gpt-oss-120b": {
    name: "GPT OSS 120B",
    maxTokens: 65_536,
    prices: { input: 0.15, output: 0.6, cacheRead: 0.075 },
  },
  "openai/gpt-oss-20b": {
    name: "GPT OSS 20B",
    maxTokens: 65_536,
    prices: { input: 0.075, output: 0.3, cacheRead: 0.0375 },
  },
  "qwen/qwen3-32b": {
    name: "Qwen3 32B",
    contextWindow: 131_072,
    maxTokens: 40_960,
    prices: { input: 0.29, output: 0.59 },
  },
  "llama-3.3-70b-versatile": {
    name: "Llama 3.3 70B",
    contextWindow: 131_072,
    maxTokens: 32_768,
    prices: { input: 0.59, output: 0.79 },
  },
  "llama-3.1-8b-instant": {
    name: "Llama 3.1 8B",
    contextWindow: 131_072,
    maxTokens: 131_072,
    prices: { input: 0.05, output: 0.08 },
  },
}
