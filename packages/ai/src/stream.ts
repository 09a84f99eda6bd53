import { attempt } from "./attempt/attempt.ts"
import type { Clock } from "./contract/clock.ts"
import type { Handoff } from "./attempt/input.ts"
import { Known } from "./attempt/known.ts"
import { unlessAborted, unlessLate } from "./attempt/unless-aborted.ts"
import { Reading } from "./assemble/reading.ts"
import { ExchangeReader } from "./assemble/exchange-reader.ts"
import { builderFor, type BuilderParts } from "./assemble/builder-for.ts"
import type { MessageBuilder } from "./assemble/message-builder.ts"
import { MessageStream } from "./assemble/message-stream.ts"
import { THINKING_LOOP, ThinkingLoopGuard } from "./assemble/thinking-loop.ts"
import type { Frame } from "./contract/frame.ts"
import type { ReadContext, Route, Work } from "./contract/route.ts"
import type { Exchange } from "./contract/transport.ts"
import type { ReasoningVault, Restoration } from "./contract/vault.ts"
import type { Call, Mint, WireRequest } from "./contract/wire-client.ts"
import { handoff as defaultHandoff } from "./handoff/handoff.ts"
import { keptHandoff } from "./handoff/kept.ts"
import { ownFieldLosses } from "./handoff/own-fields.ts"
import { refuseLosses } from "./handoff/strict.ts"
import { ownNames } from "./handoff/tool-names.ts"
import { fitImages, type FittedImages } from "./images/fit.ts"
import type { ResizeImage } from "./images/resizer.ts"
import { SluiceError } from "./model/errors.ts"
import { type AssistantMessageEvent, isTerminal } from "./model/events.ts"
import type { AssistantMessage, AttemptRecord, Context, Loss } from "./model/message.ts"
import type { CallOptions, Guards, Observers, RetryOptions, Timeouts } from "./model/options.ts"
import { systemClock, systemMint } from "./platform.ts"
import { type ContextInput, type OutputFormatInput, plainContext, plainOptions } from "./schema/standard.ts"

/** What `stream` and `complete` take besides the model and the conversation. */
export interface StreamOptions extends Omit<CallOptions, "output">, Observers {
  /** How the answer's text must be shaped; the schema may be a Standard Schema that can give JSON Schema. */
  output?: OutputFormatInput
  /** Ends the call at once; it wins over every other outcome. */
  signal?: AbortSignal
  timeouts?: Timeouts
  retry?: RetryOptions
  guards?: Guards
  /**
   * Allows an answer to be made anew after some of it was shown, where trying again can help: a second `start` event
   * says that what came before is void. Never once a tool call is finished. Default false.
   */
  restarts?: boolean
  /** `false` asks the host for one JSON document instead of a stream. Default true. */
  stream?: boolean
}

/** Where a call may go: ways to a model in the order of preference, or a function that finds them. */
export type Routes = Route | readonly Route[] | (() => Promise<readonly Route[]>)

/** What a program shares between its calls; all of it has a default. */
export interface Environment {
  clock?: Clock
  mint?: Mint
  random?(): number
  /** What was learned about hosts and sessions. */
  known?: Known
  handoff?: Handoff
  /** Scales down images that a host would refuse. Default: they go out as they are. */
  resizeImage?: ResizeImage
  /** Keeps what models thought and signed, and puts it back into histories that lack it. Default: nothing is kept. */
  vault?: ReasoningVault
}

/** How long a call waits for its vault, in milliseconds: it can do without. */
const VAULT_MS = 2000

/** What is known where a program keeps nothing of its own. */
export const sharedKnown: Known = new Known()

/**
 * Asks a model and gives its answer as it is made.
 *
 * Several routes are tried in order, as long as nothing of an answer has been delivered, or `restarts` allows for it.
 * Schemas are JSON Schema, or Standard Schemas that can give it, which those of Zod and ArkType can.
 *
 * Returns at once and never throws: a failure is the stream's `error` event, and `result()` gives a message with
 * `error`.
 *
 * @example
 * for await (const event of stream(route, { messages: [{ role: "user", content: "Hello" }] })) {
 *   if (event.type === "text_delta") process.stdout.write(event.delta)
 * }
 */
