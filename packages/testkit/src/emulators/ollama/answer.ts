import type { Fields } from "../check.ts"
import {
  argumentText,
  countWords,
  deltas,
  type EmulatedAnswer,
  type EmulatedCall,
  type EmulatedError,
} from "../script.ts"

/** What an answer is spelled from. */
export interface OllamaAnswer {
  model: string
  answer: EmulatedAnswer
  /** The request asks for thinking, or does not say. */
  thinks: boolean
  /** The answer is one to a single prompt. */
  single: boolean
  /** Tokens of the prompt where the script does not say. */
  promptTokens: number
  /** Nanoseconds that the model took to load. */
  loadNs: number
}

/** The lines of a stream. */
export function lines(of: OllamaAnswer): string[] {
  const { answer, thinks } = of
  const chars = answer.pace?.chars
  const out: Fields[] = []
  if (thinks) for (const thinking of deltas(answer.thinking ?? "", chars)) out.push({ content: "", thinking })
  for (const content of deltas(answer.text ?? answer.refusal ?? "", chars)) out.push({ content })
  for (const [index, call] of (answer.toolCalls ?? []).entries()) {
    out.push({ content: "", tool_calls: [callOf(call, index)] })
  }
  return [...out.map((message) => line(of, message, { done: false })), line(of, { content: "" }, endOf(of))]
}

/** The answer in one document. */
export function document(of: OllamaAnswer): Fields {
  const { answer, thinks } = of
  const message: Fields = { content: answer.text ?? answer.refusal ?? "" }
  if (thinks && answer.thinking) message["thinking"] = answer.thinking
  if (answer.toolCalls?.length) message["tool_calls"] = answer.toolCalls.map(callOf)
  return fieldsOf(of, message, endOf(of))
}

/** The answer to a request that says nothing: the model is loaded, or unloaded. */
export function loaded(model: string, single: boolean, reason: "load" | "unload"): Fields {
  const of = { model, single } as OllamaAnswer
  return fieldsOf(of, { content: "" }, { done_reason: reason, done: true })
}

/** The status and the body of a failure before an answer has begun. */
export function errorBody(error: EmulatedError): { status: number; body: Fields } {
  const status = error.status ?? 500
  return {
    status,
    body: { error: error.message ?? (status === 503 ? "server busy, please try again" : "model runner stopped") },
  }
}

/** The line of a failure in the middle of an answer. */
export function errorLine(error: EmulatedError): string {
  return `${JSON.stringify(errorBody(error).body)}\n`
}

function line(of: OllamaAnswer, message: Fields, rest: Fields): string {
  return `${JSON.stringify(fieldsOf(of, message, rest))}\n`
}

function fieldsOf({ model, single }: Pick<OllamaAnswer, "model" | "single">, message: Fields, rest: Fields): Fields {
  const head = { model, created_at: "2026-01-01T00:00:00.123456Z" }
  if (!single) return { ...head, message: { role: "assistant", ...message }, ...rest }
  const { content, thinking } = message
  return { ...head, response: content, ...(thinking === undefined ? {} : { thinking }), ...rest }
}

function endOf({ answer, promptTokens, loadNs }: OllamaAnswer): Fields {
  const { usage = {} } = answer
  const output = usage.output ?? countWords(answer.text) + countWords(answer.thinking) + 1
  return {
    done_reason: answer.stop ?? (answer.length ? "length" : "stop"),
    done: true,
    total_duration: loadNs + 2_000_000,
    load_duration: loadNs + 1000,
    prompt_eval_count: usage.prompt ?? promptTokens,
    prompt_eval_duration: 1_000_000,
    eval_count: output,
    eval_duration: 900_000,
  }
}

/** The vendor numbers the calls behind the first, and gives arguments as an object; exact text is passed on as it is. */
function callOf(call: EmulatedCall, index: number): Fields {
  const args = typeof call.arguments === "string" ? argumentText(call) : (call.arguments ?? {})
  return {
    ...(call.id === undefined ? {} : { id: call.id }),
    function: { ...(index > 0 ? { index } : {}), name: call.name, arguments: args },
  }
}
