import {
  isContent,
  SluiceError,
  stream,
  type AssistantMessage,
  type AssistantMessageEvent,
  type Frame,
  type Loss,
  type Responder,
} from "@sluice/ai"
import { answerHeaders, type CallContext, sendError, sendJson, streamHeaders } from "./context.ts"

/**
 * Answers a call by decoding what the host sends and spelling it as the client's wire has it.
 *
 * The status is not sent before there is content, the answer failed, or a deadline passed; after the deadline a
 * failure can only be told inside the stream. Trying again stays possible until there is content.
 */
export async function translate(ctx: CallContext): Promise<void> {
  const { call, record, settings, reply } = ctx
  const responder = ctx.server.responder(call, ctx.mint)
  const answer = stream(
    ctx.routes,
    call.context,
    {
      ...call.options,
      signal: ctx.signal,
      ...(settings.retry ? { retry: settings.retry } : {}),
      ...(settings.timeouts ? { timeouts: settings.timeouts } : {}),
      ...(call.affinity && !call.options.sessionId ? { sessionId: call.affinity } : {}),
    },
    {
      clock: ctx.clock,
      mint: ctx.mint,
      known: ctx.known,
      ...(ctx.vault ? { vault: ctx.vault } : {}),
      ...(ctx.resizeImage ? { resizeImage: ctx.resizeImage } : {}),
    },
  )
  if (!call.stream) return await whole(ctx, responder, await answer.result())

  const batches = answer.batches()
  const first = batches.next()
  const early = await inTime(first, settings.commitAfterMs)
  if (early) {
    const failed = failureOf(early.value ?? [])
    if (failed && failed.error && failed.error.delivered === "nothing") {
      record.message(failed)
      return sendError(ctx, new SluiceError(failed.error))
    }
  }
  const begun = begunBy(early?.value)
  reply.start(200, { ...streamHeaders(reply), ...answerHeaders(ctx, begun?.model, begun?.losses) })
  reply.keepAlive(settings.keepAliveMs, () => responder.keepAlive())
  if (!early) reply.frames([responder.keepAlive()])
  await pump(ctx, responder, early ?? (await first), batches)
}

/** Writes all batches; never throws. */
async function pump(
  ctx: CallContext,
  responder: Responder,
  first: IteratorResult<readonly AssistantMessageEvent[], undefined>,
  batches: AsyncIterableIterator<readonly AssistantMessageEvent[], undefined>,
): Promise<void> {
  const { record, reply } = ctx
  let next = first
  try {
    while (!next.done) {
      const frames: Frame[] = []
      for (const event of next.value) {
        if (isContent(event)) record.content()
        for (const frame of responder.push(event)) frames.push(frame)
        if (event.type === "done") {
          record.message(event.message)
          ctx.noteMaker?.answer(event.message)
        }
        if (event.type === "error") record.message(event.error)
      }
      const last = next.value.at(-1)
      if (last?.type === "done") await ctx.keep?.(last.message, responder)
      if (last?.type === "error") await ctx.keep?.(last.error, responder)
      if (last?.type === "done" || last?.type === "error") reply.endWith(frames)
      else reply.frames(frames)
      if (last?.type === "done") record.losses.push(...responder.losses)
      if (last?.type === "done") record.end(200)
      if (last?.type === "error") record.end(last.reason === "aborted" ? 499 : 200, last.error.error)
      if (reply.full) await reply.room()
      next = await batches.next()
    }
  } catch (error) {
    ctx.leave()
    record.end(500, { code: "server_error" })
    const failure = new SluiceError(
      {
        code: "server_error",
        message: "The gateway could not spell the answer.",
        hint: "Ask again; if it stays so, the gateway's operator finds the request in its log under its id.",
      },
      { cause: error },
    )
    reply.endWith([{ data: JSON.stringify(ctx.server.failure(failure).body) }])
  } finally {
    reply.end()
  }
}

async function whole(ctx: CallContext, responder: Responder, message: AssistantMessage): Promise<void> {
  const { record, reply } = ctx
  record.message(message)
  if (message.error) return sendError(ctx, new SluiceError(message.error))
  record.content()
  ctx.noteMaker?.answer(message)
  const document = responder.whole(message)
  record.losses.push(...responder.losses)
  await ctx.keep?.(message, responder)
  record.end(200)
  sendJson(reply, 200, answerHeaders(ctx, { provider: message.provider, id: message.model }), document)
}

/** Who answers, and what of the call was lost on the way there, once the first event has come. */
function begunBy(
  events: readonly AssistantMessageEvent[] | undefined,
): { model: { provider: string; id: string }; losses: readonly Loss[] } | undefined {
  const first = events?.[0]
  if (!first || !("partial" in first)) return undefined
  const { provider, model, losses = [] } = first.partial
  return { model: { provider, id: model }, losses }
}

function failureOf(events: readonly AssistantMessageEvent[]): AssistantMessage | undefined {
  const last = events.at(-1)
  return last?.type === "error" ? last.error : undefined
}

/** The value if it comes in time. */
async function inTime<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  if (ms <= 0) return promise
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
