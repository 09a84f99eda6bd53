import type { Frame, WireSocket } from "@sluice/ai"
import type { WebSocket } from "ws"
import { Reply } from "../http/reply.ts"
import { StallTimer } from "../http/stall-timer.ts"

/** Bytes that may wait for a slow client before the host is no longer read. */
const HIGH_WATER_BYTES = 256 * 1024

const decoder = new TextDecoder()

/** What an answer on a connection is written with. */
export interface SocketReplyParts {
  /** A refusal as a message. */
  refusal: WireSocket["refusal"]
  /** Called once, when nothing more will be said. */
  ended(): void
}

/** Answers one request of a connection: each frame is a message, and so is a refusal. */
export class SocketReply extends Reply {
  override readonly raw = false
  readonly #socket: WebSocket
  readonly #parts: SocketReplyParts
  readonly #stall = new StallTimer()
  #pings: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, parts: SocketReplyParts) {
    super()
    this.#socket = socket
    this.#parts = parts
    socket.once("close", this.#onClose)
  }

  override frames(frames: readonly Frame[]): void {
    for (const { data } of frames) {
      // A sign of life: the connection has its own.
      if (data.length === 0 || this.closed) continue
      this.#send(typeof data === "string" ? data : decoder.decode(data))
    }
  }

  override endWith(frames: readonly Frame[]): void {
    this.frames(frames)
    this.end()
  }

  override keepAlive(everyMs: number): void {
    if (everyMs <= 0 || this.closed) return
    this.#pings = setInterval(() => this.#socket.ping(), everyMs).unref()
  }

  get full(): boolean {
    return !this.closed && this.#socket.bufferedAmount >= HIGH_WATER_BYTES
  }

  protected guard(): void {
    this.#stall.start(
      this.patience,
      () => this.#socket.bufferedAmount,
      () => this.#socket.terminate(),
    )
  }

  protected override freed(): void {
    this.#stall.stop()
    super.freed()
  }

  protected begin(): void {
    // There is no status on a connection that is open.
  }

  protected piece(bytes: Uint8Array): void {
    this.#send(decoder.decode(bytes))
  }

  protected finish(bytes?: Uint8Array): void {
    if (bytes?.length) this.piece(bytes)
    this.#end()
  }

  protected whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): void {
    const text = decoder.decode(body)
    const refused = status >= 400
    this.#send(refused ? JSON.stringify(this.#parts.refusal({ status, headers, body: JSON.parse(text) })) : text)
    this.#end()
  }

  #send(text: string): void {
    this.#socket.send(text, () => {
      if (!this.full) this.freed()
    })
  }

  readonly #onClose = (): void => {
    this.shut()
    this.#end()
  }

  #end(): void {
    this.#socket.off("close", this.#onClose)
    clearInterval(this.#pings)
    this.freed()
    this.#parts.ended()
  }
}
