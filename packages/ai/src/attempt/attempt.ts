import type { Usage } from "@sluice/catalog/core"
import type { Lease } from "../contract/credential.ts"
import type { HttpRequest } from "../contract/endpoint.ts"
import type { ChannelKind, Facts } from "../contract/frame.ts"
import type { Route, Work } from "../contract/route.ts"
import type { Channel, Exchange } from "../contract/transport.ts"
import type { Adaptation, Attempt, Call, WireRequest } from "../contract/wire-client.ts"
import { errorFacts, parseBody } from "../assemble/exchange-reader.ts"
import { createRedactor, type Redactor } from "../assemble/redact.ts"
import { serialise } from "../assemble/serialise.ts"
import { CODES, SluiceError, type Delivered } from "../model/errors.ts"
import type { AttemptRecord } from "../model/message.ts"
import { Budget } from "./budget.ts"
import { classify } from "./classify.ts"
import { sleep } from "./clock.ts"
import type { AttemptInput, AttemptOutcome } from "./input.ts"
import { keysOf } from "./known.ts"
import { resolveTimeouts, Watchdog } from "./watchdog.ts"

/** Most of an error body that is read, and how long. */
const ERROR_BODY_BYTES = 1024 * 1024
const ERROR_BODY_MS = 10_000

/**
 * Runs `work` over the routes until it succeeds or nothing more can be tried. The only retry loop there is.
 *
 * One try: acquire, open, encode, dress, sign, send, read; every try encodes anew. After a failure, in this order:
 * aborted or something delivered: it surfaces; the wire or endpoint knows what to leave out: again without it; the
 * credential is at fault: another one; waiting can help: wait within the budget; else the next route. The last
 * original error surfaces when there is none. Never rejects.
 */
export async function attempt<T>(
  routes: readonly Route[],
  input: AttemptInput,
  work: Work<T>,
): Promise<AttemptOutcome<T>> {
  const run = new Run(input, work)
  let outcome: { ok: true; value: T; route: Route } | { ok: false; error: SluiceError } | undefined
  for (let i = 0; i < routes.length; i++) {
    const route = routes[i] as Route
    const last = i === routes.length - 1
    const result = await run.route(route, last)
    if (result.ok) {
      outcome = { ...result, route }
      break
    }
    outcome = result
    if (last || !mayReroute(result.error)) break
    run.rerouted(route, result.error)
  }
  outcome ??= { ok: false, error: noRoute() }
  return { ...outcome, attempts: run.records }
}

const WITHOUT_CREDENTIAL: Lease = {
  credential: { kind: "none", id: "none", origin: "not needed" },
  observe: () => {},
  replace: async () => undefined,
  release: () => {},
}

function noRoute(): SluiceError {
  return new SluiceError({
    code: "config",
    message: "No route was given.",
    hint: "Pass at least one route or model.",
  })
}

/** Whether another model could do what this one could not. */
function mayReroute(error: SluiceError): boolean {
  if (error.delivered !== "nothing" || error.code === "aborted") return false
  return error.scope === "host" || error.scope === "model" || error.scope === "credential"
}

/** One call on its way through tries and routes. */
class Run<T> {
  readonly records: AttemptRecord[] = []
  readonly #input: AttemptInput
  readonly #work: Work<T>
  readonly #budget: Budget
  readonly #caller: AbortSignal

  constructor(input: AttemptInput, work: Work<T>) {
    this.#input = input
    this.#work = work
    this.#budget = new Budget(input.retry, input.random)
    this.#caller = input.signal ?? new AbortController().signal
  }

  rerouted(route: Route, error: SluiceError): void {
    this.#record(route, error, "rerouted")
    this.#budget.rerouted()
  }