export function stream(
  routes: Routes,
  context: ContextInput,
  options: StreamOptions = {},
  environment: Environment = {},
): MessageStream {
  const leave = new AbortController()
  const out = new MessageStream(() =>
    leave.abort(new SluiceError({ code: "aborted", message: "The consumer left the stream." })),
  )
  const { signal } = options
  const onAbort = (): void => leave.abort(signal?.reason)
  signal?.addEventListener("abort", onAbort, { once: true })
  if (signal?.aborted) onAbort()
  void run(routes, context, options, environment, leave.signal, out).finally(() =>
    signal?.removeEventListener("abort", onAbort),
  )
  return out
}

/** Asks a model and gives the whole answer. Never throws: a failure is in the message's `error`. */
export function complete(
  routes: Routes,
  context: ContextInput,
  options: StreamOptions = {},
  environment: Environment = {},
): Promise<AssistantMessage> {
  return stream(routes, context, options, environment).result()
}

async function run(
  wanted: Routes,
  given: ContextInput,
  options: StreamOptions,
  environment: Environment,
  signal: AbortSignal,
  out: MessageStream,
): Promise<void> {
  const clock = environment.clock ?? systemClock
  const mint = environment.mint ?? systemMint
  const started = clock.now()
  const { signal: _signal, timeouts, retry, guards, restarts, stream: streamed = true, ...rest } = options
  const { onPayload, onResponse, onEvent, onModeration, ...wishes } = rest
  let context: Context
  const { vault } = environment
  const work = new Decoding({
    out,
    clock,
    mint,
    started,
    observers: { onEvent, onModeration },
    guards,
    keep: vault && ((message) => vault.keep(context, message)),
    tools: () => context.tools,
  })
  let routes: readonly Route[]
  let call: CallOptions
  try {
    checkContext(given)
    context = plainContext(given)
    call = plainOptions<CallOptions>(wishes)
    routes = await listOf(wanted)
  } catch (thrown) {
    const builder = work.builder(undefined)
    builder.finish(
      SluiceError.is(thrown) ? thrown : new SluiceError({ code: "config", message: String(thrown) }, { cause: thrown }),
    )
    out.push(builder.take())
    return
  }
  const plain = environment.handoff ?? (goesOn(routes, call) ? keptHandoff : defaultHandoff)
  const restore = vault && (await restorationOf(vault, routes, context, { clock, signal }))
  const handoff = restore ? restoring(restore, plain) : plain
  const fitted = await fittedImages(routes, context, environment.resizeImage, signal)
  const outcome = await attempt(
    routes,
    {
      context,
      options: call,
      stream: streamed,
      signal,
      timeouts,
      retry,
      restarts,
      observers: { ...(onPayload ? { onPayload } : {}), ...(onResponse ? { onResponse } : {}) },
      clock,
      random: environment.random ?? Math.random,
      mint,
      known: environment.known ?? sharedKnown,
      handoff: fitted ? fitted.handoff(handoff) : handoff,
    },
    work,
  )
  if (outcome.ok) return
  const route =
    routes.find((one) => one.model.provider === outcome.error.provider && one.model.id === outcome.error.model) ??
    routes[0]
  const error = fitted && route ? fitted.explained(outcome.error, route.model) : outcome.error
  out.push(work.failed(route, error, outcome.attempts))
}

/** Whether a conversation may go on from what a host keeps of it, so that its earlier messages are the same objects. */
function goesOn(routes: readonly Route[], { chain, sessionId }: CallOptions): boolean {
  if (sessionId === undefined || chain === false) return false
  return chain === true || routes.some(({ endpoint }) => endpoint.connect !== undefined)
}

/** The images as the routes' hosts can take them; `undefined` where they all can as they are, and after an abort. */
async function fittedImages(
  routes: readonly Route[],
  context: Context,
  resize: ResizeImage | undefined,
  signal: AbortSignal,
): Promise<FittedImages | undefined> {
  const models = routes.map((route) => route.model)
  const fitting = fitImages(models, context, resize)
  return fitting && unlessAborted(fitting, signal).catch(() => undefined)
}

