import type { ModelTable } from "../provider.ts"

/** Models on Cerebras. */
export const MODELS: ModelTable = {
  "gpt-oss-120b": { name: "GPT OSS 120B" },
  "zai-glm-4.7": { name: "Z.AI GLM-4.7", contextWindow: 131_072, maxTokens: 40_000 },
}
