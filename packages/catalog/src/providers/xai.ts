import { GROK_RULES } from "../families/others.ts"
import type { Provider } from "../provider.ts"

/** The levels between which the models know none. */
const EFFORTS = { minimal: "low", xhigh: "high", max: "high" } as const

/** The API of xAI. */
export const xai: Provider = {
  id: "xai",
  name: "xAI",
  kind: "vendor",
  apis: [
    { api: "openai-completions", baseUrl: "https://api.x.ai/v1" },
    { api: "openai-responses", baseUrl: "https://api.x.ai/v1" },
  ],
  keyEnv: ["XAI_API_KEY"],
  baseUrlEnv: [{ name: "XAI_BASE_URL" }],
  keyPage: "https://console.x.ai/team/default/api-keys",
  docs: "https://docs.x.ai/docs/api-reference",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  listing: { path: "/models", shape: "openai", auth: "required", drop: /image|imagine|video/ },
  compat: {
    responses: { thinkingSummary: false, promptCacheKey: true },
    chat: { multipleSystem: true, cacheKeyHeader: "x-grok-conv-id", serviceTiers: ["default", "priority"] },
  },
  ownIds: /^grok-/,
  defaultModel: "grok-4.6",
  rules: [
    ...GROK_RULES,
    {
      match: /^grok-(?:3-mini|4\.[5-9]|[5-9])/,
      set: { compat: { chat: { effortMap: EFFORTS }, responses: { effortMap: EFFORTS } } },
    },
  ],
  models: async () => (await import("../models/xai.ts")).MODELS,
}
