import { SluiceError, Waits } from "@sluice/ai"

/** Work that several callers wait for. Each can stop waiting on its own; the work itself is nobody's to stop. */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>
  readonly #boundMs: number
  readonly #abandon: boolean
  #running: { outcome: Promise<T>; controller: AbortController; waiting: number } | undefined

  /**
   * @param boundMs longest time that the work may take
   * @param abandon end the work when the last caller has stopped waiting; else it goes on for those who come next
   */
  constructor(work: (signal: AbortSignal) => Promise<T>, { boundMs, abandon }: { boundMs: number; abandon: boolean }) {
    this.#work = work
    this.#boundMs = boundMs
    this.#abandon = abandon
  }

  /** Waits for the work that is under way, or begins it. */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const running = (this.#running ??= this.#begin())
    running.waiting++
    const waits = signal && new Waits(signal)
    try {
      return await (waits ? waits.until(running.outcome) : running.outcome)
    } finally {
      waits?.end()
      running.waiting--
      if (this.#abandon && running.waiting === 0 && this.#running === running) {
        running.controller.abort(signal?.reason)
        this.#running = undefined
      }
    }
  }

  #begin(): { outcome: Promise<T>; controller: AbortController; waiting: number } {
    const controller = new AbortController()
    const bound = AbortSignal.timeout(this.#boundMs)
    const outcome = this.#work(AbortSignal.any([controller.signal, bound])).catch((error: unknown) => {
      if (!bound.aborted || SluiceError.is(error)) throw error
      throw new SluiceError(
        {
          code: "timeout",
          message: `A credential was not to be had within ${this.#boundMs} ms.`,
          hint: "Try again; if it stays so, check the network and the programs that give credentials out.",
        },
        { cause: error },
      )
    })
    const running = { outcome, controller, waiting: 0 }
    const over = (): void => {
      if (this.#running === running) this.#running = undefined
    }
    // Whoever waits is told of a failure; where nobody does, there is nobody to tell.
    outcome.then(over, over)
    return running
  }
}
