import type { Usage } from "@sluice/catalog/core"
import { errorFacts, parseBody } from "../errors/error-body.ts"
import { serialise } from "../assemble/serialise.ts"
import type { Lease } from "../contract/credential.ts"
import type { Endpoint, HttpRequest } from "../contract/endpoint.ts"
import type { ChannelKind, Facts } from "../contract/frame.ts"
import type { Route, Work } from "../contract/route.ts"
import type { Channel, Exchange } from "../contract/transport.ts"
import type { HeadersView } from "../contract/header-list.ts"
import type { Call, WireRequest } from "../contract/wire-client.ts"
import { SluiceError, type Delivered } from "../model/errors.ts"
import type { AttemptRecord } from "../model/message.ts"
import type { Timeouts } from "../model/options.ts"
import { classify } from "../errors/classify.ts"
import { handOverChoice } from "../handoff/tool-names.ts"
import { callFor, overChannel } from "./call-for.ts"
import { checkHeaders } from "./headers.ts"
import type { AttemptInput } from "./input.ts"
import { redactError, redactorOf } from "./redact-error.ts"
import { unlessAborted, Waits } from "./unless-aborted.ts"
import { resolveTimeouts, Watchdog, type Expired } from "./watchdog.ts"

/** Most of an error body that is read, and how long. */
const ERROR_BODY_BYTES = 1024 * 1024
const ERROR_BODY_MS = 10_000

/** What one try is given. */
export interface TryParts<T> {
  input: AttemptInput
  work: Work<T>
  route: Route
  lease: Lease
  caller: AbortSignal
  /** What is known about host, session and this call. */
  known: Facts
  attempts: readonly AttemptRecord[]
  takesEmpty: boolean
  /** Without a socket, although the endpoint would have one. */
  plain: boolean
  remember(channel: Channel | undefined, where: "channel" | "session", facts: Facts): void
}

/** How one try ended. */
export type Tried<T> =
  | { ok: true; value: T; used: { usage?: Usage; error?: SluiceError } }
  | { ok: false; error: SluiceError; call: Call | undefined; channel: ChannelKind }

/** One try: open, encode, dress, sign, send, read. Never rejects; an abort ends it wherever it is. */
export async function tryOnce<T>(parts: TryParts<T>): Promise<Tried<T>> {
  const { input, work, route, lease, caller } = parts
  const controller = new AbortController()
  const { signal } = controller
  // Linked by hand: AbortSignal.any costs as much as the rest of a short exchange.
  const onAbort = (): void => controller.abort(caller.reason)
  caller.addEventListener("abort", onAbort, { once: true })
  if (caller.aborted) onAbort()
  let watch: Watchdog | undefined
  const waits = new Waits(signal)
  let delivered: Delivered = "nothing"
  let used: { usage?: Usage; error?: SluiceError } = {}
  let call: Call | undefined
  let channel: Channel | undefined
  let exchange: Exchange | undefined
  const explained = (error: SluiceError, headers?: HeadersView): SluiceError =>
    redactError(explain(parts, error, headers), lease)
  const toError = (thrown: unknown): SluiceError =>
    explained(asError(thrown, route, { caller, local: signal, sent: exchange !== undefined }))
  try {
    const socket = socketOf(parts, (before) => (call = before))
    channel = await waits.until(route.transport.open(socket, signal), (late) => late.close("too late"))
    const limits = resolveTimeouts(timeoutsOf(parts, channel), route.model.compat.timeouts)
    watch = new Watchdog(input.clock, limits, (which, ms) => controller.abort(expired(which, ms)))
    call = call ? overChannel(call, channel) : callOf(parts, channel)
    const { http, replaced } = await dressed(parts, call, work.request(call, route), waits)
    watch.waiting()
    exchange = await waits.until(channel.send(http, signal), (late) => late.cancel(signal.reason))
    watch.paused()
    const { head } = exchange
    quietly(() => lease.observe(head))
    await observeResponse(parts, exchange, waits)
    if (head.status >= 300) throw explained(await readError(parts, exchange, signal), head.headers)
    const value = await work.read(exchange, call, route, {
      delivered: (what) => {
        delivered = what === "final" || delivered === "final" ? "final" : "content"
      },
      watch,
      signal,
      toError,
      classify: (facts) => explained(classify(facts, whereOf(route))),
      used: (usage, error) => {
        used = error ? { usage, error } : { usage }
      },
      // What another request was answered with teaches nothing about this one.
      remember: (where, facts) => {
        if (!replaced) parts.remember(channel, where, facts)
      },
      restarts: input.restarts === true,
      attempts: parts.attempts,
      takesEmpty: parts.takesEmpty,
    })
    // What failed after all leaves nothing behind that another request could be sent over.
    exchange.cancel(used.error ?? (replaced && channel.kind !== "http" ? "another request was sent" : undefined))
    return { ok: true, value, used }
  } catch (thrown) {
    const error = toError(thrown).with({ delivered })
    if (exchange) exchange.cancel(error)
    else channel?.close(error.code)
    return { ok: false, error, call, channel: channel?.kind ?? call?.channel.kind ?? "http" }
  } finally {
    watch?.stop()
    waits.end()
    caller.removeEventListener("abort", onAbort)
  }
}

