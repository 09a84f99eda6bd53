import { BEDROCK_RULES } from "../families/bedrock.ts"
import type { Provider } from "../provider.ts"

const HOME = "https://bedrock-runtime.{region}.amazonaws.com"

/** How long a model of Bedrock may think in silence, in milliseconds. */
const PATIENCE_MS = 600_000

/** Amazon Bedrock: models of many vendors behind one API, with AWS's credentials or a key of Bedrock's own. */
export const amazonBedrock: Provider = {
  id: "amazon-bedrock",
  name: "Amazon Bedrock",
  kind: "cloud",
  apis: [
    { api: "bedrock-converse-stream", baseUrl: HOME },
    { api: "bedrock-anthropic-messages", baseUrl: HOME },
  ],
  compat: { countsTokens: true, timeouts: { firstEventMs: PATIENCE_MS, idleMs: PATIENCE_MS } },
  keyEnv: ["AWS_BEARER_TOKEN_BEDROCK"],
  baseUrlEnv: [{ name: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" }],
  credentials: "aws",
  keyPage: "https://console.aws.amazon.com/bedrock/home#/api-keys",
  docs: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html",
  login: "key",
  thirdParty: "allowed",
  keyCheck: { by: "generate", model: "us.amazon.nova-micro-v1:0" },
  ownIds: /^(?:(?:us|us-gov|eu|apac|au|jp|ca|global)\.)?(?:anthropic\.claude-|amazon\.nova-)|^arn:aws[\w-]*:bedrock:/,
  defaultModel: "us.anthropic.claude-opus-4-6-v1",
  rules: BEDROCK_RULES,
  models: async () => (await import("../models/amazon-bedrock.ts")).MODELS,
}
