import type { Provider } from "../provider.ts"
import { LOCAL_RULES } from "./local-rules.ts"

/** A vLLM server. */
export const vllm: Provider = {
  id: "vllm",
  name: "vLLM",
  kind: "local",
  apis: [{ api: "openai-completions", baseUrl: "http://127.0.0.1:8000/v1" }],
  keyEnv: ["VLLM_API_KEY"],
  baseUrlEnv: [{ name: "VLLM_BASE_URL" }],
  docs: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
  login: "none",
  thirdParty: "allowed",
  listing: { path: "/models", shape: "openai", auth: "optional" },
  compat: {
    keyless: true,
    chat: {
      maxTokensField: "max_tokens",
      maxTokensOnlyIfSet: true,
      extendedSampling: true,
      thinkingFormat: "chat-template",
      schemas: "grammar",
    },
  },
  defaultModel: "openai/gpt-oss-20b",
  rules: [...LOCAL_RULES, { match: /(?:^|[/:])gpt-oss/i, set: { compat: { chat: { thinkingFormat: "openai" } } } }],
}
