import type { Usage } from "@sluice/catalog/core"
import type { Lease } from "../contract/credential.ts"
import type { Facts } from "../contract/frame.ts"
import type { Route, Work } from "../contract/route.ts"
import type { Channel } from "../contract/transport.ts"
import type { Adaptation, Attempt, Call } from "../contract/wire-client.ts"
import { CODES, SluiceError, type ErrorCode } from "../model/errors.ts"
import type { AttemptRecord } from "../model/message.ts"
import { Budget } from "./budget.ts"
import { sleep } from "./sleep.ts"
import type { AttemptInput, AttemptOutcome } from "./input.ts"
import { accountOf, keysOf } from "./known.ts"
import { aborted, asError, quietly, tryOnce } from "./try.ts"
import { unlessAborted } from "./unless-aborted.ts"

type Keys = ReturnType<typeof keysOf>
type RouteOutcome<T> = { ok: true; value: T } | { ok: false; error: SluiceError }

/** Limits of an account rather than of the host: where waiting is no help, another account may be. */
const ACCOUNT_MAY_HELP: ReadonlySet<ErrorCode> = new Set(["rate_limited", "concurrency_limited"])

/**
 * Runs `work` over the routes until it succeeds or nothing more can be tried. The only retry loop there is.
 *
 * Every try encodes anew. After a failure, in this order: aborted, or something delivered that may not be made anew: it
 * surfaces; the wire or endpoint knows what to leave out: again without it; the credential is at fault: another one;
 * waiting can help: wait within the budget; else the next route. The last original error surfaces when there is none.
 * Never rejects.
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
    if (last || !run.mayReroute(result.error)) break
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

/** One call on its way through tries and routes. */
class Run<T> {
  readonly records: AttemptRecord[] = []
  readonly #input: AttemptInput
  readonly #work: Work<T>
  readonly #budget: Budget
  readonly #caller: AbortSignal
  /** What was learned within this call and is nobody else's: it has no session to keep it in. */
  #own: Facts = {}

  constructor(input: AttemptInput, work: Work<T>) {
    this.#input = input
    this.#work = work
    this.#budget = new Budget(input.retry, input.random)
    this.#caller = input.signal ?? new AbortController().signal
  }

  rerouted(route: Route, error: SluiceError): void {
    this.#record(route, error, "rerouted")
    this.#budget.rerouted()
    this.#own = {}
  }

