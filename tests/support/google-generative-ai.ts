import type { Model } from "@sluice/catalog"
import type { AssistantMessage, AssistantMessageEvent, Block, Call } from "@sluice/ai"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { readRecording } from "../../packages/ai/src/assemble/read-recording.ts"
import { sseBytes } from "../../packages/ai/src/framing/sse.ts"
import { type AnyBody, answerOf, callTo, type CallFields, lossesOf, sent } from "./call.ts"

export { user, type AnyBody, type CallFields } from "./call.ts"

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

/** A call to such a model. */
export function callOf(fields: CallFields = {}): Call {
  return callTo(modelOf(fields.model), fields)
}

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
    body: sent(request.body),
    losses: lossesOf(request.losses),
    headers: request.headers,
  }
}

/** An answer of the model that `modelOf` gives. */
export function assistant(content: Block[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return answerOf(modelOf(), content, fields)
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
