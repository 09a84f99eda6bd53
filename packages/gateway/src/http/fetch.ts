import { SluiceError } from "@sluice/ai"
import { tooLarge } from "../inbound/too-large.ts"
import type { Caller } from "./caller.ts"
import { clientLeft } from "./left.ts"
import { Reply } from "./reply.ts"
import { StallTimer } from "./stall-timer.ts"

/** Bytes that may wait for a slow client before the host is no longer read. */
const HIGH_WATER_BYTES = 256 * 1024

/** A web-standard request; the client has also left when it stops reading the answer. */
export function fetchCaller(request: Request, reply: FetchReply): Caller {
  return {
    headers: request.headers,
    query: new URL(request.url).searchParams,
    body: (maxBytes) => readBody(request, maxBytes),
    onLeave(run) {
      if (request.signal.aborted) run()
      request.signal.addEventListener("abort", run, { once: true })
      reply.onCancel = run
      return () => request.signal.removeEventListener("abort", run)
    },
  }
}

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array(0)
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
      size += part.length
      if (size > maxBytes) throw tooLarge(maxBytes)
      parts.push(part)
    }
  } catch (error) {
    throw SluiceError.is(error) ? error : clientLeft(error)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** Answers with a web-standard response. */
export class FetchReply extends Reply {
  readonly response: Promise<Response>
  #resolve!: (response: Response) => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  readonly #stall = new StallTimer()
  /** Called when the reader of the body leaves before its end. */
  onCancel: (() => void) | undefined

  constructor() {
    super()
    this.response = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get full(): boolean {
    return !this.closed && (this.#controller?.desiredSize ?? 1) <= 0
  }

  protected guard(): void {
    const waiting = (): number => HIGH_WATER_BYTES - (this.#controller?.desiredSize ?? HIGH_WATER_BYTES)
    this.#stall.start(this.patience, waiting, () => {
      this.shut()
      this.#controller?.error(clientLeft())
      this.freed()
      this.onCancel?.()
    })
  }

  protected override freed(): void {
    this.#stall.stop()
    super.freed()
  }

  protected begin(status: number, headers: Readonly<Record<string, string>>): void {
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.freed(),
        cancel: () => {
          this.shut()
          this.freed()
          this.onCancel?.()
        },
      },
      { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength },
    )
    this.#resolve(new Response(readable, { status, headers }))
  }

  protected piece(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes)
  }

  protected finish(bytes?: Uint8Array): void {
    if (bytes?.length) this.piece(bytes)
    this.freed()
    this.#controller?.close()
  }

  protected whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): void {
    this.#resolve(new Response(new Uint8Array(body), { status, headers }))
  }
}
