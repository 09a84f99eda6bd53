import type { AssistantMessage, Block, Call, Context, Loss, Message, Model } from "@sluice/ai"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"

/** What a call is made from. */
export interface CallFields {
  model?: Partial<Model>
  /** Default: a user's greeting. */
  messages?: readonly Message[]
  context?: Partial<Context>
  options?: Call["options"]
  known?: Call["known"]
  stream?: boolean
}

/** A call to a model, with a key and over plain HTTP. */
export function callTo(model: Model, fields: Omit<CallFields, "model"> = {}): Call {
  return {
    op: "generate",
    model,
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

/** A body as it goes over the wire: without what is `undefined`. */
export function sent(body: unknown): AnyBody {
  return JSON.parse(JSON.stringify(body)) as AnyBody
}

/** Losses in short. */
export function lossesOf(losses: readonly Loss[]): string[] {
  return losses.map((loss) => `${loss.kind} ${loss.field}`)
}

export function user(text: string): Message {
  return { role: "user", content: text }
}

/** An answer of a model in an earlier turn. */
export function answerOf(
  { api, provider, id }: Model,
  content: Block[],
  fields: Partial<AssistantMessage> = {},
): AssistantMessage {
  return {
    role: "assistant",
    content,
    api,
    provider,
    model: id,
    usage: { provenance: "absent" },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
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
