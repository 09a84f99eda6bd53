import { isFields, type Fields } from "../check.ts"
import { argumentText, countWords, deltas, type EmulatedError } from "../script.ts"
import type { AnthropicAnswer } from "./server-types.ts"

/** What an answer is made with. */
export interface MessageAnswer {
  id: string
  model: string
  answer: AnthropicAnswer
  /** Ids of the tool calls, in order. */
  callIds: readonly string[]
  /** Absent: the request did not ask for thinking, and none is given. */
  signature?: string | undefined
  /** The thinking's text is kept back. */
  omitted: boolean
  usage: Fields
  /** Tokens of the answer. */
  output: number
}

/** Tokens of a request, by words. */
export function promptTokens(body: Fields): number {
  return countWords(body["system"]) + countWords(body["tools"]) + countWords(body["messages"])
}

/** The usage block at the start of an answer, and the tokens at its end. */
export function usageOf(answer: AnthropicAnswer, body: Fields): { usage: Fields; output: number } {
  const { usage = {} } = answer
  const cached = usage.cached ?? 0
  const written = usage.cacheWrite ?? 0
  const prompt = usage.prompt ?? promptTokens(body) + cached + written
  const calls = (answer.toolCalls ?? []).reduce((sum, call) => sum + 1 + countWords(argumentText(call)), 0)
  const words = countWords(answer.thinking ?? "") + countWords(answer.text ?? answer.refusal ?? "") + calls
  return {
    usage: {
      input_tokens: Math.max(0, prompt - cached - written),
      cache_creation_input_tokens: written,
      cache_read_input_tokens: cached,
      cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
      service_tier: "standard",
    },
    output: usage.output ?? words,
  }
}

function stopOf(answer: AnthropicAnswer): Fields {
  const reason =
    answer.stop ??
    (answer.refusal === undefined
      ? answer.length
        ? "max_tokens"
        : answer.toolCalls?.length
          ? "tool_use"
          : "end_turn"
      : "refusal")
  const details =
    reason === "refusal"
      ? {
          stop_details: {
            type: "refusal",
            category: answer.refusalCategory ?? null,
            explanation: answer.refusal ?? null,
          },
        }
      : {}
  return { stop_reason: reason, stop_sequence: answer.stopSequence ?? null, ...details }
}

function blocksOf(message: MessageAnswer): Fields[] {
  const { answer, signature, omitted } = message
  const blocks: Fields[] = []
  if (signature !== undefined && answer.thinking !== undefined) {
    blocks.push({ type: "thinking", thinking: omitted ? "" : answer.thinking, signature })
  }
  if (signature !== undefined && answer.redactedThinking !== undefined) {
    blocks.push({ type: "redacted_thinking", data: answer.redactedThinking })
  }
  if (answer.text !== undefined) blocks.push({ type: "text", text: answer.text })
  for (const [n, call] of (answer.toolCalls ?? []).entries()) {
    blocks.push({ type: "tool_use", id: message.callIds[n], name: call.name, input: argumentText(call) })
  }
  return blocks
}

/** The whole answer as one document. */
export function document(message: MessageAnswer): Fields {
  return {
    id: message.id,
    type: "message",
    role: "assistant",
    model: message.model,
    content: blocksOf(message).map((block) =>
      block["type"] === "tool_use" ? { ...block, input: inputOf(block["input"] as string) } : block,
    ),
    ...stopOf(message.answer),
    usage: { ...message.usage, output_tokens: message.output },
  }
}

function inputOf(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : {}
  } catch {
    return {}
  }
}

/** The answer as server-sent events. */
export function events(message: MessageAnswer): string[] {
  const { answer } = message
  const list: string[] = []
  const add = (type: string, fields: Fields): void => void list.push(event(type, fields))
  add("message_start", {
    message: {
      id: message.id,
      type: "message",
      role: "assistant",
      model: message.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...message.usage, output_tokens: 1 },
    },
  })
  for (const [index, block] of blocksOf(message).entries()) {
    add("content_block_start", { index, content_block: opened(block) })
    if (index === 0) add("ping", {})
    for (const delta of deltasOf(block, answer.pace?.chars)) add("content_block_delta", { index, delta })
    add("content_block_stop", { index })
  }
  add("message_delta", { delta: stopOf(answer), usage: { ...totals(message.usage), output_tokens: message.output } })
  add("message_stop", {})
  return list
}

function totals(usage: Fields): Fields {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage
  return { input_tokens, cache_creation_input_tokens, cache_read_input_tokens }
}

function opened(block: Fields): Fields {
  switch (block["type"]) {
    case "thinking":
      return { type: "thinking", thinking: "", signature: "" }
    case "text":
      return { type: "text", text: "" }
    case "tool_use":
      return { ...block, input: {} }
    default:
      return block
  }
}

function deltasOf(block: Fields, chars: number | undefined): Fields[] {
  switch (block["type"]) {
    case "thinking":
      return [
        ...deltas(block["thinking"] as string, chars).map((thinking) => ({ type: "thinking_delta", thinking })),
        { type: "signature_delta", signature: block["signature"] },
      ]
    case "text":
      return deltas(block["text"] as string, chars).map((text) => ({ type: "text_delta", text }))
    case "tool_use":
      return ["", ...deltas(block["input"] as string, chars)].map((text) => ({
        type: "input_json_delta",
        partial_json: text,
      }))
    default:
      return []
  }
}

function event(type: string, fields: Fields): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

/** The vendor's words for each status. */
const ERRORS: Readonly<Record<number, [type: string, message: string]>> = {
  400: ["invalid_request_error", "The request is invalid."],
  401: ["authentication_error", "invalid x-api-key"],
  402: ["billing_error", "Your credit balance is too low to access the Anthropic API."],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "Not Found"],
  408: ["timeout_error", "Request timed out"],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: ["rate_limit_error", "This request would exceed the rate limit for your organization."],
  500: ["api_error", "Internal server error"],
  504: ["timeout_error", "Request timed out"],
  529: ["overloaded_error", "Overloaded"],
}

/** The status and the body of an error. A type without a status gives the status that goes with it. */
export function errorBody(error: EmulatedError, requestId: string): { status: number; body: Fields } {
  const byType = Object.entries(ERRORS).find(([, words]) => words[0] === error.type)
  const status = error.status ?? (byType ? Number(byType[0]) : 500)
  const [type, message] = ERRORS[status] ?? ERRORS[status < 500 ? 400 : 500] ?? ["api_error", ""]
  return {
    status,
    body: {
      type: "error",
      error: { type: error.type ?? type, message: error.message ?? message },
      request_id: requestId,
    },
  }
}

/** An error inside a stream. */
export function errorEvent(error: EmulatedError, requestId: string): string {
  return `event: error\ndata: ${JSON.stringify(errorBody(error, requestId).body)}\n\n`
}
