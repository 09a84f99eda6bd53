import type { AssistantMessage, AssistantMessageEvent, Block, Call, Message } from "@sluice/ai"
import { bedrockReading } from "@sluice/ai/endpoints/bedrock"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { describeModel, type Model } from "@sluice/catalog"
import { readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { handoff } from "../../packages/ai/src/handoff/handoff.ts"
import { eventMessage } from "../../packages/testkit/src/emulators/bedrock/event-stream.ts"
import { type AnyBody, answerOf, callTo, type CallFields, lossesOf, sent } from "./call.ts"

export { user, type AnyBody, type CallFields } from "./call.ts"

/** A model behind Converse of which nothing is known beyond what is given. */
export function modelOf(fields: Partial<Model> = {}): Model {
  return {
    id: "m",
    provider: "amazon-bedrock",
    api: "bedrock-converse-stream",
    baseUrl: "https://bedrock-runtime.{region}.amazonaws.com",
    input: ["text", "image", "document"],
    output: ["text"],
    compat: {},
    ...fields,
  }
}

/** A model as the catalog's rules describe it. */
export function known(id: string): Model {
  return describeModel("amazon-bedrock", id)
}

/** A call, handed over to its model. */
export function callOf(fields: CallFields = {}): Call {
  const call = callTo(modelOf(fields.model), fields)
  const { context } = handoff(call.context, call.model, bedrockConverseStream.traits)
  return { ...call, context, auth: { kind: "aws" } }
}

/** The encoded request. */
export function encode(fields: CallFields = {}): { body: AnyBody; losses: string[]; path: string } {
  const request = bedrockConverseStream.encode(callOf(fields))
  return {
    body: sent(request.body),
    losses: lossesOf(request.losses),
    path: request.path,
  }
}

/** An answer of the model that `modelOf` gives. */
export function assistant(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return answerOf(modelOf(), content, fields)
}

export function called(id: string, name = "f"): Block {
  return { type: "toolCall", id, name, arguments: {} }
}

export function result(
  id: string,
  content: Extract<Message, { role: "toolResult" }>["content"] = "r",
  isError = false,
): Message {
  return { role: "toolResult", toolCallId: id, content, isError }
}

export const TOOL = { name: "f", description: "Does it", parameters: { type: "object", properties: {} } }

/** An event of the stream. */
export function event(type: string, payload: object): Buffer {
  return eventMessage({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" }, payload)
}

export function exception(type: string, message: string): Buffer {
  return eventMessage({ ":exception-type": type, ":message-type": "exception" }, { message })
}

export const start: Buffer = event("messageStart", { role: "assistant" })
export const opens = (contentBlockIndex: number, start: object): Buffer =>
  event("contentBlockStart", { contentBlockIndex, start })
export const delta = (contentBlockIndex: number, delta: object): Buffer =>
  event("contentBlockDelta", { contentBlockIndex, delta })
export const closes = (contentBlockIndex: number): Buffer => event("contentBlockStop", { contentBlockIndex })
export const stops = (stopReason: string): Buffer => event("messageStop", { stopReason })
export const metadata = (
  usage: object = { inputTokens: 3, outputTokens: 2, totalTokens: 5 },
  more: object = {},
): Buffer => event("metadata", { usage, ...more })

/** What a stream of these messages is read as. */
export function decode(
  messages: readonly Uint8Array[],
  more: {
    asked?: Call["options"]
    cut?: boolean
    status?: number
    headers?: Record<string, string>
    onEvents?: (events: readonly AssistantMessageEvent[]) => void
  } = {},
): AssistantMessage {
  const { status = 200, headers = {}, cut = false, ...options } = more
  return readRecording(
    bedrockConverseStream,
    modelOf(),
    { status, headers: new Headers(headers), stream: true, chunks: messages, cut },
    { endpoint: bedrockReading, ...options },
  )
}

/** What a document is read as. */
export function whole(
  body: unknown,
  more: { status?: number; headers?: Record<string, string> } = {},
): AssistantMessage {
  return readRecording(
    bedrockConverseStream,
    modelOf(),
    {
      status: more.status ?? 200,
      headers: new Headers(more.headers ?? {}),
      stream: false,
      chunks: [new TextEncoder().encode(JSON.stringify(body))],
    },
    { endpoint: bedrockReading },
  )
}
