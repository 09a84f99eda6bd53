import type { ChatCompat, Model } from "@sluice/catalog/core"
import type { InboundCall } from "../../contract/wire-server.ts"
import { holds, relayedRequest, takes, type Difference } from "../openai/relay-request.ts"

/** Each line: a difference of the host, and whether this request meets it. */
const DIFFERENCES: readonly Difference<ChatCompat>[] = [
  (compat) => compat.extraBody !== undefined || compat.thinkingExplicit,
  (compat) => compat.cumulativeThinking || compat.emptyLengthIsOverflow,
  (compat, { call }) => compat.streamUsage === false && call.wantsUsage === true,
  ({ maxTokensField: field }, { has }) =>
    field !== undefined && ["max_tokens", "max_completion_tokens"].some((name) => name !== field && has(name)),
  (compat, { call }) => !compat.multipleSystem && (call.context.systemPrompt?.length ?? 0) > 1,
  (compat, { has }) =>
    compat.sampling === false &&
    ["temperature", "top_p", "presence_penalty", "frequency_penalty", "top_k", "min_p"].some(has),
  (compat, { has }) => !compat.extendedSampling && ["top_k", "min_p", "repetition_penalty"].some(has),
  (compat, { has }) =>
    has("tool_choice") && (compat.thinkingOffWithToolChoice === "any" || compat.thinkingOffWithToolChoice === "forced"),
  (compat, { has }) => compat.parallelToolCalls === false && has("parallel_tool_calls"),
  (compat, { call }) =>
    (compat.toolResultName === true ||
      (compat.toolCallIds ?? "plain") !== "plain" ||
      compat.assistantAfterTool !== undefined ||
      compat.emptyToolCallContent !== undefined ||
      compat.thinkingPlaceholder !== undefined) &&
    call.context.messages.some(({ role }) => role === "toolResult"),
  (compat, { call }) =>
    (compat.thinkingAsText === true || compat.thinkingField !== undefined || compat.replayThinking === "never") &&
    call.context.messages.some(holds("thinking")),
  (compat, { has }) =>
    has("reasoning_effort") &&
    ((compat.thinkingFormat ?? "openai") !== "openai" ||
      compat.effortMap !== undefined ||
      compat.efforts !== undefined),
  (compat, { has }) => (compat.thinkingFormat ?? "openai") === "openai" && ["reasoning", "thinking"].some(has),
  (compat, { call }) => compat.cacheKeyHeader !== undefined && !!call.affinity,
  ({ structuredOutput: mode }, { call: { options } }) =>
    (mode === "none" && options.output !== undefined) ||
    (mode === "json_object" && options.output?.type === "jsonSchema"),
  (compat, { call }) => (call.options.stop?.length ?? 0) > (compat.maxStop ?? 4),
]

/** Whether a host of the same wire may be given the client's own bytes. */
export function passes(call: InboundCall, model: Model): boolean {
  const request = relayedRequest(call, model)
  return request !== undefined && takes(model.compat.chat ?? {}, request, DIFFERENCES)
}

/** Whether a host insists on its thinking behind turns with calls, which clients of this API know no field for. */
export function forgets({ context }: InboundCall, { compat, thinking, assumed }: Model): boolean {
  const thinks = thinking !== undefined || assumed !== undefined
  return thinks && compat.chat?.thinkingPlaceholder !== undefined && (context.tools?.length ?? 0) > 0
}
