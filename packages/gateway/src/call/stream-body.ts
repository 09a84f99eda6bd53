/** Bytes that may wait for a slow client before the host is no longer read. */
const HIGH_WATER_BYTES = 256 * 1024

/**
 * The body of a streamed response: bytes go in as they come, and out as fast as the client takes them.
 * After a silence a sign of life is written.
 */
export class StreamBody {
  /** What the response is made with. */
  readonly readable: ReadableStream<Uint8Array>
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #closed = false
  #room: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param onCancel called when the client left before the end */
  constructor(onCancel: () => void) {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.#room?.()
          this.#room = undefined
        },
        cancel: () => {
          this.#shut()
          onCancel()
        },
      },
      { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength },
    )
  }

  /** Writes `bytes()` whenever nothing was written for `everyMs`; 0 switches it off. */
  keepAlive(everyMs: number, bytes: () => Uint8Array): void {
    if (everyMs <= 0 || this.#closed) return
    this.#timer = setInterval(() => this.write(bytes()), everyMs)
    this.#timer.unref()
  }

  /** Whether the client is too far behind. */
  get full(): boolean {
    return !this.#closed && (this.#controller.desiredSize ?? 0) <= 0
  }

  /** Resolves when the client has caught up or left. */
  room(): Promise<void> {
    if (!this.full) return Promise.resolve()
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return
    this.#timer?.refresh()
    this.#controller.enqueue(bytes)
  }

  end(): void {
    if (this.#closed) return
    this.#shut()
    this.#controller.close()
  }

  #shut(): void {
    this.#closed = true
    if (this.#timer) clearInterval(this.#timer)
    this.#room?.()
    this.#room = undefined
  }
}
