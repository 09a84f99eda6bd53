import type {
  AssistantMessage,
  AssistantMessageEvent,
  Call,
  CallOptions,
  ChatCompat,
  Compat,
  Context,
  Json,
  Loss,
  Model,
  Tool,
} from "@sluice/ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { answerOf, callTo, type CallFields } from "./call.ts"

export { WEATHER } from "./call.ts"

/** A JSON object, as tests read it. */
export type Obj = Record<string, Json | undefined>

/** What a test sets of a model. */
export type ModelInit = Partial<Omit<Model, "compat">> & { chat?: ChatCompat | undefined; heal?: Compat["heal"] }

/** A model of a chat host. */
export function modelOf({ chat, heal, ...fields }: ModelInit = {}): Model {
  return {
    id: "some-model",
    provider: "some-host",
    api: "openai-completions",
    baseUrl: "https://host.example/v1",
    input: ["text", "image"],
    output: ["text"],
    compat: { ...(chat ? { chat } : {}), ...(heal ? { heal } : {}) },
    ...fields,
  }
}

/** What a test sets of a call. */
export type CallInit = Omit<CallFields, "model"> & { model?: ModelInit }

/** A call to a chat host. */
export function callOf(init: CallInit = {}): Call {
  return callTo(modelOf(init.model), init)
}

/** The body and the losses of an encoded call. */
export function encoded(init: CallInit = {}): { body: Obj; losses: readonly Loss[] } {
  const { body, losses } = openaiCompletions.encode(callOf(init))
  return { body: body as Obj, losses }
}

/** An answer of an earlier turn. */
export function answer(content: AssistantMessage["content"]): AssistantMessage {
  const stopReason = content.some((block) => block.type === "toolCall") ? "toolUse" : "stop"
  return answerOf(modelOf(), content, { stopReason })
}

/** A conversation with one tool call behind it. */
export function toolLoop(content: AssistantMessage["content"] = [], result = "sunny"): Context {
  return {
    messages: [
      { role: "user", content: "weather?" },
      answer([...content, { type: "toolCall", id: "call_1", name: "weather", arguments: { city: "Rome" } }]),
      { role: "toolResult", toolCallId: "call_1", toolName: "weather", content: result },
    ],
  }
}

/** A chunk with one delta. */
export function chunk(delta: Obj, more: Obj = {}): Obj {
  return { id: "chatcmpl-1", model: "served", choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}

/** The last chunk of an answer. */
export function finish(reason: string, more: Obj = {}): Obj {
  return { ...chunk({}, { finish_reason: reason }), ...more }
}

/** Chunks as server-sent events; texts go out as they are. */
function sse(chunks: readonly (Obj | string)[]): Uint8Array {
  const lines = chunks.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`)
  return new TextEncoder().encode(lines.join(""))
}

/** What comes of a stream of chunks. */
export function decoded(
  chunks: readonly (Obj | string)[],
  chat?: ChatCompat,
  { heal, ...call }: { heal?: Compat["heal"]; asked?: CallOptions; offered?: readonly Tool[] } = {},
): { message: AssistantMessage; events: AssistantMessageEvent[] } {
  const events: AssistantMessageEvent[] = []
  const message = readRecording(
    openaiCompletions,
    modelOf({ chat, heal }),
    { stream: true, chunks: [sse(chunks)] },
    { ...call, onEvents: (batch) => events.push(...batch) },
  )
  return { message, events }
}

/** The text of an answer. */
export function textOf(message: AssistantMessage): string {
  return message.content.map((block) => (block.type === "text" ? block.text : "")).join("")
}
