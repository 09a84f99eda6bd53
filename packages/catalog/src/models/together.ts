import type { ModelTable } from "../provider.ts"

/** Models on Together. Dollars per million tokens, from its pricing page. */
export const MODELS: ModelTable = {
  "moonshotai/Kimi-K2.6": {
    name: "Kimi K2.6",
    maxTokens: 131_000,
    prices: { input: 1.2, output: 4.5, cacheRead: 0.2 },
  },
  "zai-org/GLM-5.2": {
    name: "GLM-5.2",
    contextWindow: 262_144,
    maxTokens: 164_000,
    prices: { input: 1.4, output: 4.4, cacheRead: 0.26 },
  },
  "deepseek-ai/DeepSeek-V4-Pro": {
    name: "DeepSeek V4 Pro",
    contextWindow: 512_000,
    prices: { input: 2.1, output: 4.4, cacheRead: 0.2 },
  },
  "openai/gpt-oss-120b": { name: "GPT OSS 120B", prices: { input: 0.15, output: 0.6 } },
  "meta-llama/Llama-3.3-70B-Instruct-Turbo": {
    name: "Llama 3.3 70B Instruct Turbo",
    contextWindow: 131_072,
    prices: { input: 0.88, output: 0.88 },
  },
}
