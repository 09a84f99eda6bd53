import type { AssistantMessage, AssistantMessageEvent, Block, Call, Context, Loss, Message } from "@sluice/ai"
import { bedrockReading } from "@sluice/ai/endpoints/bedrock"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { describeModel, type Model } from "@sluice/catalog"
import { countingMint, readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { handoff } from "../../packages/ai/src/handoff/handoff.ts"
import { eventMessage } from "../../packages/testkit/src/emulators/bedrock/event-stream.ts"

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

/** What a call is made from. */
export interface CallFields {
  model?: Model
  messages?: readonly Message[]
  context?: Partial<Context>
  options?: Call["options"]
  known?: Call["known"]
  stream?: boolean
}

/** A call, handed over to its model. */
export function callOf(fields: CallFields = {}): Call {
  const model = fields.model ?? modelOf()
  const context = { messages: fields.messages ?? [user("hi")], ...fields.context }
  return {
    op: "generate",
    model,
    options: fields.options ?? {},
    context: handoff(context, model, bedrockConverseStream.traits).context,
    auth: { kind: "aws" },
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
export function encode(fields: CallFields = {}): { body: AnyBody; losses: string[]; path: string } {
  const request = bedrockConverseStream.encode(callOf(fields))
  return {
    body: JSON.parse(JSON.stringify(request.body)) as AnyBody,
    losses: request.losses.map((loss: Loss) => `${loss.kind} ${loss.field}`),
    path: request.path,
  }
}

export function user(text: string): Message {
  return { role: "user", content: text }
}

export function assistant(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: "bedrock-converse-stream",
    provider: "amazon-bedrock",
    model: "m",
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
  }
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
