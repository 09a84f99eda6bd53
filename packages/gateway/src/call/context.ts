import type {
  AssistantMessage,
  Clock,
  Issuer,
  Known,
  Loss,
  Mint,
  Model,
  ReasoningVault,
  ResizeImage,
  Responder,
  Route,
  SluiceError,
  WireServer,
} from "@sluice/ai"
import type { InboundCall } from "@sluice/ai"
import type { Settings } from "../options.ts"
import type { Reply } from "../http/reply.ts"
import { lossesHeader } from "./losses.ts"
import type { RequestRecord } from "./record.ts"

/** Everything that answering one request needs. */
export interface CallContext {
  server: WireServer
  call: InboundCall
  routes: readonly Route[]
  /** Aborted when the client leaves and when the gateway gives up waiting at its end. */
  signal: AbortSignal
  /** Says that the client has left. */
  leave: () => void
  record: RequestRecord
  reply: Reply
  settings: Settings
  clock: Clock
  mint: Mint
  known: Known
  /** Keeps the answer where the client wants to come back to it. To be awaited before the client is told of its end. */
  keep?: ((message: AssistantMessage, responder: Responder) => Promise<void>) | undefined
  /** What models thought in answers to this client. */
  vault?: ReasoningVault | undefined
  /** Remembers who made what is opaque in answers to this client. */
  noteMaker?: { text(text: string, maker: Issuer): void; answer(message: AssistantMessage): void } | undefined
  resizeImage?: ResizeImage | undefined
}

/** Headers of every answer to a call. `losses`: what was lost on the way, where the record does not have it yet. */
export function answerHeaders(
  ctx: Pick<CallContext, "record">,
  model?: Pick<Model, "provider" | "id">,
  losses: readonly Loss[] = [],
): Record<string, string> {
  return {
    "x-request-id": ctx.record.id,
    "request-id": ctx.record.id,
    ...(model ? { "x-sluice-model": `${model.provider}/${model.id}` } : {}),
    ...lossesHeader([...ctx.record.losses, ...losses]),
  }
}

/** Headers of a stream: nobody on the way may keep it back. */
export function streamHeaders({ text }: Pick<Reply, "text">): Readonly<Record<string, string>> {
  return { "content-type": text.type, "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" }
}

const encoder = new TextEncoder()

/** Answers with one JSON document. */
export function sendJson(reply: Reply, status: number, headers: Readonly<Record<string, string>>, body: unknown): void {
  reply.send(status, { "content-type": "application/json", ...headers }, encoder.encode(JSON.stringify(body)))
}

/** Answers with an error in the client's own shape. */
export function sendError(ctx: Pick<CallContext, "record" | "server" | "reply">, error: SluiceError): void {
  const { status, headers, body } = ctx.server.failure(
    error.requestId ? error : error.with({ requestId: ctx.record.id }),
  )
  ctx.record.end(status, error)
  const own = Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  sendJson(ctx.reply, status, { ...answerHeaders(ctx), ...own }, body)
}
