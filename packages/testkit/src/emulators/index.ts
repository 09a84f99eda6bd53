export type { LoopbackServer, SeenRequest } from "../loopback.ts"
export { anthropicMessagesEmulator, type AnthropicEmulator } from "./anthropic-messages/server.ts"
export type { AnthropicAnswer, AnthropicMessagesOptions, AnthropicScript } from "./anthropic-messages/server-types.ts"
export {
  awsCredentialsEmulator,
  type AwsCredentialsEmulator,
  type AwsCredentialsOptions,
} from "./aws-credentials/server.ts"
export { bedrockEmulator, EMULATED_AWS_KEYS } from "./bedrock/server.ts"
export type { EmulatedAwsKeys } from "./aws-signature.ts"
export type { BedrockAnswer, BedrockOptions, BedrockScript } from "./bedrock/types.ts"
export { codexLimitHeaders, codexUsageLimit, type EmulatedLimits } from "./codex/errors.ts"
export { codexEmulator } from "./codex/server.ts"
export { emulatedCodexToken, type EmulatedTokenClaims } from "./codex/token.ts"
export type {
  CodexAnswer,
  CodexCall,
  CodexConnection,
  CodexEmulator,
  CodexHandshake,
  CodexOptions,
} from "./codex/types.ts"
export { googleAccountsEmulator } from "./google/accounts.ts"
export type {
  EmulatedMachine,
  EmulatedPerson,
  EmulatedWorkload,
  EmulatedServiceAccount,
  GoogleAccountsEmulator,
  GoogleAccountsOptions,
} from "./google/accounts-types.ts"
export { codeAssistEmulator } from "./google/code-assist.ts"
export type {
  CodeAssistEmulator,
  CodeAssistOptions,
  EmulatedAssistAccount,
  EmulatedTier,
} from "./google/code-assist-types.ts"
export { googleEmulator, type GoogleEmulator } from "./google/server.ts"
export type { GoogleAnswer, GoogleCall, GoogleError, GoogleOptions, GoogleRules, GoogleScript } from "./google/types.ts"
export { ollamaEmulator } from "./ollama/server.ts"
export type { EmulatedOllamaModel, OllamaEmulatorOptions } from "./ollama/types.ts"
export { openaiChatEmulator, type OpenAIChatOptions } from "./openai-chat/server.ts"
export type { AzureRules } from "./openai-azure.ts"
export { openaiResponsesEmulator } from "./openai-responses/server.ts"
export type {
  EmulatedCustomCall,
  OpenAIResponsesOptions,
  ResponsesAnswer,
  ResponsesDialect,
  ResponsesError,
  ResponsesRules,
  ResponsesScript,
} from "./openai-responses/types.ts"
export type { EmulatedAnswer, EmulatedCall, EmulatedError, EmulatedUsage, EmulatorScript } from "./script.ts"
