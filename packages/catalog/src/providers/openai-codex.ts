import { GPT_RULES } from "../families/gpt.ts"
import type { Provider } from "../provider.ts"

/** OpenAI's models through the backend of ChatGPT, on a person's plan. */
export const openaiCodex: Provider = {
  id: "openai-codex",
  name: "OpenAI Codex (ChatGPT plan)",
  kind: "vendor",
  apis: [{ api: "openai-codex-responses", baseUrl: "https://chatgpt.com/backend-api", firstParty: true }],
  keyEnv: ["OPENAI_CODEX_OAUTH_TOKEN"],
  baseUrlEnv: [{ name: "OPENAI_CODEX_BASE_URL" }],
  docs: "https://developers.openai.com/codex/",
  login: "openai-codex",
  thirdParty: "restricted",
  thirdPartyNote: "OpenAI does not say whether other programs may use a plan's login: ask before you rely on it.",
  compat: {
    responses: {
      instructions: true,
      developerRole: true,
      bareItems: true,
      sampling: false,
      outputCap: false,
      logprobs: false,
      user: false,
      metadataField: "client_metadata",
      strictTools: "asked",
      customTools: true,
      mediaInToolResult: true,
      obfuscation: true,
      promptCacheKey: true,
      thinkingSummary: "asked",
      cumulativeSummaries: true,
      serviceTiers: ["default", "flex", "priority"],
      chain: "connection",
      keptHeaders: { "x-codex-turn-state": "turn", "x-models-etag": "session" },
    },
  },
  defaultModel: "gpt-5.5",
  rules: [
    ...GPT_RULES,
    // Models before 5.4 refuse the field.
    { match: /^gpt-5(?:\.[0-3])?(?![.\d])/, set: { compat: { responses: { thinkingSummary: false } } } },
  ],
  models: async () => (await import("../models/openai-codex.ts")).MODELS,
}
