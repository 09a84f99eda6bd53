import { GPT_OSS_RULES } from "../families/gpt.ts"
import { DEEPSEEK_RULES, GLM_RULES, KIMI_RULES, MINIMAX_RULES, QWEN_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Together: open models. */
export const together: Provider = {
  id: "together",
  name: "Together",
  kind: "aggregator",
  apis: [{ api: "openai-completions", baseUrl: "https://api.together.xyz/v1" }],
  keyEnv: ["TOGETHER_API_KEY"],
  baseUrlEnv: [{ name: "TOGETHER_BASE_URL" }],
  keyPage: "https://api.together.xyz/settings/api-keys",
  docs: "https://docs.together.ai/reference/chat-completions",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: { path: "/models", shape: "openai", auth: "required" },
  compat: {
    chat: {
      maxTokensField: "max_tokens",
      multipleSystem: true,
      strictTools: "per-tool",
      extendedSampling: true,
    },
  },
  defaultModel: "moonshotai/Kimi-K2.6",
  rules: [
    ...GPT_OSS_RULES,
    ...DEEPSEEK_RULES,
    ...GLM_RULES,
    ...KIMI_RULES,
    ...MINIMAX_RULES,
    ...QWEN_RULES,
    // On and off is `reasoning: {enabled}` here.
    {
      match: /^(?:moonshotai|Qwen|zai-org|deepseek-ai)\//,
      set: { compat: { chat: { thinkingFormat: "openrouter" } } },
    },
    { match: /^meta-llama\//, set: { input: ["text"], thinking: false } },
  ],
  models: async () => (await import("../models/together.ts")).MODELS,
}
