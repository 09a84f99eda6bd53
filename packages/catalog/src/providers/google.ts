import { GEMINI_NATIVE_RULES } from "../families/gemini.ts"
import type { Provider } from "../provider.ts"

/** Google's Gemini API, with a key of AI Studio. */
export const google: Provider = {
  id: "google",
  name: "Google Gemini",
  kind: "vendor",
  apis: [
    { api: "google-generative-ai", baseUrl: "https://generativelanguage.googleapis.com/v1beta", firstParty: true },
  ],
  keyEnv: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  baseUrlEnv: [{ name: "GOOGLE_GEMINI_BASE_URL" }],
  keyPage: "https://aistudio.google.com/apikey",
  docs: "https://ai.google.dev/api",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: { path: "/models?pageSize=1000", shape: "google", auth: "required" },
  compat: {
    countsTokens: true,
    google: { countsRequests: true, serviceTiers: ["standard", "flex", "priority"] },
  },
  ownIds: /^(?:gemini|gemma)-/,
  defaultModel: "gemini-3.1-pro-preview",
  rules: [
    ...GEMINI_NATIVE_RULES,
    { match: /^gemini-(?:[3-9]|[1-9]\d)(?:[.-]|$)/i, set: { compat: { google: { callIds: true } } } },
  ],
  models: async () => (await import("../models/google.ts")).MODELS,
}
