import type { Provider } from "../provider.ts"
import { LOCAL_RULES } from "./local-rules.ts"

/** llama-server of llama.cpp on this machine. It takes any model name and serves the model it was started with. */
export const llamaCpp: Provider = {
  id: "llama.cpp",
  name: "llama.cpp",
  kind: "local",
  apis: [
    { api: "openai-completions", baseUrl: "http://127.0.0.1:8080/v1" },
    { api: "openai-responses", baseUrl: "http://127.0.0.1:8080/v1" },
    { api: "anthropic-messages", baseUrl: "http://127.0.0.1:8080" },
  ],
  keyEnv: ["LLAMA_API_KEY"],
  baseUrlEnv: [{ name: "LLAMA_BASE_URL" }],
  docs: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
  login: "none",
  thirdParty: "allowed",
  listing: { path: "/models", shape: "openai", auth: "optional" },
  compat: {
    keyless: true,
    chat: {
      maxTokensField: "max_tokens",
      maxTokensOnlyIfSet: true,
      multipleSystem: false,
      extendedSampling: true,
      toolChoice: "strings",
      thinkingFormat: "chat-template",
      schemas: "grammar",
    },
    responses: {
      toolChoice: "strings",
      sloppyEvents: true,
      silentCap: true,
      structuredOutput: false,
      schemas: "grammar",
    },
    messages: { schemas: "grammar" },
  },
  defaultModel: "default",
  rules: [...LOCAL_RULES, { match: /(?:^|[/:])gpt-oss/i, set: { compat: { chat: { thinkingFormat: "openai" } } } }],
}
