import type { Frame } from "@sluice/ai"
import { streamText, type StreamText } from "./stream-text.ts"

const encoder = new TextEncoder()

/** Where the answer to one request goes. Bytes go in as they come, and out as fast as the client takes them. */
export abstract class Reply {
  /** Status and headers have gone out. */
  started = false
  /** Bytes of a stream pass as they are; where not, only frames do. */
  readonly raw: boolean = true
  /** How frames are written; to be set before the first one. */
  text: StreamText = streamText("sse")
  /** How long a client may take nothing of what waits for it, in milliseconds; then it is let go. 0: for ever. */
  patience = 0
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #room: (() => void) | undefined

  /** Nothing can be written any more: the answer is complete, or the client has left. */
  get closed(): boolean {
    return this.#closed
  }

  /** Sends status and headers; the body follows in pieces. */
  start(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.started || this.#closed) return
    this.started = true
    this.begin(status, headers)
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return
    this.#timer?.refresh()
    this.piece(bytes)
  }

  /** Frames of a stream, in the framing that the client reads. */
  frames(frames: readonly Frame[]): void {
    this.write(encoder.encode(this.text.pieces(frames)))
  }

  /** The answer is complete, with `frames` as the last of it. */
  endWith(frames: readonly Frame[]): void {
    this.end(encoder.encode(this.text.pieces(frames) + this.text.end()))
  }

  /** The answer is complete, with `bytes` as the last of it. */
  end(bytes?: Uint8Array): void {
    if (this.#closed) return
    this.shut()
    this.finish(bytes)
  }

  /** A whole answer at once. */
  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): void {
    if (this.started || this.#closed) return
    this.started = true
    this.shut()
    this.whole(status, headers, body)
  }

  /** Writes a sign of life whenever nothing was written for `everyMs`; 0 switches it off. */
  keepAlive(everyMs: number, sign: () => Frame): void {
    if (everyMs <= 0 || this.#closed) return
    // Who has not read what is there needs no sign more.
    this.#timer = setInterval(() => this.full || this.frames([sign()]), everyMs)
    this.#timer.unref()
  }

  /** Whether the client is too far behind. */
  abstract get full(): boolean

  /** Resolves when the client has caught up or left. Nothing may be written until then. */
  room(): Promise<void> {
    if (!this.full) return Promise.resolve()
    this.guard()
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** Begins to watch a client that has to take what waits for it; one that takes nothing is let go, as if it had left. */
  protected abstract guard(): void

  /** The client has caught up, or it has left. */
  protected freed(): void {
    this.#room?.()
    this.#room = undefined
  }

  protected abstract begin(status: number, headers: Readonly<Record<string, string>>): void
  protected abstract piece(bytes: Uint8Array): void
  protected abstract finish(bytes?: Uint8Array): void
  protected abstract whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): void

  /** No further writing. */
  protected shut(): void {
    this.#closed = true
    if (this.#timer) clearInterval(this.#timer)
  }
}