/** The error in the words of its endpoint, which cannot break it. */
function explain<T>(parts: TryParts<T>, error: SluiceError, headers: HeadersView | undefined): SluiceError {
  const { input, route, lease } = parts
  const { endpoint } = route
  if (!endpoint.explain) return error
  const { accountId: account } = lease.credential
  try {
    return endpoint.explain(error, {
      now: input.clock.now(),
      ...(headers ? { headers } : {}),
      ...(account === undefined ? {} : { account }),
    })
  } catch {
    return error
  }
}

/**
 * What something thrown stands for. A caller's abort wins over everything; then what stopped this try; then what was
 * thrown. What is no error of ours is the program's fault before a request was sent, and the answer's after that.
 */
export function asError(
  thrown: unknown,
  route: Route,
  at: { caller: AbortSignal; local?: AbortSignal; sent?: boolean },
): SluiceError {
  if (at.caller.aborted) return aborted(at.caller, route)
  const cause: unknown = at.local?.aborted ? at.local.reason : thrown
  const where = whereOf(route)
  if (SluiceError.is(cause)) {
    return cause.provider === undefined || cause.model === undefined ? cause.with({ ...where, ...named(cause) }) : cause
  }
  const message = cause instanceof Error ? cause.message : String(cause)
  if (!at.sent) {
    return new SluiceError(
      { code: "config", message: `The call failed before it was sent: ${message}`, ...where },
      { cause },
    )
  }
  const broken = cause instanceof TypeError || cause instanceof RangeError || cause instanceof SyntaxError
  const facts = broken
    ? { is: "stream_malformed" as const, message: `The answer could not be read: ${message}` }
    : { message }
  const error = classify({ inStream: true, ...facts }, where)
  return new SluiceError(error.toJSON(), { cause })
}

/** The error of a call that its caller ended. */
export function aborted(signal: AbortSignal, route: Route): SluiceError {
  return new SluiceError(
    { code: "aborted", message: "The call was aborted.", ...whereOf(route) },
    { cause: signal.reason },
  )
}

function whereOf({ model }: Route): { provider: string; model: string } {
  return { provider: model.provider, model: model.id }
}

function named({ provider, model }: SluiceError): { provider?: string; model?: string } {
  return { ...(provider === undefined ? {} : { provider }), ...(model === undefined ? {} : { model }) }
}

/** The call's own limits before those of the endpoint. */
function timeoutsOf<T>({ input, route }: TryParts<T>, { kind }: Channel): Timeouts | undefined {
  const own = route.endpoint.timeouts?.[kind]
  return own ? { ...own, ...input.timeouts } : input.timeouts
}

function expired(which: Expired, ms: number): SluiceError {
  return new SluiceError({
    code: "timeout",
    message:
      which === "first-event"
        ? `The host sent no event within ${ms} ms.`
        : `The host sent nothing that brought the answer forward for ${ms} ms.`,
    hint: "Raise timeouts.firstEventMs or timeouts.idleMs if the host is known to be this slow; 0 switches a limit off.",
  })
}

/**
 * The socket that the endpoint wants for this call. It is asked before there is a channel; `wanted` gets the call as it
 * stood then, so that a socket that cannot be opened can be adapted to. A request of fixed bytes is one for HTTP.
 */
