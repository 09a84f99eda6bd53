import type { Fields } from "../check.ts"
import { errorBody } from "../openai-refusals.ts"
import { argumentText, countWords } from "../script.ts"
import { itemEvents, outputItems, type ItemEvents } from "./items.ts"
import type { Ids } from "./memory.ts"
import type { ResponsesAnswer, ResponsesDialect, ResponsesError } from "./types.ts"

/** What an answer is made with. */
export interface ResponsesTurn {
  id: string
  model: string
  /** Seconds since 1970. */
  createdAt: number
  body: Fields
  answer: ResponsesAnswer
  output: readonly Fields[]
  store: boolean
  usage: Fields
  /** Further fields of every response document. */
  more?: Fields
  /** Further fields of the last response document alone. */
  atEnd?: Fields
}

/** The items of the answer to a request. */
export function outputOf(answer: ResponsesAnswer, body: Fields, ids: Ids): Fields[] {
  const reasoning = body["reasoning"] as Fields | null | undefined
  const include = (body["include"] ?? []) as unknown[]
  return outputItems(
    answer,
    { summary: reasoning?.["summary"] != null, encrypted: include.includes("reasoning.encrypted_content") },
    ids,
  )
}

/** Tokens of a prompt. */
export function promptTokens(body: Fields): number {
  return countWords([body["instructions"] ?? "", body["input"], body["tools"] ?? ""])
}

