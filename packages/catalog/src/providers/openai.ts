import { GPT_RULES } from "../families/gpt.ts"
import type { Provider } from "../provider.ts"

/** OpenAI's own API. */
export const openai: Provider = {
  id: "openai",
  name: "OpenAI",
  kind: "vendor",
  apis: [
    {
      api: "openai-completions",
      baseUrl: "https://api.openai.com/v1",
      firstParty: true,
      compat: {
        chat: {
          store: true,
          showsThinking: false,
          developerRole: true,
          multipleSystem: true,
          strictTools: "per-tool",
          strictValidators: true,
          toolCallIds: "max-40",
          customTools: true,
          promptCacheKey: true,
          serviceTiers: ["auto", "default", "flex", "scale", "priority"],
          documents: true,
          replayThinking: "never",
        },
      },
    },
    {
      api: "openai-responses",
      baseUrl: "https://api.openai.com/v1",
      firstParty: true,
      compat: {
        countsTokens: true,
        responses: {
          developerRole: true,
          strictTools: "per-tool",
          strictValidators: true,
          customTools: true,
          mediaInToolResult: true,
          documents: true,
          obfuscation: true,
          promptCacheKey: true,
          promptCacheRetention: true,
          sessionHeaders: ["session_id", "x-client-request-id"],
          serviceTiers: ["auto", "default", "flex", "priority"],
          chain: "stored",
          leastOutputCap: 16,
        },
      },
    },
  ],
  keyEnv: ["OPENAI_API_KEY"],
  baseUrlEnv: [{ name: "OPENAI_BASE_URL" }],
  keyPage: "https://platform.openai.com/api-keys",
  docs: "https://platform.openai.com/docs/api-reference/chat",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: {
    path: "/models",
    shape: "openai",
    auth: "required",
    keep: /^(?:gpt-|o[1-9]|chatgpt-|ft:)/,
    drop: /embedding|whisper|tts|transcribe|realtime|audio|image|moderation|instruct|^gpt-.*search/,
  },
  ownIds: /^(?:gpt-(?!oss)|chatgpt-|o[1-9](?:-|$))/,
  defaultModel: "gpt-5.5",
  rules: GPT_RULES,
  models: async () => (await import("../models/openai.ts")).MODELS,
}
