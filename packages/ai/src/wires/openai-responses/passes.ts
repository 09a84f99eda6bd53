import type { Model, ResponsesCompat } from "@sluice/catalog/core"
import type { InboundCall } from "../../contract/wire-server.ts"
import type { Message } from "../../model/message.ts"
import { isSealed } from "./seal.ts"
import { isObject, type Obj } from "./types.ts"

/** What a request holds, as far as hosts differ about it. */
interface Request {
  body: Obj
  call: InboundCall
  has(field: string): boolean
}

/** Each line: a difference of the host, and whether this request meets it. */
const DIFFERENCES: readonly ((compat: ResponsesCompat, request: Request) => boolean | undefined)[] = [
  (compat, { call }) => !compat.developerRole && call.context.messages.some(({ role }) => role === "developer"),
  (compat, { has }) => compat.encryptedThinking === false && has("include"),
  (compat, { body }) => compat.thinkingSummary === false && fieldOf(body["reasoning"], "summary"),
  (compat, { body }) =>
    (compat.efforts !== undefined || compat.effortMap !== undefined || compat.effortOff !== undefined) &&
    fieldOf(body["reasoning"], "effort"),
  (compat, { call }) =>
    (compat.replayThinking === "never" || compat.replayThinkingText) && call.context.messages.some(holds("thinking")),
  (compat, { call }) => compat.itemIds === false && call.context.messages.some(({ role }) => role === "assistant"),
  (compat, { has }) => compat.sampling === false && ["temperature", "top_p"].some(has),
  (compat, { call }) => compat.strictTools !== "per-tool" && (call.context.tools ?? []).some(isStrict),
  (compat, { call }) => !compat.customTools && (call.context.tools ?? []).some(({ type }) => type === "custom"),
  (compat, { call, has }) =>
    has("tool_choice") &&
    (compat.toolChoice === "none" ||
      (compat.toolChoice === "strings" && typeof call.options.toolChoice === "object") ||
      (compat.refusesForcedTool && call.options.toolChoice !== "auto" && call.options.toolChoice !== "none")),
  (compat, { call }) => !compat.originalDetail && call.context.messages.some(hasOriginal),
  (compat, { call }) =>
    !compat.mediaInToolResult &&
    call.context.messages.some((one) => one.role === "toolResult" && (holds("image")(one) || holds("document")(one))),
  (compat, { call }) => !compat.documents && call.context.messages.some(holds("document")),
  (compat, { has }) => !compat.promptCacheKey && has("prompt_cache_key"),
  (compat, { has }) => !compat.promptCacheRetention && has("prompt_cache_retention"),
  (compat, { call }) => (compat.sessionHeaders !== undefined || compat.sessionField !== undefined) && !!call.affinity,
  (compat, { body }) => compat.structuredOutput === false && fieldOf(body["text"], "format"),
  (compat, { has }) => compat.silentCap && has("max_output_tokens"),
  (compat) => compat.cacheControl || compat.sloppyEvents || compat.extraBody !== undefined,
]

/** Whether a host of the same wire may be given the client's own bytes. */
export function passes(call: InboundCall, model: Model): boolean {
  const { body } = call.request
  if (!isObject(body) || model.compat.textOnly) return false
  // What we sealed is no host's, and a host would keep what it is not told to forget.
  if (Array.isArray(body["input"]) && body["input"].some(holdsSeal)) return false
  if (body["store"] !== false) return false
  const request: Request = { body, call, has: (field) => body[field] !== undefined && body[field] !== null }
  const compat = model.compat.responses ?? {}
  return !DIFFERENCES.some((differs) => differs(compat, request))
}

function holdsSeal(item: unknown): boolean {
  return isObject(item) && typeof item["encrypted_content"] === "string" && isSealed(item["encrypted_content"])
}

function fieldOf(value: unknown, name: string): boolean {
  return isObject(value) && value[name] !== undefined && value[name] !== null
}

function isStrict(tool: object): boolean {
  return "strict" in tool && tool.strict === true
}

function holds(type: string): (message: Message) => boolean {
  return ({ content }) => typeof content !== "string" && content.some((block) => block.type === type)
}

function hasOriginal({ content }: Message): boolean {
  return typeof content !== "string" && content.some((block) => block.type === "image" && block.detail === "original")
}