/** The usage block of an answer. */
export function usageOf(answer: ResponsesAnswer, body: Fields): Fields {
  const { usage = {} } = answer
  const prompt = usage.prompt ?? promptTokens(body)
  const reasoning =
    usage.reasoning ?? countWords([answer.thinking ?? "", answer.summaries ?? "", answer.reasoningText ?? ""])
  const calls = (answer.toolCalls ?? []).reduce((sum, call) => sum + 1 + countWords(argumentText(call)), 0)
  const words = [answer.commentary ?? "", answer.refusal ?? answer.text ?? "", answer.customCalls ?? ""]
  const output = usage.output ?? countWords(words) + calls + reasoning
  return {
    input_tokens: prompt,
    input_tokens_details: {
      cached_tokens: usage.cached ?? 0,
      ...(usage.cacheWrite === undefined ? {} : { cache_write_tokens: usage.cacheWrite }),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: prompt + output,
  }
}

/** How an answer ends: its status and what belongs to that. */
function ending(answer: ResponsesAnswer): { status: string; error: Fields | null; incomplete: Fields | null } {
  if (answer.failed) {
    const { code = "server_error", message = "The model failed to generate a response." } = answer.failed
    return { status: "failed", error: { code, message }, incomplete: null }
  }
  const reason = answer.incomplete ?? (answer.length ? "max_output_tokens" : undefined)
  if (reason) return { status: answer.stop ?? "incomplete", error: null, incomplete: { reason } }
  return { status: answer.stop ?? "completed", error: null, incomplete: null }
}

/** The response while it is made, or as it stands at its end. */
export function responseDocument(turn: ResponsesTurn, at: "start" | "end"): Fields {
  const { answer, body } = turn
  const end = at === "end" ? ending(answer) : undefined
  const reasoning = (body["reasoning"] ?? {}) as Fields
  const asked = (body["service_tier"] ?? "auto") as string
  const usage = answer.failed && !answer.usage ? null : turn.usage
  return {
    id: turn.id,
    object: "response",
    created_at: turn.createdAt,
    status: end?.status ?? "in_progress",
    background: false,
    completed_at: end?.status === "completed" ? turn.createdAt + 1 : null,
    error: end?.error ?? null,
    incomplete_details: end?.incomplete ?? null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    max_tool_calls: body["max_tool_calls"] ?? null,
    model: turn.model,
    output: end ? turn.output : [],
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    previous_response_id: body["previous_response_id"] ?? null,
    prompt_cache_key: body["prompt_cache_key"] ?? null,
    reasoning: { effort: reasoning["effort"] ?? null, summary: reasoning["summary"] ?? null },
    safety_identifier: body["safety_identifier"] ?? null,
    service_tier: end ? (answer.serviceTier ?? (asked === "auto" ? "default" : asked)) : asked,
    store: turn.store,
    temperature: body["temperature"] ?? 1,
    text: { format: { type: "text" }, ...(body["text"] as Fields | null | undefined) },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: body["tools"] ?? [],
    top_logprobs: 0,
    top_p: body["top_p"] ?? 1,
    truncation: body["truncation"] ?? "disabled",
    usage: end ? usage : null,
    user: null,
    metadata: body["metadata"] ?? {},
    ...turn.more,
    ...(end ? turn.atEnd : {}),
  }
}

/** The answer as the events of a stream. */
export function responseEvents(turn: ResponsesTurn, dialect: ResponsesDialect = {}): Fields[] {
  const { answer, output } = turn
  const start = responseDocument(turn, "start")
  const end = responseDocument(turn, "end")
  const firstCall = output.findIndex(isCall)
  const parts = output.map((item, index) =>
    itemEvents(item, index, {
      chars: answer.pace?.chars,
      whitespace: index === firstCall ? (answer.whitespace ?? 0) : 0,
    }),
  )
  const options = turn.body["stream_options"] as Fields | null | undefined
  const events = [
    { type: "response.created", response: start },
    { type: "response.in_progress", response: start },
    ...(answer.interleave
      ? interleaved(output, parts)
      : parts.flatMap(({ open, fill, close }) => [...open, ...fill, ...close])),
    { type: answer.terminal ?? `response.${terminalName(end)}`, response: end },
  ].map((event, n): Fields => {
    const hides = String(event.type).endsWith(".delta") && options?.["include_obfuscation"] !== false
    return { ...event, sequence_number: n, ...(hides ? { obfuscation: "x".repeat(8 - (n % 8)) } : {}) }
  })
  return inDialect(events, answer.dialect ?? dialect)
}

function terminalName(document: Fields): string {
  if (document["error"] !== null) return "failed"
  return document["incomplete_details"] === null ? "completed" : "incomplete"
}

function isCall(item: Fields): boolean {
  return item["type"] === "function_call" || item["type"] === "custom_tool_call"
}

/** All calls opened, filled in turns and closed. */
function interleaved(output: readonly Fields[], parts: readonly ItemEvents[]): Fields[] {
  const calls = parts.filter((_, n) => isCall(output[n] ?? {}))
  const rest = parts.filter((_, n) => !isCall(output[n] ?? {}))
  const longest = Math.max(0, ...calls.map((call) => call.fill.length))
  const rounds = Array.from({ length: longest }, (_, n) => calls.flatMap((call) => call.fill.slice(n, n + 1)))
  return [
    ...rest.flatMap(({ open, fill, close }) => [...open, ...fill, ...close]),
    ...calls.flatMap(({ open }) => open),
    ...rounds.flat(),
    ...calls.flatMap(({ close }) => close),
  ]
}

function inDialect(events: readonly Fields[], dialect: ResponsesDialect): Fields[] {
  const aliases = new Map<unknown, string>()
  let turns = 0
  const named = (id: unknown): unknown => (dialect.rotateItemIds ? `${String(id)}${++turns}` : (aliases.get(id) ?? id))
  return events
    .filter((event) => !dialect.omit?.includes(event["type"] as string))
    .map((event) => {
      const spelled = { ...event }
      if (dialect.noSequence) delete spelled["sequence_number"]
      if (dialect.noIndexes) for (const name of ["output_index", "content_index", "summary_index"]) delete spelled[name]
      const item = spelled["item"] as Fields | undefined
      if (item) {
        const other = { ...item }
        if (dialect.callAliases && isCall(item)) {
          aliases.set(item["id"], `fc_${String(item["call_id"])}`)
          delete other["id"]
        } else if (dialect.noItemIds) delete other["id"]
        else other["id"] = named(item["id"])
        spelled["item"] = other
      }
      if (spelled["item_id"] !== undefined) {
        if (dialect.noItemIds) delete spelled["item_id"]
        else spelled["item_id"] = named(spelled["item_id"])
      }
      return spelled
    })
}

/** An event as a server-sent one. */
export function eventText(event: Fields): string {
  return `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`
}

/** An error inside a stream. */
export function errorFields(error: ResponsesError & { afterEvents?: number; nested?: boolean }): Fields {
  const { error: fields } = errorBody(error).body as { error: Fields }
  const { code, message, param, type } = fields
  const sequence = { sequence_number: error.afterEvents ?? 0 }
  if (error.nested) return { type: "error", ...sequence, error: { type, code, message, param } }
  return { type: "error", ...sequence, code: code ?? type, message, param }
}
