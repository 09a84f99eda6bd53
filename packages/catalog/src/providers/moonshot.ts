import { KIMI_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Moonshot's own API, the home of Kimi. */
export const moonshot: Provider = {
  id: "moonshot",
  name: "Moonshot (Kimi)",
  kind: "vendor",
  apis: [
    { api: "openai-completions", baseUrl: "https://api.moonshot.ai/v1" },
    { api: "anthropic-messages", baseUrl: "https://api.moonshot.ai/anthropic" },
  ],
  keyEnv: ["MOONSHOT_API_KEY", "KIMI_API_KEY"],
  baseUrlEnv: [{ name: "MOONSHOT_BASE_URL" }],
  keyPage: "https://platform.moonshot.ai/console/api-keys",
  docs: "https://platform.moonshot.ai/docs/api/chat",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: { path: "/models", shape: "openai", auth: "required", drop: /embedding/ },
  compat: {
    chat: { maxTokensField: "max_tokens", schemas: "moonshot" },
    messages: { contextManagement: true, thinkingMode: "budget", thinksUnasked: true },
  },
  ownIds: /^(?:kimi|moonshot)-/,
  defaultModel: "kimi-k2.6",
  rules: [
    ...KIMI_RULES,
    { match: /^moonshot-v1/, set: { input: ["text"], thinking: false } },
    { match: /^moonshot-v1.*vision/, set: { input: ["text", "image"] } },
    // The host thinks unless it is told not to, and refuses other temperatures than its own.
    {
      match: /^kimi-k2\.\d/,
      set: {
        compat: {
          chat: { thinkingFormat: "thinking-type", thinkingExplicit: true, sampling: false },
          messages: { sampling: false },
        },
      },
    },
    { match: /^kimi-k2\.7/, set: { compat: { chat: { refusesForcedTool: true } } } },
    {
      match: /^kimi-k3/,
      set: {
        compat: {
          chat: { thinkingFormat: "openai", effortMap: { minimal: "low", medium: "high", xhigh: "max" } },
          messages: { thinkingMode: "effort", thinksUnasked: false },
        },
      },
    },
  ],
  models: async () => (await import("../models/moonshot.ts")).MODELS,
}
