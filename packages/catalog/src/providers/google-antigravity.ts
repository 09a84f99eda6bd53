import { ALL_FAMILIES } from "../families/all.ts"
import { GEMINI_NATIVE_RULES } from "../families/gemini.ts"
import type { Provider } from "../provider.ts"
import { EFFORTS, type ThinkingLadder } from "../thinking.ts"

/** Claude is asked for tokens to think with here, whatever it takes elsewhere. */
const CLAUDE_THINKING: ThinkingLadder = {
  mode: "budget",
  efforts: EFFORTS,
  budgets: { minimal: 1024, low: 4096, medium: 8192, high: 16_384, xhigh: 24_575, max: 32_768 },
}

/** Gemini, Claude and others through the service behind Google's Antigravity, on a person's login. */
export const googleAntigravity: Provider = {
  id: "google-antigravity",
  name: "Google Antigravity",
  kind: "vendor",
  apis: [
    {
      api: "google-gemini-cli",
      baseUrl: "https://daily-cloudcode-pa.googleapis.com",
      firstParty: true,
      compat: { codeAssist: { fallbackUrls: ["https://daily-cloudcode-pa.sandbox.googleapis.com"] } },
    },
  ],
  keyEnv: ["GOOGLE_ANTIGRAVITY_LOGIN"],
  baseUrlEnv: [{ name: "GOOGLE_ANTIGRAVITY_BASE_URL" }],
  docs: "https://antigravity.google/docs",
  login: "google-antigravity",
  credentials: "google-antigravity",
  thirdParty: "forbidden",
  thirdPartyNote:
    "Google's terms keep this login to its own programs and accounts may be suspended: use a key of the Gemini API or Vertex.",
  compat: {
    codeAssist: {
      agentRequests: true,
      systemRole: "user",
      maxOutputTokens: 65_535,
      toolMode: { mode: "VALIDATED", when: "unsaid" },
    },
  },
  defaultModel: "gemini-3-pro",
  rules: [
    ...ALL_FAMILIES,
    ...GEMINI_NATIVE_RULES,
    { match: /flash/i, set: { compat: { timeouts: { firstEventMs: 60_000 }, heal: ["planning"] } } },
    { match: /^gemini-/i, set: { compat: { codeAssist: { forcedInWords: true } } } },
    {
      match: /^gemini-3-pro$/i,
      set: { compat: { codeAssist: { effortIds: { low: "gemini-3-pro-low", default: "gemini-3-pro-high" } } } },
    },
    {
      match: /^claude-/i,
      set: {
        thinking: CLAUDE_THINKING,
        compat: {
          google: { callIds: true, schemas: "flat", mediaInToolResult: true },
          codeAssist: {
            maxOutputTokens: 64_000,
            thinksWithinCap: true,
            toolMode: { mode: "VALIDATED", when: "always" },
            thinkingHeaders: { "anthropic-beta": "interleaved-thinking-2025-05-14" },
          },
        },
      },
    },
  ],
}