function socketOf<T>(parts: TryParts<T>, wanted: (before: Call) => void): ReturnType<NonNullable<Endpoint["connect"]>> {
  const { route, work, lease } = parts
  if (!route.endpoint.connect || parts.plain || work.fixed) return undefined
  const before = callOf(parts, { kind: "websocket", memory: new Map() })
  const socket = route.endpoint.connect(before, lease.credential)
  if (!socket) return undefined
  checkHeaders(socket.headers)
  wanted(before)
  return socket
}

function callOf<T>({ input, route, lease, known }: TryParts<T>, channel: Pick<Channel, "kind" | "memory">): Call {
  const { model, wire } = route
  const handed = input.handoff(input.context, model, wire.traits)
  return callFor({
    op: "generate",
    model,
    options: handOverChoice(input.options, wire.traits.toolName),
    context: handed.context,
    credential: lease.credential,
    stream: input.stream || route.endpoint.streamsOnly === true,
    known,
    channel,
    mint: input.mint,
    handedOver: handed.losses,
  })
}

/** The request as it goes out. `replaced`: an observer has put another body in the place of its own. */
async function dressed<T>(
  parts: TryParts<T>,
  call: Call,
  request: WireRequest,
  waits: Waits,
): Promise<{ http: HttpRequest; replaced: boolean }> {
  const { input, route, lease } = parts
  const { endpoint, model } = route
  const body =
    endpoint.body && !(request.body instanceof Uint8Array)
      ? endpoint.body(request.body, request.headers, call)
      : request.body
  const http = endpoint.dress({ ...request, body }, call, lease.credential)
  const { onPayload } = input.observers
  let changed = false
  if (onPayload) {
    const redactor = redactorOf(lease)
    const view = { url: redactor.url(http.url), headers: redactor.headers(http.headers), body }
    const replaced = await observed(() => onPayload(view, model), waits)
    if (replaced !== undefined) {
      http.body = replaced instanceof Uint8Array ? replaced : serialise(replaced)
      changed = true
    }
  }
  checkHeaders(http.headers)
  const signed = endpoint.sign ? await waits.until(endpoint.sign(http, lease.credential, input.clock.now())) : http
  return { http: signed, replaced: changed }
}

async function observeResponse<T>(
  { input, route, lease }: TryParts<T>,
  { head }: Exchange,
  waits: Waits,
): Promise<void> {
  const { onResponse } = input.observers
  if (!onResponse) return
  const requestId = head.headers.get("x-request-id") ?? head.headers.get("request-id")
  const headers = redactorOf(lease).headers(head.headers)
  const view = { status: head.status, headers, ...(requestId === null ? {} : { requestId }) }
  await observed(() => onResponse(view, route.model), waits)
}

/** What an observer gives; `undefined` when it fails, since it cannot break a call. Only an abort ends the wait for it. */
async function observed<R>(observe: () => R | Promise<R>, waits: Waits): Promise<R | undefined> {
  return waits.until((async () => observe())().catch(() => undefined))
}

/** The error of a response that is none; what is read of its body is bounded in size and time. */
async function readError<T>(
  { input, route }: TryParts<T>,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<SluiceError> {
  const { clock } = input
  const enough = new AbortController()
  const stop = (): void => enough.abort(signal.reason)
  signal.addEventListener("abort", stop, { once: true })
  const timer = clock.setTimeout(stop, ERROR_BODY_MS)
  const decoder = new TextDecoder()
  let text = ""
  try {
    const chunks = exchange.chunks[Symbol.asyncIterator]()
    while (text.length <= ERROR_BODY_BYTES) {
      const next = await unlessAborted(chunks.next(), enough.signal)
      if (next.done) break
      if (next.value instanceof Uint8Array) text += decoder.decode(next.value, { stream: true })
    }
  } catch {
    // What came before the cut is all there is to report.
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener("abort", stop)
  }
  if (signal.aborted) throw signal.reason
  const facts = errorFacts(route.wire, exchange.head, parseBody(text), clock.now())
  return classify(facts, whereOf(route))
}

/** Runs what may fail without consequence: a source's bookkeeping cannot break a call. */
export function quietly(run: () => void): void {
  try {
    run()
  } catch {
    // Nothing depends on it.
  }
}
