import type { Clock, Known, Mint, Model, Route, SluiceError, WireServer } from "@sluice/ai"
import type { InboundCall } from "@sluice/ai"
import type { Settings } from "../options.ts"
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
  settings: Settings
  clock: Clock
  mint: Mint
  known: Known
}

/** Headers of every answer to a call. */
export function answerHeaders(
  ctx: Pick<CallContext, "record">,
  model?: Pick<Model, "provider" | "id">,
): Record<string, string> {
  return {
    "x-request-id": ctx.record.id,
    "request-id": ctx.record.id,
    ...(model ? { "x-sluice-model": `${model.provider}/${model.id}` } : {}),
  }
}

/** Headers of a stream: nobody on the way may keep it back. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
}

/** An error as a response in the client's own shape. */
export function errorResponse(ctx: Pick<CallContext, "record" | "server">, error: SluiceError): Response {
  const { status, headers, body } = ctx.server.failure(
    error.requestId ? error : error.with({ requestId: ctx.record.id }),
  )
  ctx.record.end(status, error)
  const sent = new Headers({ "content-type": "application/json", ...answerHeaders(ctx) })
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.set(name, value)
  return new Response(JSON.stringify(body), { status, headers: sent })
}
