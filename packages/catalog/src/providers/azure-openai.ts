import { GPT_RULES } from "../families/gpt.ts"
import type { Provider } from "../provider.ts"

const HOME = "https://{resource}.openai.azure.com/openai/v1"

/** OpenAI's models in a customer's own resource of Azure. Ids are names of deployments, or stand for them. */
export const azureOpenai: Provider = {
  id: "azure-openai",
  name: "Azure OpenAI",
  kind: "vendor",
  apis: [
    {
      api: "azure-openai-responses",
      baseUrl: HOME,
    },
    {
      api: "azure-openai-completions",
      baseUrl: HOME,
    },
  ],
  keyEnv: ["AZURE_OPENAI_API_KEY"],
  baseUrlEnv: [{ name: "AZURE_OPENAI_BASE_URL" }, { name: "AZURE_OPENAI_RESOURCE_NAME", form: "resource" }],
  deploymentsEnv: "AZURE_OPENAI_DEPLOYMENT_NAME_MAP",
  query: [{ name: "api-version", env: "AZURE_OPENAI_API_VERSION", default: "v1" }],
  keyPage: "https://portal.azure.com",
  docs: "https://learn.microsoft.com/azure/ai-foundry/openai/",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "get", path: "/models" },
  compat: {
    chat: {
      showsThinking: false,
      developerRole: true,
      multipleSystem: true,
      strictTools: "per-tool",
      toolCallIds: "max-40",
      promptCacheKey: true,
      documents: true,
      replayThinking: "never",
    },
    responses: {
      developerRole: true,
      strictTools: "per-tool",
      mediaInToolResult: true,
      documents: true,
      promptCacheKey: true,
      leastOutputCap: 16,
    },
  },
  defaultModel: "gpt-5.5",
  rules: GPT_RULES,
  models: async () => (await import("../models/openai.ts")).MODELS,
}
