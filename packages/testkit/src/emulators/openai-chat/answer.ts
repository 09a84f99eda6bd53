import type { Fields } from "../check.ts"
import { argumentText, countWords, deltas, type EmulatedAnswer, type EmulatedError } from "../script.ts"

/** What an answer is made with. */
export interface ChatAnswer {
  id: string
  model: string
  /** Seconds since 1970. */
  created: number
  answer: EmulatedAnswer
  /** Ids of the tool calls, in order. */
  callIds: readonly string[]
  /** Field that carries thinking. */
  thinkingField: string
  usage: Fields
}

/** The usage block of an answer. */
export function usageOf(answer: EmulatedAnswer, body: Fields): Fields {
  const { usage = {} } = answer
  const prompt = usage.prompt ?? countWords(body["messages"]) + countWords(body["tools"])
  const reasoning = usage.reasoning ?? countWords(answer.thinking ?? "")
  const calls = (answer.toolCalls ?? []).reduce((sum, call) => sum + 1 + countWords(argumentText(call)), 0)
  const output = usage.output ?? countWords(answer.text ?? answer.refusal ?? "") + calls + reasoning
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: usage.cached ?? 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function finishReason(answer: EmulatedAnswer): string {
  if (answer.stop) return answer.stop
  if (answer.length) return "length"
  return answer.toolCalls?.length ? "tool_calls" : "stop"
}

/** The whole answer as one document. */
export function completion(chat: ChatAnswer): Fields {
  const { answer } = chat
  const message: Fields = {
    role: "assistant",
    content: answer.refusal === undefined ? (answer.text ?? null) : null,
    refusal: answer.refusal ?? null,
    annotations: [],
  }
  if (answer.thinking !== undefined) message[chat.thinkingField] = answer.thinking
  if (answer.toolCalls?.length) {
    message["tool_calls"] = answer.toolCalls.map((call, n) => ({
      id: chat.callIds[n],
      type: "function",
      function: { name: call.name, arguments: argumentText(call) },
    }))
  }
  return {
    id: chat.id,
    object: "chat.completion",
    created: chat.created,
    model: chat.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(answer) }],
    usage: chat.usage,
    service_tier: "default",
    system_fingerprint: "fp_emulated",
  }
}

/** The answer as server-sent events, `[DONE]` included. */
export function chunks(chat: ChatAnswer, includeUsage: boolean): string[] {
  const { answer } = chat
  const events: string[] = []
  const head = {
    id: chat.id,
    object: "chat.completion.chunk",
    created: chat.created,
    model: chat.model,
    service_tier: "default",
    system_fingerprint: "fp_emulated",
  }
  const usage = includeUsage ? { usage: null } : {}
  const add = (delta: Fields, finish: string | null = null): void => {
    const choice = { index: 0, delta, logprobs: null, finish_reason: finish }
    events.push(event({ ...head, choices: [choice], ...usage }))
  }
  const chars = answer.pace?.chars
  add({ role: "assistant", content: answer.toolCalls?.length && !answer.text ? null : "", refusal: null })
  for (const piece of deltas(answer.thinking ?? "", chars)) add({ [chat.thinkingField]: piece })
  for (const piece of deltas(answer.refusal ?? "", chars)) add({ refusal: piece })
  if (answer.refusal === undefined) for (const piece of deltas(answer.text ?? "", chars)) add({ content: piece })
  for (const [index, call] of (answer.toolCalls ?? []).entries()) {
    const opening = { index, id: chat.callIds[index], type: "function", function: { name: call.name, arguments: "" } }
    add({ tool_calls: [opening] })
    for (const piece of deltas(argumentText(call), chars))
      add({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
  add({}, finishReason(answer))
  if (includeUsage) events.push(event({ ...head, choices: [], usage: chat.usage }))
  events.push("data: [DONE]\n\n")
  return events
}

function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

/** The words for each status that the vendor documents. */
const ERRORS: Readonly<Record<number, { type: string; code: string | null; message: string }>> = {
  400: { type: "invalid_request_error", code: null, message: "The request is invalid." },
  401: { type: "invalid_request_error", code: "invalid_api_key", message: "Incorrect API key provided." },
  403: {
    type: "invalid_request_error",
    code: "unsupported_country_region_territory",
    message: "Country, region, or territory not supported",
  },
  404: { type: "invalid_request_error", code: "model_not_found", message: "The model does not exist." },
  429: { type: "requests", code: "rate_limit_exceeded", message: "Rate limit reached for requests" },
  500: {
    type: "server_error",
    code: null,
    message: "The server had an error while processing your request. Sorry about that!",
  },
  503: {
    type: "server_error",
    code: null,
    message: "That model is currently overloaded with other requests. You can retry your request.",
  },
}

/** The status and the body of an error. */
export function errorBody(error: EmulatedError): { status: number; body: Fields } {
  const status = error.status ?? 500
  const known = ERRORS[status] ?? (status < 500 ? ERRORS[400] : ERRORS[500])
  return {
    status,
    body: {
      error: {
        message: error.message ?? known?.message,
        type: error.type ?? known?.type,
        param: error.param ?? null,
        code: error.code === undefined ? known?.code : error.code,
      },
    },
  }
}

/** An error inside a stream. */
export function errorEvent(error: EmulatedError): string {
  return event(errorBody(error).body)
}
