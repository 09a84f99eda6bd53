import { DEEPSEEK_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** DeepSeek's own API. */
export const deepseek: Provider = {
  id: "deepseek",
  name: "DeepSeek",
  kind: "vendor",
  apis: [
    { api: "openai-completions", baseUrl: "https://api.deepseek.com" },
    { api: "openai-responses", baseUrl: "https://api.deepseek.com" },
  ],
  keyEnv: ["DEEPSEEK_API_KEY"],
  baseUrlEnv: [{ name: "DEEPSEEK_BASE_URL" }],
  keyPage: "https://platform.deepseek.com/api_keys",
  docs: "https://api-docs.deepseek.com/api/create-chat-completion",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: { path: "/models", shape: "openai", auth: "required" },
  compat: {
    heal: ["control-tokens"],
    chat: {
      maxTokensField: "max_tokens",
      multipleSystem: true,
      strictTools: "per-tool",
      structuredOutput: "json_object",
    },
    responses: { replayThinkingText: true, strictTools: "per-tool" },
  },
  ownIds: /^deepseek-/,
  defaultModel: "deepseek-v4-pro",
  rules: [
    ...DEEPSEEK_RULES,
    { match: /^deepseek-chat$/, set: { thinking: false } },
    {
      match: /^deepseek-(?:reasoner|v4)/,
      set: { compat: { chat: { thinkingOffWithToolChoice: "any", emptyToolCallContent: "." } } },
    },
    {
      match: /^deepseek-v4/,
      set: {
        compat: {
          chat: {
            toolChoice: "none",
            thinkingFormat: "thinking-type",
            thinkingTypeEffort: true,
            effortMap: { xhigh: "max" },
          },
        },
      },
    },
  ],
  models: async () => (await import("../models/deepseek.ts")).MODELS,
}
