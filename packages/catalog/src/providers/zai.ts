import { GLM_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Z.AI's own API, the home of GLM. */
export const zai: Provider = {
  id: "zai",
  name: "Z.AI",
  kind: "vendor",
  apis: [
    { api: "openai-completions", baseUrl: "https://api.z.ai/api/paas/v4" },
    { api: "anthropic-messages", baseUrl: "https://api.z.ai/api/anthropic" },
  ],
  keyEnv: ["ZAI_API_KEY"],
  baseUrlEnv: [{ name: "ZAI_BASE_URL" }],
  keyPage: "https://z.ai/manage-apikey/apikey-list",
  docs: "https://docs.z.ai/api-reference/llm/chat-completion",
  login: "key",
  thirdParty: "allowed",
  thirdPartyNote:
    "A key of the coding plan is for the tools that the vendor lists; a key of the general API is for any.",
  keyCheck: { by: "generate", model: "glm-4.7" },
  listing: { path: "/models", shape: "openai", auth: "required" },
  compat: {
    chat: {
      maxTokensField: "max_tokens",
      multipleSystem: true,
      thinkingFormat: "thinking-type",
      thinkingExplicit: true,
      thinkingField: "reasoning_content",
      structuredOutput: "json_object",
    },
    messages: { contextManagement: true, toolResultId: true, thinkingMode: "budget", thinksUnasked: true },
  },
  ownIds: /^glm-/,
  defaultModel: "glm-5.1",
  rules: [
    ...GLM_RULES,
    { match: /^glm-5/, set: { compat: { timeouts: { idleMs: 600_000 } } } },
    {
      match: /^glm-5\.(?:[2-9]|\d\d)/,
      set: { compat: { chat: { thinkingTypeEffort: true, effortMap: { xhigh: "max" } } } },
    },
  ],
  models: async () => (await import("../models/zai.ts")).MODELS,
}
