import type { Frame } from "../contract/frame.ts"
import type { SluiceError } from "../model/errors.ts"
import { closedByUs, inProgress, overflow, pongTimeout, socketClosed } from "./socket-errors.ts"

/** Limits of one kept socket. Times in milliseconds, 0 switches one off. */
export interface SocketLimits {
  pingIntervalMs: number
  pongTimeoutMs: number
  /** Frames that may wait for the reader. */
  queueCapacity: number
  /** Longest time since the last sign of the peer after which a socket is used once more. */
  maxIdleReuseMs: number
  /** How long a socket that nobody uses is kept. */
  maxIdleMs: number
}

/** What must be done to the socket. */
export type SocketAction = { do: "ping" } | { do: "close"; reason: string }

/** What a reader is given next: a frame, or the end, which stays the end. */
export type Taken = { frame: Frame } | { end: true; failure?: SluiceError }

/** Frames that wait before the socket is paused. */
const PAUSE_AT = 16

/** Codes of a closing that the peer meant (RFC 6455, section 7.4.1): a normal one, and one without a code. */
const PROPER: ReadonlySet<number> = new Set([1000, 1005])

/**
 * One socket and the exchanges that follow each other on it, without the socket: it is told what happened and when,
 * and says what to do. No I/O, no timers.
 *
 * An exchange gets the frames that came after its request, then one end, and nothing after that. What had arrived
 * before a failure is read before it, so an answer that is complete is not lost to a peer that closes in a hurry.
 */
export class SocketExchange {
  readonly #limits: SocketLimits
  #state: "connecting" | "open" | "over" = "connecting"
  #failure: SluiceError | undefined
  #active = false
  #queue: Frame[] = []
  #paused = false
  #lastSign = 0
  /** When the ping was sent that nothing has come after yet. */
  #unansweredSince: number | undefined
  #pingDue = 0
  #idleSince: number | undefined

  constructor(limits: SocketLimits) {
    this.#limits = limits
  }

  get state(): "connecting" | "open" | "over" {
    return this.#state
  }

  /** Why the socket ended, where it was no proper end. */
  get failure(): SluiceError | undefined {
    return this.#failure
  }

  /** Whether an exchange is under way, its end not yet read. */
  get active(): boolean {
    return this.#active
  }

  /** The reader is behind: nothing more should be read from the socket. */
  get paused(): boolean {
    return this.#paused
  }

  get waiting(): number {
    return this.#queue.length
  }

  opened(now: number): void {
    if (this.#state !== "connecting") return
    this.#state = "open"
    this.#lastSign = now
    this.#pingDue = now + this.#limits.pingIntervalMs
    this.#idleSince = now
  }

  /** A frame came. One that comes while nobody asks for anything belongs to an answer that is over. */
  frame(frame: Frame, now: number): SocketAction | undefined {
    if (this.#state !== "open") return undefined
    this.#sign(now)
    if (!this.#active) return undefined
    if (this.#queue.length >= this.#limits.queueCapacity) {
      this.#queue = []
      this.failed(overflow(this.#limits.queueCapacity))
      return { do: "close", reason: "queue-overflow" }
    }
    this.#queue.push(frame)
    if (this.#queue.length >= PAUSE_AT) this.#paused = true
    return undefined
  }

  /** A ping or a pong came. */
  alive(now: number): void {
    if (this.#state === "open") this.#sign(now)
  }

  /** The socket is closed. @param code as in RFC 6455; 1006 where no closing was agreed */
  closed(code: number, reason: string): void {
    if (this.#state === "over") return
    if (this.#state === "connecting" || !PROPER.has(code)) {
      this.failed(socketClosed(code, reason, this.#state === "connecting"))
    } else this.#over()
  }

  /** The first failure counts. It comes behind the frames that are there. */
  failed(error: SluiceError): void {
    if (this.#state === "over") return
    this.#failure = error
    this.#over()
  }

  /** To be called now and then. Only one ping is under way at a time, so that its age tells for how long nothing came. */
  tick(now: number): SocketAction | undefined {
    // What waits in a paused socket is not seen, so silence says nothing.
    if (this.#state !== "open" || this.#paused) return undefined
    const { pingIntervalMs, pongTimeoutMs, maxIdleMs } = this.#limits
    if (maxIdleMs > 0 && this.#idleSince !== undefined && now - this.#idleSince >= maxIdleMs) {
      this.failed(closedByUs("idle"))
      return { do: "close", reason: "idle" }
    }
    const since = this.#unansweredSince
    if (since !== undefined && pongTimeoutMs > 0 && now - since > pongTimeoutMs) {
      this.failed(pongTimeout(pongTimeoutMs))
      return { do: "close", reason: "pong-timeout" }
    }
    if (pingIntervalMs === 0 || since !== undefined || now < this.#pingDue) return undefined
    this.#unansweredSince = now
    this.#pingDue = now + pingIntervalMs
    return { do: "ping" }
  }

  /** Why a kept socket must not be used again; `undefined` where it may be. */
  unfit(now: number): "stale-reuse" | "closed" | undefined {
    if (this.#state !== "open") return "closed"
    const { maxIdleReuseMs } = this.#limits
    return maxIdleReuseMs > 0 && now - this.#lastSign > maxIdleReuseMs ? "stale-reuse" : undefined
  }

  /** Somebody has it from now on: it is not idle. */
  taken(): void {
    this.#idleSince = undefined
  }

  /**
   * A request is about to be sent. What was left of the one before is dropped; a failure stays.
   * @throws SluiceError `network` when the socket is not open, `concurrency_limited` when an exchange is under way
   */
  begin(): void {
    if (this.#active) throw inProgress()
    if (this.#state !== "open") throw this.#failure ?? socketClosed(1000, "", this.#state === "connecting")
    this.#queue = []
    this.#active = true
  }

  /** What comes next for the reader; `undefined` while there is nothing. */
  take(): Taken | undefined {
    const frame = this.#active ? this.#queue.shift() : undefined
    if (frame) {
      if (this.#queue.length === 0) this.#resume()
      return { frame }
    }
    if (this.#active && this.#state !== "over") return undefined
    this.#active = false
    return this.#failure ? { end: true, failure: this.#failure } : { end: true }
  }

  /** The reader has enough; the socket is free for the next exchange. */
  finish(now: number): void {
    this.#active = false
    this.#queue = []
    this.#resume()
    this.#idleSince = now
  }

  #sign(now: number): void {
    this.#lastSign = now
    this.#unansweredSince = undefined
  }

  #over(): void {
    this.#state = "over"
    this.#paused = false
  }

  /** A ping whose answer may have been held up by ourselves counts no more. */
  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#unansweredSince = undefined
  }
}
