import type { Provider } from "../provider.ts"
import { LOCAL_RULES } from "./local-rules.ts"

/** LM Studio's server on this machine. */
export const lmStudio: Provider = {
  id: "lm-studio",
  name: "LM Studio",
  kind: "local",
  apis: [
    { api: "openai-completions", baseUrl: "http://127.0.0.1:1234/v1" },
    { api: "openai-responses", baseUrl: "http://127.0.0.1:1234/v1" },
  ],
  keyEnv: ["LM_STUDIO_API_KEY"],
  baseUrlEnv: [{ name: "LM_STUDIO_BASE_URL" }],
  docs: "https://lmstudio.ai/docs/developer/openai-compat",
  login: "none",
  thirdParty: "allowed",
  listing: { path: "/models", shape: "openai", auth: "optional", drop: /embed/ },
  compat: {
    keyless: true,
    chat: {
      maxTokensField: "max_tokens",
      maxTokensOnlyIfSet: true,
      extendedSampling: true,
      toolChoice: "strings",
      schemas: "grammar",
    },
    responses: { sloppyEvents: true, schemas: "grammar" },
  },
  defaultModel: "openai/gpt-oss-20b",
  rules: LOCAL_RULES,
}
