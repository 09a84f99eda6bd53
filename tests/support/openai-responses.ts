import {
  handoff,
  type AssistantMessage,
  type AssistantMessageEvent,
  type Call,
  type CallOptions,
  type Context,
  type Json,
  type Loss,
  type Model,
  type ResponsesCompat,
} from "@sluice/ai"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { answerOf, callTo, type CallFields } from "./call.ts"

export { WEATHER } from "./call.ts"

/** A JSON object, as tests read it. */
export type Obj = Record<string, Json | undefined>

/** What a test sets of a model. */
export type ModelInit = Partial<Omit<Model, "compat">> & { responses?: ResponsesCompat }

/** A model of a host that speaks the Responses API. */
function modelOf({ responses, ...fields }: ModelInit = {}): Model {
  return {
    id: "some-model",
    provider: "some-host",
    api: "openai-responses",
    baseUrl: "https://host.example/v1",
    input: ["text", "image", "document"],
    output: ["text"],
    compat: responses ? { responses } : {},
    ...fields,
  }
}

/** A ladder of a model that thinks. */
export const THINKS: Pick<Model, "thinking"> = {
  thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
}

/** What a test sets of a call. */
export type CallInit = Omit<CallFields, "model" | "context"> & { model?: ModelInit; context?: Context }

/** A call to such a host. */
export function callOf(init: CallInit = {}): Call {
  return callTo(modelOf(init.model), init)
}

/** Body, headers and losses of an encoded call. */
export interface Encoded {
  body: Obj
  input: Obj[]
  headers: Record<string, string | undefined>
  losses: readonly Loss[]
}

/** A call as it goes out. */
export function encoded(init: CallInit = {}): Encoded {
  const { body, headers, losses } = openaiResponses.encode(callOf(init))
  return { body: body as Obj, input: (body as Obj)["input"] as Obj[], headers, losses }
}

/** A call as it goes out after its conversation was handed over to the model. */
export function handedOver(init: CallInit & { context: Context }): Encoded {
  const { context } = handoff(init.context, modelOf(init.model), openaiResponses.traits)
  return encoded({ ...init, context })
}

/** An answer of an earlier turn. */
export function answer(content: AssistantMessage["content"], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  const stopReason = content.some((block) => block.type === "toolCall") ? "toolUse" : "stop"
  return answerOf(modelOf(), content, { stopReason, ...fields })
}

/** Thinking that its maker can read again. */
export function sealed(id = "rs_1", fields: Obj = {}): AssistantMessage["content"][number] {
  const item = { type: "reasoning", id, summary: [], encrypted_content: "c2VhbGVk", ...fields }
  return { type: "thinking", thinking: "hm", signature: { value: JSON.stringify(item) }, itemId: id }
}

/** A call of a tool in an earlier turn. */
export function called(id: string, fields: object = {}): AssistantMessage["content"][number] {
  return { type: "toolCall", id, name: "weather", arguments: { city: "Rome" }, ...fields }
}

/** An event of a stream. */
export function event(type: string, fields: Obj = {}): Obj {
  return { type: `response.${type}`, ...fields }
}

/** The last event of an answer. */
export function end(fields: Obj = {}, type = "completed"): Obj {
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 }
  return event(type, { response: { id: "resp_1", model: "served", status: type, output: [], usage, ...fields } })
}

/** A message item. */
export function messageItem(text: string, fields: Obj = {}): Obj {
  const content: Obj[] = text === "" ? [] : [{ type: "output_text", text, annotations: [] }]
  return { type: "message", id: "msg_1", role: "assistant", status: "completed", content, ...fields }
}

/** A call's item. */
export function callItem(callId: string, args: string, fields: Obj = {}): Obj {
  return { type: "function_call", id: `fc_${callId}`, call_id: callId, name: "weather", arguments: args, ...fields }
}

/** Events as server-sent events; texts go out as they are. */
function sse(events: readonly (Obj | string)[]): Uint8Array {
  const lines = events.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`)
  return new TextEncoder().encode(lines.join(""))
}

/** What comes of a stream of events. */
export function decoded(
  events: readonly (Obj | string)[],
  more: { model?: ModelInit; options?: CallOptions; cut?: boolean } = {},
): { message: AssistantMessage; events: AssistantMessageEvent[] } {
  const seen: AssistantMessageEvent[] = []
  const message = readRecording(
    openaiResponses,
    modelOf(more.model),
    { stream: true, chunks: [sse(events)], cut: more.cut ?? false },
    { onEvents: (batch) => seen.push(...batch), ...(more.options ? { asked: more.options } : {}) },
  )
  return { message, events: seen }
}

/** What comes of a whole document. */
export function decodedWhole(body: unknown, status = 200): AssistantMessage {
  return readRecording(openaiResponses, modelOf(), {
    status,
    stream: false,
    chunks: [new TextEncoder().encode(JSON.stringify(body))],
  })
}

/** The texts of an answer, one for each block. */
export function textsOf(message: AssistantMessage): string[] {
  return message.content.flatMap((block) => (block.type === "text" ? [block.text] : []))
}

/** The thinking of an answer, one for each block. */
export function thinkingOf(message: AssistantMessage): string[] {
  return message.content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : []))
}

/** Id, name and arguments of the calls of an answer. */
export function callsOf(message: AssistantMessage): unknown[] {
  return message.content.flatMap((block) => (block.type === "toolCall" ? [[block.id, block.arguments]] : []))
}