/** What a vault has for the answers of a conversation. It may fail, or take too long: the call goes on without. */
async function restorationOf(
  vault: ReasoningVault,
  routes: readonly Route[],
  context: Context,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Restoration | undefined> {
  try {
    const models = routes.map((route) => route.model)
    const found = vault.find(context, models)
    return found instanceof Promise ? await unlessLate(found, { ms: VAULT_MS, clock, signal }) : found
  } catch {
    return undefined
  }
}

/** Hands over a conversation that is whole again. */
function restoring(restore: Restoration, handoff: Handoff): Handoff {
  return (context, model, traits) => {
    const restored = restore(context, model, traits)
    const handed = handoff(restored.context, model, traits)
    return { context: handed.context, losses: [...restored.losses, ...handed.losses] }
  }
}

function checkContext(context: ContextInput): void {
  if (Array.isArray((context as Partial<ContextInput> | undefined)?.messages)) return
  throw new SluiceError({
    code: "invalid_request",
    message: "context.messages must be a list of messages.",
    param: "messages",
  })
}

async function listOf(routes: Routes): Promise<readonly Route[]> {
  if (typeof routes === "function") return routes()
  return Array.isArray(routes) ? (routes as readonly Route[]) : [routes as Route]
}

/** What the work of decoding is given for one call. */
interface DecodingParts {
  out: MessageStream
  clock: Clock
  mint: Mint
  /** Milliseconds since 1970. */
  started: number
  observers: Watchers
  guards?: Guards | undefined
  /** Keeps what only the vendor reads of an answer. */
  keep?: ((message: AssistantMessage) => void | Promise<void>) | undefined
  /** The caller's tools, by whose names calls are told. */
  tools: () => Context["tools"]
}

/** The work of a try that decodes the answer into events. */
class Decoding implements Work<AssistantMessage> {
  readonly #out: MessageStream
  readonly #clock: Clock
  readonly #mint: Mint
  readonly #started: number
  readonly #observers: Watchers
  readonly #guards: Guards
  readonly #keep: DecodingParts["keep"]
  readonly #tools: DecodingParts["tools"]
  #losses: readonly Loss[] = []
  /** What the consumer has seen of a try that failed, and that no other has replaced yet. */
  #shown: MessageBuilder | undefined

  constructor({ out, clock, mint, started, observers, guards = {}, keep, tools }: DecodingParts) {
    this.#out = out
    this.#clock = clock
    this.#mint = mint
    this.#started = started
    this.#observers = observers
    this.#guards = guards
    this.#keep = keep
    this.#tools = tools
  }

  builder(route: Route | undefined, more: Pick<BuilderParts, "toError" | "toolNames"> = {}): MessageBuilder {
    // Ids are the mint's, time is the clock's: a program may replace either alone.
    const mint = { id: this.#mint.id, now: this.#clock.now }
    return builderFor(route?.model, { mint, started: this.#started, ...more })
  }

  /** The end of a call that failed. What was shown of an answer stays. */
  failed(
    route: Route | undefined,
    error: SluiceError,
    attempts: readonly AttemptRecord[],
  ): readonly AssistantMessageEvent[] {
    const builder = this.#shown ?? this.builder(route)
    const { message } = builder
    if (attempts.length > 0) message.attempts = attempts
    if (!this.#shown) {
      builder.finish(error)
      return builder.take()
    }
    message.stopReason = error.code === "aborted" ? "aborted" : "error"
    message.error = { ...error.toJSON(), delivered: "content" }
    // The ends of its blocks, which were held back like its own error; that is the call's now.
    const ends = builder.take().filter((event) => !isTerminal(event))
    return [...ends, { type: "error", reason: message.stopReason, error: message }]
  }

  request(call: Call, route: Route): WireRequest {
    const request = route.wire.encode(call)
    this.#losses = [
      ...(call.handedOver ?? []),
      ...request.losses,
      ...(route.endpoint.losses?.(request, call) ?? []),
      ...ownFieldLosses(call.options, route.model),
    ]
    if (call.options.strict) refuseLosses(this.#losses, route.model)
    return request
  }

  async read(exchange: Exchange, call: Call, route: Route, ctx: ReadContext): Promise<AssistantMessage> {
    const toolNames = ownNames(this.#tools(), route.wire.traits.toolName)
    const builder = this.builder(route, { toError: ctx.classify, toolNames })
    if (this.#losses.length > 0) builder.message.losses = this.#losses
    if (ctx.attempts.length > 0) builder.message.attempts = [...ctx.attempts]
    const reader = new ExchangeReader({
      wire: route.wire,
      endpoint: route.endpoint,
      call,
      head: exchange.head,
      builder,
      onFrame: this.#observer(route),
    })
    const { message } = builder
    const guard = this.#guard(ctx)
    let delivered: "content" | "final" | undefined
    const held: ReadContext = { ...ctx, delivered: (what) => (delivered = what) }
    const check = guard && (() => guard.check(message))
    const tell = quietly(this.#observers.onModeration, route)
    const reading = new Reading(exchange, reader, builder, held, this.#clock, this.#out, check, tell)
    const failure = await reading.run()
    builder.finish(failure)
    if (failure?.type === THINKING_LOOP) {
      guard?.cut(message)
      // What nobody has read can be made anew.
      if (!this.#out.watched) {
        this.#out.forget()
        throw failure
      }
    }
    if (delivered) ctx.delivered(delivered)
    if (!reading.released) {
      if (message.error) throw new SluiceError({ ...message.error, delivered: "nothing" }, { cause: failure?.cause })
      if (isEmpty(message) && !ctx.takesEmpty) throw ctx.classify({ is: "empty_response", inStream: true })
    } else if (message.error && ctx.restarts && delivered !== "final") {
      this.#shown = builder
      throw new SluiceError(message.error, { cause: failure?.cause })
    }
    if (this.#keep && !message.error) await this.#kept(message, ctx.signal)
    reading.release()
    ctx.used(message.usage, message.error && new SluiceError(message.error))
    if (!message.error) for (const { where, facts } of builder.remembered) ctx.remember(where, facts)
    return message
  }

  /** Has an answer kept before its end is told. That may fail, or take too long. */
  async #kept(message: AssistantMessage, signal: AbortSignal): Promise<void> {
    try {
      const keeping = this.#keep?.(message)
      if (keeping) await unlessLate(keeping, { ms: VAULT_MS, clock: this.#clock, signal })
    } catch {
      // The answer is there all the same.
    }
  }

  /** The guard of one try. The last one of a call that has met a loop goes without: something may come of it. */
  #guard(ctx: ReadContext): ThinkingLoopGuard | undefined {
    const { thinkingLoop } = this.#guards
    if (thinkingLoop === false) return undefined
    if (ctx.takesEmpty && ctx.attempts.some(({ error }) => error.type === THINKING_LOOP)) return undefined
    return new ThinkingLoopGuard(thinkingLoop)
  }

  #observer(route: Route): ((frame: Frame) => void) | undefined {
    const observe = quietly(this.#observers.onEvent, route)
    return (
      observe &&
      ((frame) => observe(frame.event === undefined ? { data: frame.data } : { event: frame.event, data: frame.data }))
    )
  }
}

/** Observers of what is read. */
interface Watchers {
  onEvent: Observers["onEvent"]
  onModeration: Observers["onModeration"]
}

/** An observer that cannot break a call. It may be asynchronous although nobody waits for it. */
function quietly<T>(
  observe: ((seen: T, model: Route["model"]) => unknown) | undefined,
  { model }: Route,
): ((seen: T) => void) | undefined {
  if (!observe) return undefined
  return (seen) => {
    try {
      const watched = observe(seen, model)
      if (watched instanceof Promise) watched.catch(() => {})
    } catch {
      // Nothing depends on it.
    }
  }
}

/** Whether an answer has nothing in it although the host calls it complete. Hidden thinking alone is no answer. */
function isEmpty(message: AssistantMessage): boolean {
  const { output = 0, reasoningTokens = 0 } = message.usage
  if (message.stopReason !== "stop" || message.stopDetails || output - reasoningTokens > 1) return false
  return message.content.every((block) =>
    block.type === "text" ? block.text === "" : block.type === "thinking" && block.thinking === "",
  )
}
