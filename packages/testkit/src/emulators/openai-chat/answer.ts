import type { Fields } from "../check.ts"
import { errorBody } from "../openai-refusals.ts"
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

/** An error inside a stream. */
export function errorEvent(error: EmulatedError): string {
  return event(errorBody(error).body)
}
