import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import type { SocketExchange } from "./socket-exchange.ts"

type Pending = { resolve(result: IteratorResult<Frame, undefined>): void; reject(error: unknown): void }

/** What a reading does to its socket. */
export interface ReadSocket {
  readonly open: boolean
  /** Reads on once the reader has caught up, and no further while it has not. */
  flow(): void
  /** The exchange ended well. */
  release(): void
  close(reason: string): void
}

/** One exchange of a socket as its reader sees it. */
export class SocketReading implements AsyncIterator<Frame, undefined> {
  readonly #socket: ReadSocket
  readonly #state: SocketExchange
  readonly #signal: AbortSignal
  #pending: Pending | undefined
  #over = false
  #reason: unknown

  constructor(socket: ReadSocket, state: SocketExchange, signal: AbortSignal) {
    this.#socket = socket
    this.#state = state
    this.#signal = signal
    signal.addEventListener("abort", this.#abort, { once: true })
  }

  next(): Promise<IteratorResult<Frame, undefined>> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
      this.wake()
    })
  }

  return(): Promise<IteratorResult<Frame, undefined>> {
    this.cancel(new SluiceError({ code: "aborted", message: "The reader left." }))
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Something may have come. */
  wake(): void {
    const pending = this.#pending
    if (!pending) return
    if (this.#over) {
      this.#pending = undefined
      if (this.#reason === undefined) pending.resolve({ done: true, value: undefined })
      else pending.reject(this.#reason)
      return
    }
    const taken = this.#state.take()
    if (!taken) return
    if ("frame" in taken) {
      this.#pending = undefined
      this.#socket.flow()
      pending.resolve({ done: false, value: taken.frame })
      return
    }
    this.#end(taken.failure)
  }

  /** Without a reason the socket is free for the next exchange, with one it is closed. */
  cancel(reason: unknown): void {
    if (this.#over) return
    const { open } = this.#socket
    this.#end(reason)
    if (reason !== undefined) this.#socket.close(wordFor(reason))
    else if (open) this.#socket.release()
    else this.#socket.close("closed")
  }

  readonly #abort = (): void => {
    if (this.#over) return
    this.#end(this.#signal.reason)
    this.#socket.close(wordFor(this.#signal.reason))
  }

  #end(reason: unknown): void {
    this.#over = true
    this.#reason = reason
    this.#signal.removeEventListener("abort", this.#abort)
    this.wake()
  }
}

/** What the peer is told: the code of an error, never its text. */
function wordFor(reason: unknown): string {
  return SluiceError.is(reason) ? reason.code : "aborted"
}
