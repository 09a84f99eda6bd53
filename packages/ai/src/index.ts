export * from "@sluice/catalog/core"
export * from "./contract/index.ts"
export * from "./model/index.ts"
export { classify } from "./errors/classify.ts"
export { retryHint } from "./errors/retry-after.ts"
export { JsonArguments, parseArguments } from "./assemble/json-arguments.ts"
export { MessageBuilder } from "./assemble/message-builder.ts"
export { MessageStream } from "./assemble/message-stream.ts"
export { readRecording } from "./assemble/read-recording.ts"
export { attempt } from "./attempt/attempt.ts"
export { checkHeaders } from "./attempt/headers.ts"
export { sleep } from "./attempt/sleep.ts"
export type { AttemptInput, AttemptOutcome, Handoff } from "./attempt/input.ts"
export { Known } from "./attempt/known.ts"
export { DEFAULT_RETRY } from "./attempt/budget.ts"
export { DEFAULT_TIMEOUTS } from "./attempt/watchdog.ts"
export { anthropicEndpoint, ollamaEndpoint, openaiEndpoint, plainEndpoint } from "./endpoints/plain.ts"
export { type Environment, complete, stream, type StreamOptions } from "./stream.ts"
export { type CountOptions, countTokens } from "./tokens/count.ts"
export { estimateTokens } from "./tokens/estimate.ts"
export { isContextOverflow } from "./tokens/overflow.ts"
export {
  type ContextInput,
  type FunctionToolInput,
  jsonSchemaOf,
  type OutputFormatInput,
  plainContext,
  type SchemaInput,
  type StandardSchema,
  type ToolInput,
} from "./schema/standard.ts"
export { fetchTransport } from "./transport/fetch.ts"
export { USER_AGENT, VERSION } from "./version.ts"
export {
  createSluice,
  keySource,
  type Sluice,
  type SluiceCallOptions,
  type SluiceConfig,
  type WireEntry,
} from "./sluice.ts"
export { ExchangeReader } from "./assemble/exchange-reader.ts"
export { createRedactor, REDACTED, type Redactor } from "./assemble/redact.ts"
export { DEFAULT_THINKING_LOOP } from "./assemble/thinking-loop.ts"
export { type RepeatedCall, repeatedCalls } from "./tools/repeated-calls.ts"
export { toolError, toolResult } from "./tools/results.ts"
export { type ImageSize, imageSize } from "./images/size.ts"
export type { ResizeImage } from "./images/resizer.ts"
export { handoff } from "./handoff/handoff.ts"
export { refuseLosses } from "./handoff/strict.ts"
export { authMissing, type KeyHolder, parseKeys } from "./keys.ts"
export { systemClock, systemMint } from "./platform.ts"
export { type BuilderParts, builderFor } from "./assemble/builder-for.ts"
export { Waits } from "./attempt/unless-aborted.ts"
