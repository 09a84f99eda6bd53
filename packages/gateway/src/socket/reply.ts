import type { Frame } from "@sluice/ai"
import type { WebSocket } from "ws"
import { Reply } from "../http/reply.ts"

/** Bytes that may wait for a slow client before the host is no longer read. */
const HIGH_WATER_BYTES = 256 * 1024

const decoder = new TextDecoder()

/** Answers one request of a connection: each frame is a message; a refusal is one message of the type `error`. */
export class SocketReply extends Reply {
  override readonly raw = false
  readonly #socket: WebSocket
  readonly #ended: () => void
  #room: (() => void) | undefined
  #pings: NodeJS.Timeout | undefined

  /** @param ended called once, when nothing more will be said */
  constructor(socket: WebSocket, ended: () => void) {
    super()
    this.#socket = socket
    this.#ended = ended
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

  room(): Promise<void> {
    if (!this.full) return Promise.resolve()
    return new Promise((resolve) => {
      this.#room = resolve
    })
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
    const document = JSON.parse(decoder.decode(body)) as Record<string, unknown>
    this.#send(JSON.stringify({ type: "error", status, ...document, headers }))
    this.#end()
  }

  #send(text: string): void {
    this.#socket.send(text, () => {
      if (!this.full) this.#freed()
    })
  }

  readonly #onClose = (): void => {
    this.shut()
    this.#end()
  }

  #end(): void {
    this.#socket.off("close", this.#onClose)
    clearInterval(this.#pings)
    this.#freed()
    this.#ended()
  }

  #freed(): void {
    this.#room?.()
    this.#room = undefined
  }
}
