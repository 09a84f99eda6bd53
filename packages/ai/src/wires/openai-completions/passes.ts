import type { ChatCompat, Model } from "@sluice/catalog/core"
import type { InboundCall } from "../../contract/wire-server.ts"
import type { Message } from "../../model/message.ts"
import { isObject, type Obj } from "./types.ts"

/** What a request holds, as far as hosts differ about it. */
interface Request {
  body: Obj
  call: InboundCall
  has(field: string): boolean
}

/** Each line: a difference of the host, and whether this request meets it. */
const DIFFERENCES: readonly ((compat: ChatCompat, request: Request) => boolean | undefined)[] = [
  (compat) => compat.extraBody !== undefined || compat.thinkingExplicit,
  (compat) => compat.cumulativeThinking || compat.stripControlTokens || compat.emptyLengthIsOverflow,
  (compat, { call }) => compat.streamUsage === false && call.wantsUsage === true,
  ({ maxTokensField: field }, { has }) =>
    field !== undefined && ["max_tokens", "max_completion_tokens"].some((name) => name !== field && has(name)),
  (compat, { call }) => !compat.developerRole && call.context.messages.some(({ role }) => role === "developer"),
  (compat, { call }) => !compat.multipleSystem && (call.context.systemPrompt?.length ?? 0) > 1,
  (compat, { has }) =>
    compat.sampling === false &&
    ["temperature", "top_p", "presence_penalty", "frequency_penalty", "top_k", "min_p"].some(has),
  (compat, { has }) => !compat.extendedSampling && ["top_k", "min_p", "repetition_penalty"].some(has),
  (compat, { call, has }) =>
    has("tool_choice") &&
    (compat.toolChoice === "none" ||
      (compat.toolChoice === "strings" && typeof call.options.toolChoice === "object") ||
      (compat.refusesForcedTool && call.options.toolChoice !== "auto" && call.options.toolChoice !== "none") ||
      compat.thinkingOffWithToolChoice === "any" ||
      compat.thinkingOffWithToolChoice === "forced"),
  (compat, { has }) => compat.parallelToolCalls === false && has("parallel_tool_calls"),
  (compat, { call }) => (compat.strictTools ?? "none") !== "per-tool" && (call.context.tools ?? []).some(isStrict),
  (compat, { call }) => !compat.customTools && (call.context.tools ?? []).some(({ type }) => type === "custom"),
  (compat, { call }) =>
    (compat.toolResultName === true ||
      (compat.toolCallIds ?? "plain") !== "plain" ||
      compat.assistantAfterTool !== undefined ||
      compat.emptyToolCallContent !== undefined ||
      compat.thinkingPlaceholder !== undefined) &&
    call.context.messages.some(({ role }) => role === "toolResult"),
  (compat, { call }) =>
    (compat.thinkingAsText === true || compat.thinkingField !== undefined || compat.replayThinking === "never") &&
    call.context.messages.some(holdsThinking),
  (compat, { has }) =>
    has("reasoning_effort") &&
    ((compat.thinkingFormat ?? "openai") !== "openai" ||
      compat.effortMap !== undefined ||
      compat.efforts !== undefined),
  (compat, { has }) => (compat.thinkingFormat ?? "openai") === "openai" && ["reasoning", "thinking"].some(has),
  (compat, { has, call }) =>
    (!compat.promptCacheKey && has("prompt_cache_key")) || (compat.cacheKeyHeader !== undefined && !!call.affinity),
  (compat, { body, has }) => has("service_tier") && !compat.serviceTiers?.includes(String(body["service_tier"])),
  (compat, { call }) => !compat.documents && call.context.messages.some(holdsDocument),
  ({ structuredOutput: mode }, { call: { options } }) =>
    (mode === "none" && options.output !== undefined) ||
    (mode === "json_object" && options.output?.type === "jsonSchema"),
  (compat, { call }) => (call.options.stop?.length ?? 0) > (compat.maxStop ?? 4),
]

/** Whether a host of the same wire may be given the client's own bytes. */
export function passes(call: InboundCall, model: Model): boolean {
  if (!isObject(call.request.body) || model.compat.textOnly) return false
  const body = call.request.body
  const request: Request = { body, call, has: (field) => body[field] !== undefined && body[field] !== null }
  const compat = model.compat.chat ?? {}
  return !DIFFERENCES.some((differs) => differs(compat, request))
}

function isStrict(tool: object): boolean {
  return "strict" in tool && tool.strict === true
}

function holdsThinking(message: Message): boolean {
  return message.role === "assistant" && message.content.some(({ type }) => type === "thinking")
}

function holdsDocument(message: Message): boolean {
  return typeof message.content !== "string" && message.content.some(({ type }) => type === "document")
}
