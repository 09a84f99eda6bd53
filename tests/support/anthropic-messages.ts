import type { Model } from "@sluice/catalog"
import type { AssistantMessage, AssistantMessageEvent, Block, Call, Context, InboundCall, Message } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { countingMint, readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { sseBytes } from "../../packages/ai/src/framing/sse.ts"

/** A model at a host of this wire; nothing is known about it beyond what is given. */
export function modelOf(fields: Partial<Model> = {}): Model {
  return {
    id: "claude",
    provider: "anthropic",
    api: "anthropic-messages",
    baseUrl: "https://host.invalid",
    input: ["text", "image", "document"],
    output: ["text"],
    compat: {},
    ...fields,
  }
}

/** What a call is made from. */
export interface CallFields {
  model?: Partial<Model>
  messages?: readonly Message[]
  context?: Partial<Context>
  options?: Call["options"]
  known?: Call["known"]
  stream?: boolean
}

export function callOf(fields: CallFields = {}): Call {
  return {
    op: "generate",
    model: modelOf(fields.model),
    options: fields.options ?? {},
    context: { messages: fields.messages ?? [user("hi")], ...fields.context },
    auth: { kind: "key" },
    stream: fields.stream ?? true,
    known: fields.known ?? {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
}

/** A request's body with fields of any type, for reading in a test. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test looks at parts of a foreign shape
export type AnyBody = Record<string, any>

/** The encoded request. */
export function encode(fields: CallFields = {}): {
  body: AnyBody
  betas: string[]
  losses: string[]
  headers: Record<string, string | undefined>
} {
  const request = anthropicMessages.encode(callOf(fields))
  return {
    body: JSON.parse(JSON.stringify(request.body)) as AnyBody,
    betas: (request.headers["anthropic-beta"] ?? "").split(",").filter(Boolean),
    losses: request.losses.map((loss) => `${loss.kind} ${loss.field}`),
    headers: request.headers,
  }
}

export function user(text: string): Message {
  return { role: "user", content: text }
}

export function assistant(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: "anthropic-messages",
    provider: "anthropic",
    model: "claude",
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
  }
}

/** Events of the wire as one stream; strings are sent as they are. */
export function sse(...events: (Record<string, unknown> | string)[]): Uint8Array {
  const parts = events.map((event) =>
    typeof event === "string"
      ? new TextEncoder().encode(event)
      : sseBytes({ event: String(event["type"]), data: JSON.stringify(event) }),
  )
  return new Uint8Array(parts.flatMap((part) => [...part]))
}

/** Decodes a stream. */
export function decode(
  events: readonly (Record<string, unknown> | string)[],
  options: {
    status?: number
    model?: Partial<Model>
    onEvents?: (events: readonly AssistantMessageEvent[]) => void
  } = {},
): AssistantMessage {
  return readRecording(
    anthropicMessages,
    modelOf(options.model),
    { stream: true, status: options.status ?? 200, chunks: [sse(...events)] },
    options.onEvents ? { onEvents: options.onEvents } : {},
  )
}

/** Common events. */
export const start: Record<string, unknown> = {
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    usage: { input_tokens: 7, output_tokens: 1 },
  },
}
export const stop: Record<string, unknown> = { type: "message_stop" }
export function ends(reason: string, output = 5): Record<string, unknown> {
  return {
    type: "message_delta",
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: output },
  }
}
export function opens(index: number, content_block: Record<string, unknown>): Record<string, unknown> {
  return { type: "content_block_start", index, content_block }
}
export function delta(index: number, part: Record<string, unknown>): Record<string, unknown> {
  return { type: "content_block_delta", index, delta: part }
}
export function closes(index: number): Record<string, unknown> {
  return { type: "content_block_stop", index }
}
export function textBlock(index: number, text: string): Record<string, unknown>[] {
  return [opens(index, { type: "text", text: "" }), delta(index, { type: "text_delta", text }), closes(index)]
}

/** A client's request, accepted. */
export function accept(body: unknown, options: { headers?: Record<string, string>; route?: string } = {}): InboundCall {
  return anthropicMessagesServer.accept({
    route: options.route ?? "/v1/messages",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(options.headers),
    body,
    raw: new TextEncoder().encode(JSON.stringify(body)),
  })
}
