import { CLAUDE_RULES } from "../families/claude.ts"
import type { ImageEdge } from "../compat.ts"
import type { Provider } from "../provider.ts"

/**
 * What the vendor's page on vision says of large images. It gives the lower limit for more than 20 of them; from 20 on
 * is on the safe side.
 */
const IMAGE_EDGES: readonly ImageEdge[] = [
  { from: 1, maxEdge: 8000 },
  { from: 20, maxEdge: 2000 },
]

/** Anthropic's own API, with a key. */
export const anthropic: Provider = {
  id: "anthropic",
  name: "Anthropic",
  kind: "vendor",
  apis: [
    {
      api: "anthropic-messages",
      baseUrl: "https://api.anthropic.com",
      firstParty: true,
      compat: {
        messages: {
          keyHeader: "x-api-key",
          verifiesSignatures: true,
          contextManagement: true,
          eagerToolInput: true,
          strictTools: true,
          structuredOutput: true,
          cacheTtl: "1h",
          mediaUrls: true,
        },
      },
    },
  ],
  compat: { imageEdges: IMAGE_EDGES, countsTokens: true },
  keyEnv: ["ANTHROPIC_API_KEY"],
  baseUrlEnv: [{ name: "ANTHROPIC_BASE_URL" }],
  headersEnv: "ANTHROPIC_CUSTOM_HEADERS",
  keyPage: "https://console.anthropic.com/settings/keys",
  docs: "https://docs.anthropic.com/en/api/messages",
  login: "key",
  thirdParty: "allowed",
  thirdPartyNote: "Keys may be used by any program; the login of a subscription is for the vendor's own applications.",
  keyCheck: { by: "get", path: "/v1/models" },
  listing: {
    path: "/v1/models?limit=1000",
    shape: "anthropic",
    auth: "required",
    headers: { "anthropic-version": "2023-06-01" },
  },
  ownIds: /^claude-/,
  defaultModel: "claude-sonnet-4-6",
  rules: CLAUDE_RULES,
  models: async () => (await import("../models/anthropic.ts")).MODELS,
}
