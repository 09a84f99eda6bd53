import { GEMINI_NATIVE_RULES } from "../families/gemini.ts"
import type { Provider } from "../provider.ts"

/** Gemini through Google's Code Assist, on a person's login. */
export const googleGeminiCli: Provider = {
  id: "google-gemini-cli",
  name: "Google Code Assist (login of the Gemini CLI)",
  kind: "vendor",
  apis: [{ api: "google-gemini-cli", baseUrl: "https://cloudcode-pa.googleapis.com", firstParty: true }],
  keyEnv: ["GOOGLE_GEMINI_CLI_LOGIN"],
  baseUrlEnv: [{ name: "GOOGLE_GEMINI_CLI_BASE_URL" }],
  docs: "https://developers.google.com/gemini-code-assist/docs/overview",
  login: "google-gemini-cli",
  credentials: "google-code-assist",
  thirdParty: "forbidden",
  thirdPartyNote:
    "Google's terms keep this login to its own programs and accounts may be suspended: use a key of the Gemini API or Vertex.",
  defaultModel: "gemini-2.5-pro",
  rules: [
    ...GEMINI_NATIVE_RULES,
    { match: /flash/i, set: { compat: { timeouts: { firstEventMs: 60_000 }, heal: ["planning"] } } },
  ],
  models: async () => (await import("../models/google-gemini-cli.ts")).MODELS,
}
