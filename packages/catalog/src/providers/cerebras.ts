import { GPT_OSS_RULES } from "../families/gpt.ts"
import { GLM_RULES, QWEN_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Cerebras: open models on its own chips. */
export const cerebras: Provider = {
  id: "cerebras",
  name: "Cerebras",
  kind: "aggregator",
  apis: [{ api: "openai-completions", baseUrl: "https://api.cerebras.ai/v1" }],
  keyEnv: ["CEREBRAS_API_KEY"],
  baseUrlEnv: [{ name: "CEREBRAS_BASE_URL" }],
  keyPage: "https://cloud.cerebras.ai/platform/",
  docs: "https://inference-docs.cerebras.ai/api-reference/chat-completions",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "generate", model: "gpt-oss-120b" },
  listing: { path: "/models", shape: "openai", auth: "required" },
  compat: { chat: { multipleSystem: true, streamUsage: false, strictTools: "all-or-none" } },
  defaultModel: "gpt-oss-120b",
  rules: [
    ...GPT_OSS_RULES,
    ...GLM_RULES,
    ...QWEN_RULES,
    { match: /^(?:zai-glm|qwen)/, set: { compat: { chat: { thinkingFormat: "none" } } } },
    { match: /^llama/, set: { input: ["text"], thinking: false } },
  ],
  models: async () => (await import("../models/cerebras.ts")).MODELS,
}
