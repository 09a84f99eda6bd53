import {
  readRecording,
  type AssistantMessage,
  type Call,
  type Context,
  type CallOptions,
  type Frame,
  type InboundCall,
  type Issuer,
  type Loss,
  type Model,
  type WireClient,
  type WireServer,
} from "@sluice/ai"
import { ndjsonText, sseText } from "@sluice/ai/framing"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import type { AnswerTarget } from "../generators/answers.ts"
import type { ContextTarget } from "../generators/contexts.ts"
import type { Violation } from "../grammar/violations.ts"
import type { Layout } from "./answer.ts"
import type { ContextCanon } from "./canonical.ts"

/** A wire with both sides, and what the properties must know of it. */
export interface WireUnderTest {
  client: WireClient
  server: WireServer
  route: string
  /** Parameters of the path, where it has some. */
  params?: (stream: boolean) => Record<string, string>
  /** The smallest request of a client. */
  request: (stream: boolean) => Record<string, unknown>
  layout: Layout
  answers: AnswerTarget
  contexts: Omit<ContextTarget, "own">
  canon: ContextCanon
  checkStream: (frames: readonly Frame[], broken: boolean) => Violation[]
  checkWhole: (document: unknown) => Violation[]
  models: { plain: Model; rich: Model }
}

/** A request, accepted. */
export function acceptBody(wire: WireUnderTest, body: unknown, stream: boolean = true): InboundCall {
  return wire.server.accept({
    route: wire.route,
    params: wire.params?.(stream) ?? {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body,
    raw: new Uint8Array(),
  })
}

/** What is left of an answer that was given on and read again, as a stream or as one document. */
export function readBack(wire: WireUnderTest, sent: readonly Frame[] | { document: unknown }): AssistantMessage {
  const stream = Array.isArray(sent)
  const spelled = wire.client.framing === "ndjson" ? ndjsonText : sseText
  const chunks = stream
    ? (sent as readonly Frame[]).map((frame) => new TextEncoder().encode(spelled(frame)))
    : [new TextEncoder().encode(JSON.stringify((sent as { document: unknown }).document))]
  return readRecording(wire.client, wire.models.plain, { stream, chunks })
}

export function issuerOf(model: Model): Issuer {
  return { api: model.api, provider: model.provider, model: model.id }
}

/** A call's request, as a server of the same wire reads it. */
export function overTheWire(
  wire: WireUnderTest,
  model: Model,
  context: Context,
  options: CallOptions,
): { call: InboundCall; losses: readonly Loss[]; text: string } {
  const call: Call = {
    op: "generate",
    model,
    options,
    context,
    auth: { kind: "key" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
  const request = wire.client.encode(call)
  const text = JSON.stringify(request.body)
  const accepted = acceptBody(wire, JSON.parse(text))
  return { call: accepted, losses: [...request.losses], text }
}
