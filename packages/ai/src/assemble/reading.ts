import type { Clock } from "../contract/clock.ts"
import type { Effect } from "../contract/frame.ts"
import type { ReadContext } from "../contract/route.ts"
import type { Exchange } from "../contract/transport.ts"
import type { SluiceError } from "../model/errors.ts"
import type { AssistantMessageEvent } from "../model/events.ts"
import type { ExchangeReader } from "./exchange-reader.ts"
import type { MessageBuilder } from "./message-builder.ts"
import type { MessageStream } from "./message-stream.ts"

/**
 * The driver of one exchange: reads, decodes, hands a batch on, waits for room, reads again.
 *
 * Events are held until there is content, so that a try that fails before leaves no trace. The watchdogs run only
 * while the host is waited for.
 */
export class Reading {
  /** Events have reached the consumer. */
  released = false
  readonly #exchange: Exchange
  readonly #reader: ExchangeReader
  readonly #builder: MessageBuilder
  readonly #ctx: ReadContext
  readonly #clock: Clock
  readonly #out: MessageStream
  readonly #check: (() => void) | undefined
  readonly #onModeration: ((value: unknown) => void) | undefined
  readonly #held: AssistantMessageEvent[] = []
  #enough = false
  #timer: unknown
  #reject: ((reason: unknown) => void) | undefined

  /**
   * @param check looks at what has come after each read; what it throws ends the exchange
   * @param onModeration is given what a host's filter says beside the answer
   */
  constructor(
    exchange: Exchange,
    reader: ExchangeReader,
    builder: MessageBuilder,
    ctx: ReadContext,
    clock: Clock,
    out: MessageStream,
    check?: () => void,
    onModeration?: (value: unknown) => void,
  ) {
    this.#exchange = exchange
    this.#reader = reader
    this.#builder = builder
    this.#ctx = ctx
    this.#clock = clock
    this.#out = out
    this.#check = check
    this.#onModeration = onModeration
  }

  /** Reads to the end. Gives the failure that cut the exchange short, if one did; the builder is not finished yet then. */
  async run(): Promise<SluiceError | undefined> {
    const { signal, watch } = this.#ctx
    const onAbort = (): void => this.#reject?.(signal.reason)
    signal.addEventListener("abort", onAbort)
    try {
      const chunks = this.#exchange.chunks[Symbol.asyncIterator]()
      for (;;) {
        watch.waiting()
        const next = await this.#unlessAborted(chunks.next())
        watch.paused()
        if (next.done) break
        const effects = this.#reader.push(next.value)
        this.#handOn()
        if (this.#builder.failure || this.#finishes(effects)) break
        this.#check?.()
        if (this.#out.full) await this.#unlessAborted(this.#out.room())
      }
      if (!this.#builder.failure) this.#reader.end(this.#enough)
      return undefined
    } catch (thrown) {
      if (!this.#enough || signal.aborted) return this.#ctx.toError(thrown)
      this.#reader.end(true)
      return undefined
    } finally {
      watch.paused()
      if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
      signal.removeEventListener("abort", onAbort)
    }
  }

  /** Gives out what was held, and all that the builder has made since. */
  release(): void {
    this.released = true
    this.#handOn()
  }

  /** Waits, but not longer than until the abort: a source may ignore its signal. */
  #unlessAborted<T>(waited: Promise<T>): Promise<T> {
    if (this.#ctx.signal.aborted) return Promise.reject(this.#ctx.signal.reason)
    return new Promise((resolve, reject) => {
      this.#reject = reject
      waited.then(resolve, reject)
    })
  }

  #handOn(): void {
    const builder = this.#builder
    const { watch } = this.#ctx
    if (builder.progressed) {
      builder.progressed = false
      watch.progress()
    } else if (builder.pinged) watch.alive()
    builder.pinged = false
    const batch = builder.take()
    if (!this.released) {
      for (const event of batch) this.#held.push(event)
      if (!builder.content || builder.ended) return
      this.released = true
      this.#ctx.delivered("content")
      this.#out.push(this.#held.splice(0))
    } else {
      if (this.#held.length > 0) this.#out.push(this.#held.splice(0))
      this.#out.push(batch)
    }
    if (builder.final) this.#ctx.delivered("final")
  }

  #resume(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#enough = false
  }

  /** Whether the wire has enough; if it waits for late usage, the clock ends the wait. */
  #finishes(effects: readonly Effect[]): boolean {
    for (const effect of effects) {
      if (effect.do === "send") this.#exchange.send?.(effect.frame)
      else if (effect.do === "moderation") this.#onModeration?.(effect.value)
      else if (effect.do === "resume") this.#resume()
      if (effect.do !== "finish") continue
      this.#enough = true
      if (effect.withinMs <= 0) return true
      this.#timer ??= this.#clock.setTimeout(() => this.#reject?.(new Error("enough")), effect.withinMs)
    }
    return false
  }
}
