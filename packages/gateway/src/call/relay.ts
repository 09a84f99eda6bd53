import {
  attempt,
  builderFor,
  codecOf,
  costOf,
  ExchangeReader,
  SluiceError,
  Waits,
  type Call,
  type Exchange,
  type Frame,
  type Model,
  type ReadContext,
  type Relay,
  type Route,
  type Work,
  type WireRequest,
} from "@sluice/ai"
import { needsHealing } from "@sluice/ai/healing"
import { isWholeFrame, RawNdjsonFramer, RawSseFramer } from "@sluice/ai/framing"
import { holdsForeign } from "./makers.ts"
import { answerHeaders, type CallContext, sendError, streamHeaders } from "./context.ts"

const encoder = new TextEncoder()
const SIGN_OF_LIFE: Frame = { data: "" }
const BLANK_LINE = encoder.encode("\n\n")
const LINE_END = encoder.encode("\n")
/** How long an answer that is complete may still bring usage before its stream is ended for it. */
const LATE_MS = 2_500

/**
 * Whether the bytes of a call may pass as they are: both sides speak the same wire, no host on the way needs
 * anything spelled differently, and no model is known to write calls or tokens into its text. All routes must allow it,
 * since a later try may take any of them.
 */
export function mayRelay(ctx: CallContext): boolean {
  const { relay, api, keeps } = ctx.server
  if (!relay || ctx.call.op !== "generate" || !ctx.reply.raw) return false
  if (ctx.vault && ctx.routes.some(({ model }) => relay.forgets?.(ctx.call, model))) return false
  // The host must neither keep what is kept here nor be asked to go on from it.
  if (ctx.keep || (keeps && ctx.call.previous !== undefined)) return false
  return ctx.routes.every(
    ({ model, wire, endpoint }) =>
      codecOf(model.api) === api &&
      // A wire asks its hosts for streams in one framing; a client may read another one.
      (!ctx.call.stream || ctx.call.framing === wire.framing) &&
      !endpoint.body &&
      !holdsForeign(ctx.call.context, model) &&
      !endpoint.unwrap &&
      (ctx.call.onlyPassed !== undefined || !needsHealing({ ...ctx.call, model })) &&
      relay.passes(ctx.call, model),
  )
}

/** Answers a call by passing on the host's own bytes, in the same loop of tries as everything else. */
export async function relayed(ctx: CallContext): Promise<void> {
  const { record, settings, call } = ctx
  record.relayed = true
  const work = new Passing(ctx, ctx.server.relay as Relay)
  const timer =
    call.stream && settings.commitAfterMs > 0 ? setTimeout(() => work.commit(), settings.commitAfterMs) : undefined
  const outcome = await attempt(
    ctx.routes,
    {
      context: call.context,
      options: call.affinity ? { sessionId: call.affinity } : {},
      stream: call.stream,
      signal: ctx.signal,
      retry: settings.retry,
      timeouts: settings.timeouts,
      observers: {},
      clock: ctx.clock,
      random: Math.random,
      mint: ctx.mint,
      known: ctx.known,
      handoff: (context) => ({ context, losses: [] }),
    },
    work,
  )
  clearTimeout(timer)
  record.attempts = 1 + outcome.attempts.length
  if (outcome.ok) return
  if (ctx.reply.started) work.fail(outcome.error)
  else sendError(ctx, outcome.error)
}

/** The work of a try that copies. */
class Passing implements Work<void> {
  readonly fixed = true
  readonly #ctx: CallContext
  readonly #relay: Relay

  constructor(ctx: CallContext, relay: Relay) {
    this.#ctx = ctx
    this.#relay = relay
  }

  request(_call: Call, { model }: Route): WireRequest {
    const { call, record } = this.#ctx
    record.servedBy(model)
    const { path } = this.#relay
    const id = model.requestModelId ?? model.id
    const body = this.#relay.edit(call.request.raw, { model: id, ...(call.stream ? { wantUsage: true } : {}) })
    return {
      path: typeof path === "string" ? path : path(call, id),
      headers: this.#relay.headers(call),
      body,
      losses: [],
    }
  }

