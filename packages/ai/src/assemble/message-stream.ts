import { SluiceError } from "../model/errors.ts"
import { isTerminal, type AssistantMessageEvent } from "../model/events.ts"
import type { AssistantMessage, Block } from "../model/message.ts"

/** Events a slow consumer may be behind before the host is no longer read. */
const HIGH_WATER = 512

type Waiter = (result: IteratorResult<AssistantMessageEvent, undefined>) => void

/** One consumer's place in the stream. */
class Subscription implements AsyncIterator<AssistantMessageEvent, undefined> {
  readonly #stream: MessageStream
  #events: AssistantMessageEvent[] = []
  /** The list is a batch as it came, which others read too: it is copied before it is added to. */
  #shared = false
  #at = 0
  /** Calls of `next` without an event yet, in order. */
  readonly #waiters: Waiter[] = []
  #closed = false

  constructor(stream: MessageStream, past: readonly AssistantMessageEvent[]) {
    this.#stream = stream
    this.#events.push(...past)
  }

  get behind(): number {
    return this.#events.length - this.#at
  }

  push(batch: readonly AssistantMessageEvent[]): void {
    if (this.#closed) return
    if (this.#at === this.#events.length) {
      this.#events = batch as AssistantMessageEvent[]
      this.#shared = true
      this.#at = 0
    } else {
      if (this.#shared) this.#events = this.#events.slice()
      this.#shared = false
      for (const event of batch) this.#events.push(event)
    }
    while (this.#waiters.length > 0 && this.#at < this.#events.length) {
      const waiter = this.#waiters.shift() as Waiter
      waiter(this.#take())
    }
  }

  next(): Promise<IteratorResult<AssistantMessageEvent, undefined>> {
    if (this.#at < this.#events.length) return Promise.resolve(this.#take())
    if (this.#closed) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
    })
  }

  /** All events that are there, or the next ones; empty at the end. */
  async nextBatch(): Promise<readonly AssistantMessageEvent[]> {
    const first = await this.next()
    if (first.done) return []
    const batch = [first.value]
    while (this.#at < this.#events.length) batch.push(this.#take().value as AssistantMessageEvent)
    return batch
  }

  return(): Promise<IteratorResult<AssistantMessageEvent, undefined>> {
    this.#close()
    this.#stream.left(this)
    return Promise.resolve({ done: true, value: undefined })
  }

  #take(): IteratorResult<AssistantMessageEvent, undefined> {
    const value = this.#events[this.#at++] as AssistantMessageEvent
    if (this.#at === this.#events.length) this.#caughtUp(value)
    return { done: false, value }
  }

  /** Nothing is left; behind a terminal event, which is the last one, nothing comes. */
  #caughtUp(last: AssistantMessageEvent): void {
    if (isTerminal(last)) return this.#close()
    this.#events = []
    this.#at = 0
    this.#stream.drained()
  }

  #close(): void {
    this.#closed = true
    this.#events = []
    this.#at = 0
    for (const waiter of this.#waiters.splice(0)) waiter({ done: true, value: undefined })
    this.#stream.drained()
  }
}

/**
 * An answer in the making: an async iterable of events, and a promise of the message.
 *
 * Iterating never throws, and `result()` never rejects: a failure is an `error` event and a message with `error`.
 * Only an attached iterator slows the host down; `result()` alone lets it run. Leaving the loop aborts the call.
 * An iterator that is attached late is first given what there is so far, as whole blocks.
 */
export class MessageStream implements AsyncIterable<AssistantMessageEvent> {
  readonly #subscriptions = new Set<Subscription>()
  readonly #abort: () => void
  readonly #settled: Promise<AssistantMessage>
  #settle!: (message: AssistantMessage) => void
  #room: (() => void) | undefined
  #partial: AssistantMessage | undefined
  #terminal: AssistantMessageEvent | undefined
  readonly #ended = new Set<number>()
  readonly #arguments = new Map<number, string>()

  /** @param abort called when the last consumer left before the end */
  constructor(abort: () => void) {
    this.#abort = abort
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** The message: complete, failed or aborted. */
  result(): Promise<AssistantMessage> {
    return this.#settled
  }

  /** The answer's text. @throws SluiceError when the answer failed or was aborted */
  async text(): Promise<string> {
    const message = await this.#settled
    if (message.error) throw new SluiceError(message.error)
    return message.content.map((block) => (block.type === "text" ? block.text : "")).join("")
  }

  /**
   * The events in batches: all that came since the last one was taken, for consumers that write many at once.
   * Returning early aborts the call, as leaving the loop does.
   */
  batches(): AsyncIterableIterator<readonly AssistantMessageEvent[], undefined> {
    const subscription = this.#subscribe()
    return {
      async next() {
        const value = await subscription.nextBatch()
        return value.length === 0 ? { done: true, value: undefined } : { done: false, value }
      },
      async return() {
        await subscription.return()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<AssistantMessageEvent, undefined> {
    return this.#subscribe()
  }

  #subscribe(): Subscription {
    const subscription = new Subscription(this, this.#replay())
    if (!this.#terminal) this.#subscriptions.add(subscription)
    return subscription
  }

  /** Whether somebody reads the events as they come. */
  get watched(): boolean {
    return this.#subscriptions.size > 0
  }

  /** Forgets what nobody has read, before another try makes it anew. For the driver. */
  forget(): void {
    this.#partial = undefined
  }

  /** Hands a batch on to the consumers. For the driver. */
  push(batch: readonly AssistantMessageEvent[]): void {
    if (this.#terminal || batch.length === 0) return
    const last = batch[batch.length - 1] as AssistantMessageEvent
    if (isTerminal(last)) this.#terminal = last
    else this.#partial = last.partial
    for (const event of batch) if (event.type !== "text_delta" && event.type !== "thinking_delta") this.#note(event)
    for (const subscription of this.#subscriptions) subscription.push(batch)
    if (!this.#terminal) return
    this.#subscriptions.clear()
    this.drained()
    this.#settle(last.type === "done" ? last.message : (last as { error: AssistantMessage }).error)
  }

  /** Whether a consumer is too far behind. For the driver. */
  get full(): boolean {
    for (const subscription of this.#subscriptions) if (subscription.behind >= HIGH_WATER) return true
    return false
  }

  /** Resolves when the consumers have caught up or left. For the driver. */
  room(): Promise<void> {
    if (!this.full) return Promise.resolve()
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** A subscription has caught up. */
  drained(): void {
    if (!this.#room || this.full) return
    const room = this.#room
    this.#room = undefined
    room()
  }

  /** A subscription ended before the stream did. */
  left(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return
    this.drained()
    if (this.#subscriptions.size === 0 && !this.#terminal) this.#abort()
  }

  /** Keeps what a late iterator cannot read off the message: which blocks have ended, and the text of arguments. */
  #note(event: AssistantMessageEvent): void {
    switch (event.type) {
      case "start":
        this.#ended.clear()
        this.#arguments.clear()
        break
      case "toolcall_delta":
        this.#arguments.set(event.contentIndex, (this.#arguments.get(event.contentIndex) ?? "") + event.delta)
        break
      case "text_end":
      case "thinking_end":
      case "toolcall_end":
        this.#ended.add(event.contentIndex)
    }
  }

  /** What has happened so far, as events of whole blocks. */
  #replay(): AssistantMessageEvent[] {
    const terminal = this.#terminal
    const partial = terminal
      ? terminal.type === "done"
        ? terminal.message
        : (terminal as { error: AssistantMessage }).error
      : this.#partial
    if (!partial) return []
    const events: AssistantMessageEvent[] = [{ type: "start", partial }]
    partial.content.forEach((block, contentIndex) => {
      rebuild(events, block, contentIndex, partial, this.#arguments.get(contentIndex), this.#ended.has(contentIndex))
    })
    if (terminal) events.push(terminal)
    return events
  }
}

function rebuild(
  events: AssistantMessageEvent[],
  block: Block,
  contentIndex: number,
  partial: AssistantMessage,
  args: string | undefined,
  ended: boolean,
): void {
  switch (block.type) {
    case "text":
      events.push({ type: "text_start", contentIndex, partial })
      if (block.text) events.push({ type: "text_delta", contentIndex, delta: block.text, partial })
      if (ended) events.push({ type: "text_end", contentIndex, content: block.text, partial })
      break
    case "thinking":
      events.push({ type: "thinking_start", contentIndex, partial })
      if (block.thinking) events.push({ type: "thinking_delta", contentIndex, delta: block.thinking, partial })
      if (ended) events.push({ type: "thinking_end", contentIndex, content: block.thinking, partial })
      break
    case "toolCall":
      events.push({ type: "toolcall_start", contentIndex, partial })
      if (args) events.push({ type: "toolcall_delta", contentIndex, delta: args, partial })
      if (ended) events.push({ type: "toolcall_end", contentIndex, toolCall: block, partial })
      break
    default:
      events.push({ type: "block_end", contentIndex, block, partial })
  }
}
