import type { Provider } from "../provider.ts"
import { LOCAL_RULES } from "./local-rules.ts"

/**
 * Ollama on this machine. Its OpenAI-like surface comes first, as most programs and proxies before it know that one; its
 * own API has what that leaves out: the size of the window, how long a model stays loaded, the levels of thinking.
 */
export const ollama: Provider = {
  id: "ollama",
  name: "Ollama",
  kind: "local",
  apis: [
    { api: "openai-completions", baseUrl: "http://127.0.0.1:11434/v1" },
    { api: "openai-responses", baseUrl: "http://127.0.0.1:11434/v1" },
    { api: "ollama-chat", baseUrl: "http://127.0.0.1:11434" },
  ],
  keyEnv: ["OLLAMA_API_KEY"],
  baseUrlEnv: [{ name: "OLLAMA_BASE_URL" }, { name: "OLLAMA_HOST", form: "host" }],
  docs: "https://github.com/ollama/ollama/blob/main/docs/openai.md",
  login: "none",
  thirdParty: "allowed",
  listing: { path: "/models", shape: "openai", auth: "optional", drop: /embed/, details: "/api/show" },
  compat: {
    keyless: true,
    chat: {
      maxTokensField: "max_tokens",
      maxTokensOnlyIfSet: true,
      emptyLengthIsOverflow: true,
      effortMap: { minimal: "low", xhigh: "max" },
      effortOff: "none",
      thinkingField: "reasoning",
    },
    responses: { effortMap: { minimal: "low", xhigh: "max" }, sloppyEvents: true },
  },
  defaultModel: "gpt-oss:20b",
  rules: LOCAL_RULES,
}