  /** Tries one route until it succeeds or is given up. */
  async route(route: Route, last: boolean): Promise<RouteOutcome<T>> {
    let lease: Lease | undefined
    let outcome: { error?: SluiceError; usage?: Usage } = {}
    const past: Attempt[] = []
    let plain = false
    const { retry } = route.endpoint
    this.#budget.over(typeof retry === "function" ? retry(route.model) : retry)
    try {
      lease = await this.#acquire(route)
      for (;;) {
        this.#budget.tried()
        const keys = this.#keys(route, lease)
        const tried = await tryOnce({
          input: this.#input,
          work: this.#work,
          route,
          lease,
          caller: this.#caller,
          known: this.#known(keys),
          attempts: this.records,
          takesEmpty: last && !this.#budget.repeatsEmpty,
          plain,
          remember: (channel, where, facts) => this.#remember(keys, channel, where, facts),
        })
        if (tried.ok) {
          outcome = tried.used
          return tried
        }
        const { error } = tried
        outcome = { error }
        if (error.code === "aborted" || !this.#mayRepeat(error)) return tried
        const adaptation = this.#adapt(route, keys, tried.call, error, past)
        const change = adaptation ? { change: adaptation.change } : {}
        past.push({ error, delivered: error.delivered, channel: tried.channel, ...change })
        if (adaptation) {
          this.#record(route, error, "adapted", change)
          plain ||= adaptation.channel === "http"
          if (adaptation.waitMs) await sleep(this.#input.clock, adaptation.waitMs, this.#caller)
          continue
        }
        const waitMs = this.#waitFor(error)
        if (waitMs !== undefined) {
          this.#record(route, error, "waited", { waitedMs: waitMs })
          await sleep(this.#input.clock, waitMs, this.#caller)
          continue
        }
        if (CODES[error.code].action !== "credential" && !ACCOUNT_MAY_HELP.has(error.code)) return tried
        if (!this.#budget.mayReplaceCredential()) return tried
        const next: Lease | undefined = await lease.replace(error, this.#caller)
        if (!next) return tried
        // Giving another lease has ended this one.
        lease = next
        this.#record(route, error, "credential")
      }
    } catch (thrown) {
      const error = this.#caller.aborted
        ? aborted(this.#caller, route)
        : asError(thrown, route, { caller: this.#caller })
      outcome = { error }
      return { ok: false, error }
    } finally {
      const held = lease
      if (held) quietly(() => held.release(outcome))
    }
  }

  /** Whether another model could do what this one could not. */
  mayReroute(error: SluiceError): boolean {
    if (!this.#mayRepeat(error) || error.code === "aborted") return false
    return error.scope === "host" || error.scope === "model" || error.scope === "credential"
  }

  /** Whether another try would repeat nothing that the consumer cannot take back. */
  #mayRepeat({ delivered }: SluiceError): boolean {
    return delivered === "nothing" || (delivered === "content" && this.#input.restarts === true)
  }

  /** How long to wait before the same request is sent again; `undefined` when that is no help or not allowed. */
  #waitFor(error: SluiceError): number | undefined {
    if (!error.retryable || CODES[error.code].action === "credential") return undefined
    return this.#budget.waitFor(error)
  }

  /** A host that needs no credential is asked without one when there is none. */
  async #acquire({ model, credentials }: Route): Promise<Lease> {
    const { sessionId } = this.#input.options
    const need = {
      provider: model.provider,
      model: model.id,
      signal: this.#caller,
      ...(sessionId === undefined ? {} : { sessionId }),
    }
    try {
      return await unlessAborted(credentials.acquire(need), this.#caller, (late) => late.release({}))
    } catch (error) {
      if (model.compat.keyless && SluiceError.is(error) && error.code === "auth_missing") return WITHOUT_CREDENTIAL
      throw error
    }
  }

  #keys({ model }: Route, { credential }: Lease): Keys {
    return keysOf({ model, sessionId: this.#input.options.sessionId, account: accountOf(credential) })
  }

  #known(keys: Keys): Facts {
    const { known } = this.#input
    return { ...known.get(keys.host), ...(keys.session ? known.get(keys.session) : {}), ...this.#own }
  }

  /** What to change before another try. A request of fixed bytes cannot be changed. */
  #adapt(
    route: Route,
    keys: Keys,
    call: Call | undefined,
    error: SluiceError,
    past: readonly Attempt[],
  ): Adaptation | undefined {
    if (!call || this.#work.fixed) return undefined
    const adaptation = route.endpoint.adapt?.(error, call, past) ?? route.wire.adapt?.(error, call, past)
    if (!adaptation || !this.#budget.mayAdapt(adaptation)) return undefined
    if (adaptation.learn) this.#learn(keys, adaptation.learn.where, adaptation.learn.facts)
    return adaptation
  }

  #learn(keys: Keys, where: "host" | "session", facts: Facts): void {
    const { known } = this.#input
    const key = where === "host" ? keys.host : keys.session
    if (key === undefined) this.#own = { ...this.#own, ...facts }
    else known.learn(key, facts)
  }

  #remember(keys: Keys, channel: Channel | undefined, where: "channel" | "session", facts: Facts): void {
    if (where === "session") this.#learn(keys, "session", facts)
    else for (const [name, value] of Object.entries(facts)) channel?.memory.set(name, value)
  }

  #record(
    route: Route,
    error: SluiceError,
    action: AttemptRecord["action"],
    more: { change?: string; waitedMs?: number } = {},
  ): void {
    this.records.push({ provider: route.model.provider, model: route.model.id, error: error.toJSON(), action, ...more })
  }
}
