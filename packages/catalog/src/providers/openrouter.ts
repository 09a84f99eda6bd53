import { ALL_FAMILIES } from "../families/all.ts"
import type { Provider } from "../provider.ts"

/** OpenRouter: many vendors' models behind one key; it reports what each call cost. */
export const openrouter: Provider = {
  id: "openrouter",
  name: "OpenRouter",
  kind: "aggregator",
  apis: [
    { api: "openai-completions", baseUrl: "https://openrouter.ai/api/v1" },
    { api: "openai-responses", baseUrl: "https://openrouter.ai/api/v1" },
  ],
  keyEnv: ["OPENROUTER_API_KEY"],
  baseUrlEnv: [{ name: "OPENROUTER_BASE_URL" }],
  keyPage: "https://openrouter.ai/keys",
  docs: "https://openrouter.ai/docs/api-reference/overview",
  login: "key",
  thirdParty: "allowed",
  // The list of models is given to anybody, so it says nothing about a key.
  keyCheck: { by: "get", path: "/auth/key" },
  listing: { path: "/models", shape: "openrouter", auth: "optional" },
  compat: {
    chat: {
      thinkingFormat: "openrouter",
      multipleSystem: true,
      strictTools: "per-tool",
      extendedSampling: true,
      documents: true,
      serviceTiers: ["flex", "scale", "priority"],
      // A cap keeps upstreams out whose own cap is lower, so only a caller's is sent.
      maxTokensOnlyIfSet: true,
    },
    responses: {
      documents: true,
      promptCacheKey: true,
      sessionField: "session_id",
      serviceTiers: ["flex", "scale", "priority"],
    },
  },
  defaultModel: "openai/gpt-5.5",
  rules: [
    ...ALL_FAMILIES,
    {
      match: /^anthropic\//,
      set: {
        compat: {
          chat: { cacheControl: true, cacheTtl: "1h", emptyTools: true },
          responses: { cacheControl: true, replayThinking: "never" },
        },
      },
    },
    { match: /^moonshotai\//, set: { compat: { chat: { maxTokensOnlyIfSet: false } } } },
  ],
  models: async () => (await import("../models/openrouter.ts")).MODELS,
}
