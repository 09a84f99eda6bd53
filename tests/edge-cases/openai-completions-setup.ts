import type {
  AssistantMessage,
  AssistantMessageEvent,
  Call,
  CallOptions,
  ChatCompat,
  Context,
  Facts,
  Json,
  Loss,
  Model,
} from "@sluice/ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { countingMint, readRecording } from "../../packages/ai/src/assemble/read-recording.ts"

/** A JSON object, as tests read it. */
export type Obj = Record<string, Json | undefined>

/** What a test sets of a model. */
export type ModelInit = Partial<Omit<Model, "compat">> & { chat?: ChatCompat }

/** A model of a chat host. */
export function chatModel({ chat, ...fields }: ModelInit = {}): Model {
  return {
    id: "some-model",
    provider: "some-host",
    api: "openai-completions",
    baseUrl: "https://host.example/v1",
    input: ["text", "image"],
    output: ["text"],
    compat: chat ? { chat } : {},
    ...fields,
  }
}

/** A call to a chat host. */
export function chatCall(
  init: { model?: ModelInit; options?: CallOptions; context?: Context; known?: Facts; stream?: boolean } = {},
): Call {
  return {
    op: "generate",
    model: chatModel(init.model),
    options: init.options ?? {},
    context: init.context ?? { messages: [{ role: "user", content: "hi" }] },
    auth: { kind: "key" },
    stream: init.stream ?? true,
    known: init.known ?? {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
}

/** The body and the losses of an encoded call. */
export function encoded(init: Parameters<typeof chatCall>[0] = {}): { body: Obj; losses: readonly Loss[] } {
  const { body, losses } = openaiCompletions.encode(chatCall(init))
  return { body: body as Obj, losses }
}

/** An answer of an earlier turn. */
export function answer(content: AssistantMessage["content"]): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: "openai-completions",
    provider: "some-host",
    model: "some-model",
    usage: { provenance: "absent" },
    stopReason: content.some((block) => block.type === "toolCall") ? "toolUse" : "stop",
    timestamp: 0,
  }
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

/** A tool. */
export const WEATHER = {
  name: "weather",
  description: "Tells the weather.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
} as const

/** A chunk with one delta. */
export function chunk(delta: Obj, more: Obj = {}): Obj {
  return { id: "chatcmpl-1", model: "served", choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}

/** The last chunk of an answer. */
export function finish(reason: string, more: Obj = {}): Obj {
  return { ...chunk({}, { finish_reason: reason }), ...more }
}

/** Chunks as server-sent events; texts go out as they are. */
export function sse(chunks: readonly (Obj | string)[]): Uint8Array {
  const lines = chunks.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`)
  return new TextEncoder().encode(lines.join(""))
}

/** What comes of a stream of chunks. */
export function decoded(
  chunks: readonly (Obj | string)[],
  chat?: ChatCompat,
): { message: AssistantMessage; events: AssistantMessageEvent[] } {
  const events: AssistantMessageEvent[] = []
  const message = readRecording(
    openaiCompletions,
    chatModel(chat ? { chat } : {}),
    { stream: true, chunks: [sse(chunks)] },
    { onEvents: (batch) => events.push(...batch) },
  )
  return { message, events }
}

/** The text of an answer. */
export function textOf(message: AssistantMessage): string {
  return message.content.map((block) => (block.type === "text" ? block.text : "")).join("")
}