  /** Tries one route until it succeeds or is given up. */
  async route(route: Route, last: boolean): Promise<{ ok: true; value: T } | { ok: false; error: SluiceError }> {
    let lease: Lease | undefined
    let released = true
    let outcome: { error?: SluiceError; usage?: Usage } = {}
    const past: Attempt[] = []
    try {
      lease = await this.#acquire(route)
      released = false
      for (;;) {
        const tried = await this.#try(route, lease, last)
        if (tried.ok) {
          outcome = tried.used
          return tried
        }
        const { error } = tried
        outcome = { error }
        if (error.code === "aborted" || error.delivered !== "nothing") return tried
        const adaptation = this.#adapt(route, tried.call, error, past)
        past.push({
          error,
          delivered: error.delivered,
          channel: tried.channel,
          ...(adaptation ? { change: adaptation.change } : {}),
        })
        if (adaptation) {
          this.#record(route, error, "adapted", { change: adaptation.change })
          if (adaptation.waitMs) await sleep(this.#input.clock, adaptation.waitMs, this.#caller)
          continue
        }
        const action = CODES[error.code].action
        if (action === "credential") {
          released = true
          const next = await this.#replace(lease, error)
          if (!next) return tried
          lease = next
          released = false
          this.#record(route, error, "credential")
          continue
        }
        if (!error.retryable) return tried
        const waitMs = this.#budget.waitFor(error)
        if (waitMs === undefined) {
          if (error.code !== "rate_limited" && error.code !== "concurrency_limited") return tried
          released = true
          const next = await this.#replace(lease, error)
          if (!next) return tried
          lease = next
          released = false
          this.#record(route, error, "credential")
          continue
        }
        this.#record(route, error, "waited", { waitedMs: waitMs })
        try {
          await sleep(this.#input.clock, waitMs, this.#caller)
        } catch {
          return { ok: false, error: aborted(this.#caller, route) }
        }
      }
    } catch (thrown) {
      const error = this.#asError(thrown, route)
      outcome = { error }
      return { ok: false, error }
    } finally {
      if (lease && !released) quietly(() => lease?.release(outcome))
    }
  }

  /** A host that needs no credential is asked without one when there is none. */
  async #acquire({ model, credentials }: Route): Promise<Lease> {
    const { sessionId } = this.#input.options
    try {
      return await credentials.acquire({
        provider: model.provider,
        model: model.id,
        signal: this.#caller,
        ...(sessionId === undefined ? {} : { sessionId }),
      })
    } catch (error) {
      if (model.compat.keyless && SluiceError.is(error) && error.code === "auth_missing") return WITHOUT_CREDENTIAL
      throw error
    }
  }

  /** One try. Never throws. */
  async #try(
    route: Route,
    lease: Lease,
    last: boolean,
  ): Promise<
    | { ok: true; value: T; used: { usage?: Usage; error?: SluiceError } }
    | { ok: false; error: SluiceError; call: Call | undefined; channel: ChannelKind }
  > {
    const input = this.#input
    this.#budget.tried()
    const controller = new AbortController()
    const { signal } = controller
    // Linked by hand: AbortSignal.any costs as much as the rest of a short exchange.
    const onAbort = (): void => controller.abort(this.#caller.reason)
    this.#caller.addEventListener("abort", onAbort, { once: true })
    if (this.#caller.aborted) onAbort()
    const limits = resolveTimeouts(input.timeouts, route.model.compat.timeouts)
    const watch = new Watchdog(input.clock, limits, (which, ms) => {
      controller.abort(
        new SluiceError({
          code: "timeout",
          message:
            which === "first-event"
              ? `The host sent no event within ${ms} ms.`
              : `The host sent nothing that brought the answer forward for ${ms} ms.`,
          hint: "Raise timeouts.firstEventMs or timeouts.idleMs if the host is known to be this slow; 0 switches a limit off.",
        }),
      )
    })
    let delivered: Delivered = "nothing"
    let used: { usage?: Usage; error?: SluiceError } = {}
    let call: Call | undefined
    let channel: Channel | undefined
    let exchange: Exchange | undefined
    try {
      channel = await route.transport.open(undefined, signal)
      call = this.#call(route, lease, channel)
      const request = this.#work.request(call, route)
      const http = await this.#dress(route, call, request, lease)
      watch.waiting()
      exchange = await channel.send(http, signal)
      watch.paused()
      const { head } = exchange
      quietly(() => lease.observe(head))
      await this.#observeResponse(route, exchange, lease)
      if (head.status >= 300) throw await this.#readError(route, exchange, signal)
      const value = await this.#work.read(exchange, call, route, {
        delivered: (what) => {
          delivered = what === "final" || delivered === "final" ? "final" : "content"
        },
        watch,
        signal,
        toError: (thrown) => this.#asError(thrown, route, controller.signal),
        used: (given, error) => {
          used = error ? { usage: given, error } : { usage: given }
        },
        remember: (where, facts) => this.#remember(route, channel, where, facts),
        attempts: this.records,
        takesEmpty: last && !this.#budget.repeatsEmpty,
      })
      exchange.cancel()
      return { ok: true, value, used }
    } catch (thrown) {
      const raised = this.#asError(thrown, route, controller.signal)
      // Some hosts repeat the key that they refuse.
      const error = raised.with({ delivered, message: redactorOf(lease).text(raised.message) })
      exchange?.cancel(error)
      return { ok: false, error, call, channel: channel?.kind ?? "http" }
    } finally {
      watch.stop()
      this.#caller.removeEventListener("abort", onAbort)
    }
  }

  #call(route: Route, lease: Lease, channel: Channel): Call {
    const { model, wire } = route
    const input = this.#input
    const { credential } = lease
    const handed = input.handoff(input.context, model, wire.traits)
    return Object.freeze({
      op: "generate" as const,
      model,
      options: input.options,
      context: handed.context,
      auth: {
        kind: credential.kind,
        ...(credential.accountId === undefined ? {} : { accountId: credential.accountId }),
      },
      stream: input.stream,
      known: this.#known(route),
      channel: { kind: channel.kind, memory: Object.fromEntries(channel.memory) },
      mint: input.mint,
      handedOver: handed.losses,
    })
  }

  #known(route: Route): Facts {
    const { known, options } = this.#input
    const keys = keysOf(route.model, options.sessionId)
    return keys.session ? { ...known.get(keys.host), ...known.get(keys.session) } : known.get(keys.host)
  }