  read(exchange: Exchange, call: Call, route: Route, ctx: ReadContext): Promise<void> {
    this.#ctx.record.attempts = 1 + ctx.attempts.length
    const type = exchange.head.headers.get("content-type") ?? ""
    const document = !this.#ctx.call.stream || type.includes("application/json")
    return document ? this.#document(exchange, call, route, ctx) : this.#stream(exchange, route.model, ctx)
  }

  /** Sends the status and opens the stream; before there is content, with a sign of life. */
  commit(model?: Model): void {
    const { settings, reply } = this.#ctx
    if (reply.started) return
    this.#begin(model)
    const sign = this.#signOfLife()
    reply.keepAlive(settings.keepAliveMs, () => sign)
    if (!model) reply.frames([sign])
  }

  /** Clients pass over an empty event, but read every line. */
  #signOfLife(): Frame {
    const { call, mint, server } = this.#ctx
    return call.framing === "ndjson" ? server.responder(call, mint).keepAlive() : SIGN_OF_LIFE
  }

  /** Sends the status, unless that is done. */
  #begin(model?: Model): void {
    const { reply } = this.#ctx
    reply.start(200, { ...streamHeaders(reply), ...answerHeaders(this.#ctx, model) })
  }

  #write(parts: readonly Uint8Array[]): void {
    for (const bytes of merged(parts)) this.#ctx.reply.write(bytes)
  }

  /** Ends a stream that has begun with an error in the client's own shape. */
  fail(error: SluiceError): void {
    const { record, server, call, mint, routes, reply } = this.#ctx
    const builder = builderFor(routes[0]?.model, { mint })
    builder.finish(error)
    const responder = server.responder(call, mint)
    const frames = builder.take().flatMap((event) => (event.type === "error" ? responder.push(event) : []))
    reply.endWith(frames)
    record.end(error.code === "aborted" ? 499 : 200, error)
  }

  async #stream(exchange: Exchange, model: Model, ctx: ReadContext): Promise<void> {
    const { record, call, clock, reply, noteMaker } = this.#ctx
    const maker = { api: model.api, provider: model.provider, model: model.id }
    const tap = this.#relay.tap(call)
    const framer: RawFramer = call.framing === "ndjson" ? new RawNdjsonFramer() : new RawSseFramer()
    const chunks = exchange.chunks[Symbol.asyncIterator]()
    let held: Uint8Array[] = []
    let open = false
    let late: unknown
    let enough = false
    // A source may ignore its signal, and may not end when it is let go.
    const waits = new Waits(ctx.signal)
    try {
      for (;;) {
        ctx.watch.waiting()
        const next = await waits.until(chunks.next())
        ctx.watch.paused()
        const frames = next.done
          ? lastFrames(framer, call.framing === "ndjson" ? LINE_END : BLANK_LINE)
          : framer.push(next.value as Uint8Array)
        let ends = next.done === true
        let content = false
        for (const frame of frames) {
          if (noteMaker) noteMaker.text(frame.data as string, maker)
          const verdict = tap.push(frame)
          if (verdict === "alive") {
            ctx.watch.alive()
            if (!open) continue
          }
          if (verdict !== "drop") held.push(frame.raw as Uint8Array)
          if (verdict === "content") content = true
          if (verdict === "end") ends = true
          if (verdict !== "hold" && verdict !== "alive") ctx.watch.progress()
        }
        if (content && !open) {
          ctx.delivered("final")
          record.content()
          open = true
        }
        if (ends) break
        if (open) {
          this.commit(model)
          this.#write(held)
          held = []
        }
        const { terminal, goesOn } = tap.result()
        if (late === undefined && terminal && !goesOn) {
          late = clock.setTimeout(() => {
            enough = true
            const reason = new SluiceError({ code: "aborted", message: "The answer was complete." })
            waits.stop(reason)
            exchange.cancel(reason)
          }, LATE_MS)
        }
        if (reply.full) await reply.room()
      }
    } catch (thrown) {
      // A host that breaks off behind a complete answer has said all that there was.
      if (!enough && !(tap.result().terminal && !this.#ctx.signal.aborted)) throw thrown
    } finally {
      clock.clearTimeout(late)
      waits.end()
    }
    const result = tap.result()
    if (!open && result.error) throw ctx.classify({ inStream: true, ...result.error })
    if (!result.terminal && !result.error) {
      if (open) {
        this.#begin(model)
        this.#write(held)
      }
      throw ctx.classify({ is: "stream_incomplete", inStream: true })
    }
    this.#begin(model)
    if (result.missing) held.push(result.missing)
    const last = merged(held)
    for (const bytes of last.slice(0, -1)) reply.write(bytes)
    reply.end(last.at(-1))
    const error = result.error && ctx.classify({ inStream: true, ...result.error })
    ctx.used(result.usage ?? { provenance: "absent" }, error)
    if (result.usage) record.usage({ ...result.usage, ...costField(costOf(result.usage, model.prices)) })
    record.end(200, error)
  }

  /** One JSON document: passed on as it is, or spelled as a stream where the client asked for one. */
  async #document(exchange: Exchange, call: Call, route: Route, ctx: ReadContext): Promise<void> {
    const { record, server, mint, reply } = this.#ctx
    const builder = builderFor(route.model, { mint, toError: ctx.classify })
    const reader = new ExchangeReader({
      wire: route.wire,
      endpoint: route.endpoint,
      call,
      head: exchange.head,
      builder,
    })
    const parts: Uint8Array[] = []
    ctx.watch.waiting()
    const chunks = exchange.chunks[Symbol.asyncIterator]()
    const waits = new Waits(ctx.signal)
    try {
      for (;;) {
        const next = await waits.until(chunks.next())
        if (next.done) break
        reader.push(next.value)
        if (next.value instanceof Uint8Array) parts.push(next.value)
      }
    } finally {
      waits.end()
    }
    ctx.watch.paused()
    reader.end()
    const { message } = builder
    if (message.error) throw new SluiceError({ ...message.error, delivered: "nothing" })
    ctx.delivered("final")
    ctx.used(message.usage)
    record.message(message)
    this.#ctx.noteMaker?.answer(message)
    record.attempts = 1 + ctx.attempts.length
    record.content()
    record.end(200)
    if (this.#ctx.call.stream) {
      this.commit(route.model)
      const responder = server.responder(this.#ctx.call, mint)
      reply.endWith(builder.take().flatMap((event) => responder.push(event)))
      return
    }
    const headers = { "content-type": "application/json", ...answerHeaders(this.#ctx, route.model) }
    reply.send(exchange.head.status, headers, Buffer.concat(parts))
  }
}

function costField<T>(cost: T | undefined): { cost?: T } {
  return cost === undefined ? {} : { cost }
}

type RawFramer = RawSseFramer | RawNdjsonFramer

/**
 * An event at the end of the input whose border, a blank line or the line's end, the host left out, with the border.
 * One that was cut short is left out, so that whatever follows stands behind a whole event.
 */
function lastFrames(framer: RawFramer, border: Uint8Array): Frame[] {
  return framer
    .end()
    .filter((frame) => frame.data !== "" && isWholeFrame(frame))
    .map((frame) => ({ ...frame, raw: Buffer.concat([frame.raw as Uint8Array, border]) }))
}

/** Pieces that lie side by side in one buffer as one, so that one read of the host is one write to the client. */
function merged(parts: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let i = 0; i < parts.length; i++) {
    const { buffer, byteOffset, byteLength } = parts[i] as Uint8Array
    let end = byteOffset + byteLength
    for (let next = parts[i + 1]; next?.buffer === buffer && next.byteOffset === end; next = parts[i + 1]) {
      end += next.byteLength
      i++
    }
    out.push(new Uint8Array(buffer, byteOffset, end - byteOffset))
  }
  return out
}
