import type { Model, ResponsesCompat } from "@sluice/catalog/core"
import type { InboundCall } from "../../contract/wire-server.ts"
import type { Message } from "../../model/message.ts"
import { holds, relayedRequest, takes, type Difference } from "../openai/relay-request.ts"
import { isSealed } from "../server-seal.ts"
import { isObject } from "./types.ts"

/** Each line: a difference of the host, and whether this request meets it. */
const DIFFERENCES: readonly Difference<ResponsesCompat>[] = [
  (compat, { has }) => compat.encryptedThinking === false && has("include"),
  (compat, { body }) => compat.thinkingSummary === false && fieldOf(body["reasoning"], "summary"),
  (compat, { body }) =>
    (compat.efforts !== undefined || compat.effortMap !== undefined || compat.effortOff !== undefined) &&
    fieldOf(body["reasoning"], "effort"),
  (compat, { call }) =>
    (compat.replayThinking === "never" || compat.replayThinkingText) && call.context.messages.some(holds("thinking")),
  (compat, { call }) => compat.itemIds === false && call.context.messages.some(({ role }) => role === "assistant"),
  (compat, { has }) => compat.sampling === false && ["temperature", "top_p"].some(has),
  (compat, { call }) => !compat.originalDetail && call.context.messages.some(hasOriginal),
  (compat, { call }) =>
    !compat.mediaInToolResult &&
    call.context.messages.some((one) => one.role === "toolResult" && (holds("image")(one) || holds("document")(one))),
  (compat, { has }) => !compat.promptCacheRetention && has("prompt_cache_retention"),
  (compat, { call }) => (compat.sessionHeaders !== undefined || compat.sessionField !== undefined) && !!call.affinity,
  (compat, { body }) => compat.structuredOutput === false && fieldOf(body["text"], "format"),
  (compat, { has }) => compat.silentCap && has("max_output_tokens"),
  (compat) => compat.cacheControl || compat.sloppyEvents || compat.extraBody !== undefined,
]

/** Whether a host of the same wire may be given the client's own bytes. */
export function passes(call: InboundCall, model: Model): boolean {
  const request = relayedRequest(call, model)
  if (!request) return false
  const { input, store } = request.body
  // What we sealed is no host's, and a host would keep what it is not told to forget.
  if (Array.isArray(input) && input.some(holdsSeal)) return false
  return store === false && takes(model.compat.responses ?? {}, request, DIFFERENCES)
}

function holdsSeal(item: unknown): boolean {
  return isObject(item) && typeof item["encrypted_content"] === "string" && isSealed(item["encrypted_content"])
}

function fieldOf(value: unknown, name: string): boolean {
  return isObject(value) && value[name] !== undefined && value[name] !== null
}

function hasOriginal({ content }: Message): boolean {
  return typeof content !== "string" && content.some((block) => block.type === "image" && block.detail === "original")
}
