import type { ModelTable } from "../provider.ts"

/**
 * DeepSeek's models. V4 has a price by the time of day, which a price list without a clock cannot say, and the older
 * names follow the newest model, so that no price here would stay true.
 */
export const MODELS: ModelTable = {
  "deepseek-v4-pro": { name: "DeepSeek V4 Pro", contextWindow: 1_048_576, maxTokens: 384_000 },
  "deepseek-v4-flash": { name: "DeepSeek V4 Flash" },
  "deepseek-chat": { name: "DeepSeek Chat" },
  "deepseek-reasoner": { name: "DeepSeek Reasoner" },
}
