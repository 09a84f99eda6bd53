import { CLAUDE_RULES } from "../families/claude.ts"
import { GEMINI_NATIVE_RULES } from "../families/gemini.ts"
import type { Provider } from "../provider.ts"

/** The address for no place in particular; the endpoint puts the host of the place that is set for it. */
const HOME = "https://aiplatform.googleapis.com/v1"

/** Google's and Anthropic's models in a project of Google Cloud. */
export const googleVertex: Provider = {
  id: "google-vertex",
  name: "Google Vertex AI",
  kind: "cloud",
  apis: [
    {
      api: "google-vertex",
      baseUrl: HOME,
    },
    {
      api: "google-vertex-anthropic",
      baseUrl: HOME,
    },
  ],
  keyEnv: ["GOOGLE_CLOUD_API_KEY"],
  baseUrlEnv: [{ name: "GOOGLE_VERTEX_BASE_URL" }],
  keyPage: "https://console.cloud.google.com/apis/credentials",
  docs: "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
  login: "key",
  credentials: "google-cloud",
  thirdParty: "allowed",
  keyCheck: { by: "generate", model: "gemini-2.5-flash" },
  compat: {
    countsTokens: true,
    google: {
      labels: true,
      serviceTiers: ["priority"],
      tierHeader: "x-vertex-ai-llm-shared-request-type",
    },
    messages: { verifiesSignatures: true, effort: false, strictTools: false },
  },
  defaultModel: "gemini-3.1-pro-preview",
  rules: [
    ...GEMINI_NATIVE_RULES,
    { match: /^gemini-(?:[3-9]|[1-9]\d)(?:[.-]|$)/i, set: { compat: { google: { streamArguments: true } } } },
    ...CLAUDE_RULES,
    {
      match: /^claude-/i,
      set: {
        api: "google-vertex-anthropic",
        compat: { messages: { structuredOutput: false, strictTools: false, contextManagement: false } },
      },
    },
  ],
  models: async () => (await import("../models/google-vertex.ts")).MODELS,
}