  async #dress(route: Route, call: Call, request: WireRequest, lease: Lease): Promise<HttpRequest> {
    const { endpoint, model } = route
    const body =
      endpoint.body && !(request.body instanceof Uint8Array)
        ? endpoint.body(request.body, request.headers, call)
        : request.body
    const http = endpoint.dress({ ...request, body }, call, lease.credential)
    const { onPayload } = this.#input.observers
    if (onPayload) {
      const redactor = redactorOf(lease)
      const view = { url: redactor.url(http.url), headers: redactor.headers(http.headers), body }
      try {
        const replaced = await onPayload(view, model)
        if (replaced !== undefined) http.body = replaced instanceof Uint8Array ? replaced : serialise(replaced)
      } catch {
        // An observer cannot break a call.
      }
    }
    return endpoint.sign ? endpoint.sign(http, lease.credential, this.#input.clock.now()) : http
  }

  async #observeResponse(route: Route, { head }: Exchange, lease: Lease): Promise<void> {
    const { onResponse } = this.#input.observers
    if (!onResponse) return
    const requestId = head.headers.get("x-request-id") ?? head.headers.get("request-id")
    const headers = redactorOf(lease).headers(head.headers)
    try {
      await onResponse({ status: head.status, headers, ...(requestId === null ? {} : { requestId }) }, route.model)
    } catch {
      // An observer cannot break a call.
    }
  }

  /** The error of a response that is none; what is read of its body is bounded in size and time. */
  async #readError(route: Route, exchange: Exchange, signal: AbortSignal): Promise<SluiceError> {
    const { clock } = this.#input
    const timer = clock.setTimeout(() => exchange.cancel(), ERROR_BODY_MS)
    const decoder = new TextDecoder()
    let text = ""
    try {
      for await (const chunk of exchange.chunks) {
        if (!(chunk instanceof Uint8Array)) continue
        text += decoder.decode(chunk, { stream: true })
        if (text.length > ERROR_BODY_BYTES) break
      }
    } catch {
      // What came before the cut is all there is to report.
    } finally {
      clock.clearTimeout(timer)
    }
    if (signal.aborted && this.#caller.aborted) throw signal.reason
    const facts = errorFacts(route.wire, exchange.head, parseBody(text), clock.now())
    return classify(facts, { provider: route.model.provider, model: route.model.id })
  }

  #adapt(route: Route, call: Call | undefined, error: SluiceError, past: readonly Attempt[]): Adaptation | undefined {
    if (!call) return undefined
    const adaptation = route.endpoint.adapt?.(error, call, past) ?? route.wire.adapt?.(error, call, past)
    if (!adaptation || !this.#budget.mayAdapt()) return undefined
    if (adaptation.learn) {
      const keys = keysOf(route.model, this.#input.options.sessionId)
      const key = adaptation.learn.where === "session" ? (keys.session ?? keys.host) : keys.host
      this.#input.known.learn(key, adaptation.learn.facts)
    }
    return adaptation
  }

  #remember(route: Route, channel: Channel | undefined, where: "channel" | "session", facts: Facts): void {
    if (where === "channel") for (const [name, value] of Object.entries(facts)) channel?.memory.set(name, value)
    else {
      const keys = keysOf(route.model, this.#input.options.sessionId)
      this.#input.known.learn(keys.session ?? keys.host, facts)
    }
  }

  async #replace(lease: Lease, error: SluiceError): Promise<Lease | undefined> {
    if (!this.#budget.mayReplaceCredential()) {
      quietly(() => lease.release({ error }))
      return undefined
    }
    const next = await lease.replace(error, this.#caller)
    if (!next) quietly(() => lease.release({ error }))
    return next
  }

  #record(
    route: Route,
    error: SluiceError,
    action: AttemptRecord["action"],
    more: { change?: string; waitedMs?: number } = {},
  ): void {
    this.records.push({ provider: route.model.provider, model: route.model.id, error: error.toJSON(), action, ...more })
  }

  /** A caller's abort wins over everything; then what stopped this try; then what was thrown. */
  #asError(thrown: unknown, route: Route, local?: AbortSignal): SluiceError {
    if (this.#caller.aborted) return aborted(this.#caller, route)
    const cause: unknown = local?.aborted ? local.reason : thrown
    const where = { provider: route.model.provider, model: route.model.id }
    if (SluiceError.is(cause)) return cause.with({ ...where, ...definedOnly(cause) })
    const message = cause instanceof Error ? cause.message : String(cause)
    return new SluiceError(
      { code: "config", message: `The call failed before it was sent: ${message}`, ...where },
      { cause },
    )
  }
}

function definedOnly(error: SluiceError): { provider?: string; model?: string } {
  return {
    ...(error.provider === undefined ? {} : { provider: error.provider }),
    ...(error.model === undefined ? {} : { model: error.model }),
  }
}

function redactorOf({ credential }: Lease): Redactor {
  switch (credential.kind) {
    case "none":
      return createRedactor()
    case "aws":
      return createRedactor([credential.secretAccessKey, credential.sessionToken])
    default:
      return createRedactor([credential.secret])
  }
}

function aborted(signal: AbortSignal, route: Route): SluiceError {
  return new SluiceError(
    { code: "aborted", message: "The call was aborted.", provider: route.model.provider, model: route.model.id },
    { cause: signal.reason },
  )
}

function quietly(run: () => void): void {
  try {
    run()
  } catch {
    // A source's bookkeeping cannot break a call.
  }
}
