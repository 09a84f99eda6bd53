import { GPT_OSS_RULES } from "../families/gpt.ts"
import { DEEPSEEK_RULES, GLM_RULES, KIMI_RULES, MINIMAX_RULES, QWEN_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Fireworks: open models, with long ids on the wire. */
export const fireworks: Provider = {
  id: "fireworks",
  name: "Fireworks",
  kind: "aggregator",
  apis: [{ api: "openai-completions", baseUrl: "https://api.fireworks.ai/inference/v1" }],
  keyEnv: ["FIREWORKS_API_KEY"],
  baseUrlEnv: [{ name: "FIREWORKS_BASE_URL" }],
  keyPage: "https://app.fireworks.ai/settings/users/api-keys",
  docs: "https://docs.fireworks.ai/api-reference/post-chatcompletions",
  login: "key",
  thirdParty: "allowed",
  // The list under the base URL fails with 500 for a good key without deployments.
  keyCheck: {
    by: "get",
    path: "https://api.fireworks.ai/v1/accounts/fireworks/models?filter=supports_serverless%3Dtrue&pageSize=1",
  },
  listing: { path: "/models", shape: "openai", auth: "required" },
  compat: {
    chat: {
      maxTokensField: "max_tokens",
      multipleSystem: true,
      extendedSampling: true,
      serviceTiers: ["priority"],
    },
  },
  requestIds: { prefix: "accounts/fireworks/models/", dot: "p" },
  defaultModel: "kimi-k2.6",
  rules: [
    ...GPT_OSS_RULES,
    ...DEEPSEEK_RULES,
    ...GLM_RULES,
    ...KIMI_RULES,
    ...MINIMAX_RULES,
    ...QWEN_RULES,
    { match: /kimi-k2/i, set: { maxTokens: 32_000 } },
  ],
  models: async () => (await import("../models/fireworks.ts")).MODELS,
}
