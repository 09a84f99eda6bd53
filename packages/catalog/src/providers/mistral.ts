import { MISTRAL_RULES } from "../families/others.ts"
import type { Provider } from "../provider.ts"

/** Mistral's own API. */
export const mistral: Provider = {
  id: "mistral",
  name: "Mistral",
  kind: "vendor",
  apis: [{ api: "openai-completions", baseUrl: "https://api.mistral.ai/v1" }],
  keyEnv: ["MISTRAL_API_KEY"],
  baseUrlEnv: [{ name: "MISTRAL_BASE_URL" }],
  keyPage: "https://console.mistral.ai/api-keys",
  docs: "https://docs.mistral.ai/api/",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: { path: "/models", shape: "openai", auth: "required", drop: /embed|moderation|ocr|tts|transcribe|realtime/ },
  compat: {
    chat: {
      maxTokensField: "max_tokens",
      multipleSystem: true,
      toolResultName: true,
      toolCallIds: "nine-alphanumerics",
      assistantAfterTool: "I have processed the tool results.",
      thinkingAsText: true,
    },
  },
  ownIds: /^(?:mistral|magistral|devstral|codestral|ministral|pixtral|open-mi[sx]tral)-/,
  defaultModel: "mistral-medium-latest",
  rules: [
    ...MISTRAL_RULES,
    // Two settings: `high`, and `none` for plain answers.
    {
      match: /^(?:mistral-medium-(?:latest|3[.-]5|2604)|mistral-large-4|magistral-)/,
      set: { thinking: { mode: "effort", efforts: ["high"] }, compat: { chat: { effortOff: "none" } } },
    },
  ],
  models: async () => (await import("../models/mistral.ts")).MODELS,
}
