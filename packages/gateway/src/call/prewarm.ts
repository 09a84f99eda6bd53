import { builderFor } from "@sluice/ai"
import { answerHeaders, type CallContext, sendJson, streamHeaders } from "./context.ts"

/**
 * Answers a request that only announces what is to come: an empty answer that the next request can go on from. No
 * host is asked.
 */
export async function prewarmed(ctx: CallContext): Promise<void> {
  const { call, mint, record, reply, routes, server } = ctx
  const builder = builderFor(routes[0]?.model, { mint })
  builder.stop("stop")
  builder.finish()
  const { message } = builder
  const responder = server.responder(call, mint)
  const frames = builder.take().flatMap((event) => responder.push(event))
  await ctx.keep?.(message, responder)
  record.message(message)
  record.end(200)
  if (!call.stream) {
    return sendJson(reply, 200, answerHeaders(ctx), responder.document?.()?.value ?? responder.whole(message))
  }
  reply.start(200, { ...streamHeaders(reply), ...answerHeaders(ctx) })
  reply.endWith(frames)
}
