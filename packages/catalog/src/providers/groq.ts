import { GPT_OSS_RULES } from "../families/gpt.ts"
import { KIMI_RULES, QWEN_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Groq: open models on its own chips. */
export const groq: Provider = {
  id: "groq",
  name: "Groq",
  kind: "aggregator",
  apis: [{ api: "openai-completions", baseUrl: "https://api.groq.com/openai/v1" }],
  keyEnv: ["GROQ_API_KEY"],
  baseUrlEnv: [{ name: "GROQ_BASE_URL" }],
  keyPage: "https://console.groq.com/keys",
  docs: "https://console.groq.com/docs/api-reference",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: {
    path: "/models",
    shape: "openai",
    auth: "required",
    drop: /whisper|tts|guard|orpheus/,
  },
  compat: {
    chat: {
      multipleSystem: true,
      serviceTiers: ["auto", "on_demand", "flex", "performance"],
      thinkingField: "reasoning",
    },
  },
  defaultModel: "openai/gpt-oss-120b",
  rules: [
    ...GPT_OSS_RULES,
    ...QWEN_RULES,
    ...KIMI_RULES,
    // One level, which is called `default` here.
    {
      match: /^qwen\/qwen3/,
      set: { input: ["text"], compat: { chat: { effortMap: { high: "default" }, effortOff: "none" } } },
    },
    { match: /^llama-3\./, set: { input: ["text"], thinking: false } },
  ],
  models: async () => (await import("../models/groq.ts")).MODELS,
}
