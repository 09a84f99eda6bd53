import type { Model } from "@sluice/catalog"
import type { AssistantMessage, AssistantMessageEvent, Block, Call, Context, Message } from "@sluice/ai"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { countingMint, readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { sseBytes } from "../../packages/ai/src/framing/sse.ts"

/** A model at a host of this wire; nothing is known about it beyond what is given. */
export function modelOf(fields: Partial<Model> = {}): Model {
  return {
    id: "gemini",
    provider: "google",
    api: "google-generative-ai",
    baseUrl: "https://host.invalid/v1beta",
    input: ["text", "image", "document", "audio"],
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
  path: string
  body: AnyBody
  losses: string[]
  headers: Record<string, string | undefined>
} {
  const request = googleGenerativeAi.encode(callOf(fields))
  return {
    path: request.path,
    body: JSON.parse(JSON.stringify(request.body)) as AnyBody,
    losses: request.losses.map((loss) => `${loss.kind} ${loss.field}`),
    headers: request.headers,
  }
}

export function user(text: string): Message {
  return { role: "user", content: text }
}

/** An answer of the model that `modelOf` gives. */
export function assistant(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    content,
    api: "google-generative-ai",
    provider: "google",
    model: "gemini",
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
  }
}

/** A piece of an answer with these parts; `more` stands beside the content, `rest` beside the candidate. */
export function chunk(parts: readonly AnyBody[], more: AnyBody = {}, rest: AnyBody = {}): AnyBody {
  return { candidates: [{ content: { role: "model", parts }, index: 0, ...more }], ...rest }
}

/** The last piece of an answer. */
export function end(finishReason = "STOP", parts: readonly AnyBody[] = [], rest: AnyBody = {}): AnyBody {
  return chunk(parts, { finishReason }, rest)
}

/** Decodes a stream. */
export function decode(
  chunks: readonly AnyBody[],
  options: {
    status?: number
    model?: Partial<Model>
    onEvents?: (events: readonly AssistantMessageEvent[]) => void
  } = {},
): AssistantMessage {
  return readRecording(
    googleGenerativeAi,
    modelOf(options.model),
    {
      stream: true,
      status: options.status ?? 200,
      chunks: chunks.map((one) => sseBytes({ data: JSON.stringify(one) })),
    },
    options.onEvents ? { onEvents: options.onEvents } : {},
  )
}
