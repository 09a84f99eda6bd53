import type { Model } from "@sluice/catalog"
import type { AssistantMessage, AssistantMessageEvent, Block, Call, InboundCall } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { sseBytes } from "../../packages/ai/src/framing/sse.ts"
import { type AnyBody, answerOf, callTo, type CallFields, lossesOf, sent } from "./call.ts"

export { user, type AnyBody, type CallFields } from "./call.ts"

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

/** A call to such a model. */
export function callOf(fields: CallFields = {}): Call {
  return callTo(modelOf(fields.model), fields)
}

/** The encoded request. */
export function encode(fields: CallFields = {}): {
  body: AnyBody
  betas: string[]
  losses: string[]
  headers: Record<string, string | undefined>
} {
  const request = anthropicMessages.encode(callOf(fields))
  return {
    body: sent(request.body),
    betas: (request.headers["anthropic-beta"] ?? "").split(",").filter(Boolean),
    losses: lossesOf(request.losses),
    headers: request.headers,
  }
}

/** An answer of the model that `modelOf` gives. */
export function assistant(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return answerOf(modelOf(), content, fields)
}

/** Events of the wire as one stream; strings are sent as they are. */
function sse(...events: (Record<string, unknown> | string)[]): Uint8Array {
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
