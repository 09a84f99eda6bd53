import { GPT_OSS_RULES } from "../families/gpt.ts"
import { DEEPSEEK_RULES, GLM_RULES, KIMI_RULES, MINIMAX_RULES, QWEN_RULES } from "../families/open-weights.ts"
import type { Provider } from "../provider.ts"

/** Ollama's cloud: open models behind the API of its local server. */
export const ollamaCloud: Provider = {
  id: "ollama-cloud",
  name: "Ollama Cloud",
  kind: "aggregator",
  apis: [{ api: "ollama-chat", baseUrl: "https://ollama.com" }],
  keyEnv: ["OLLAMA_CLOUD_API_KEY"],
  baseUrlEnv: [{ name: "OLLAMA_CLOUD_BASE_URL" }],
  keyPage: "https://ollama.com/settings/keys",
  docs: "https://docs.ollama.com/cloud",
  login: "key",
  thirdParty: "allowed",
  // No request of the host only checks a key.
  keyCheck: { by: "generate", model: "gpt-oss:20b" },
  listing: { path: "/api/tags", shape: "openai", auth: "required", drop: /embed/, details: "/api/show" },
  compat: { ollama: { maxTokensCeiling: 65_536, replayThinking: "never" } },
  defaultModel: "gpt-oss:120b",
  rules: [...GPT_OSS_RULES, ...DEEPSEEK_RULES, ...GLM_RULES, ...KIMI_RULES, ...MINIMAX_RULES, ...QWEN_RULES],
}
