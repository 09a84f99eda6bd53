/** Milliseconds from the first thing that is to be written to the writing. */
const EVERY_MS = 200

/**
 * When the stores write what they have gathered, so that no answer waits for the disk: soon after one of them says
 * that it has something, all at once, and one after the other. The only timer of the stores.
 */
export class WriteRhythm {
  readonly #everyMs: number
  readonly #jobs: (() => Promise<void>)[] = []
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(everyMs: number = EVERY_MS) {
    this.#everyMs = everyMs
  }

  /** Takes part from now on. `write` must not throw. */
  join(write: () => Promise<void>): void {
    this.#jobs.push(write)
  }

  /** There is something to write. */
  due(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#everyMs).unref()
  }

  /** Resolves when all that is there now is written. */
  flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running = this.#running.then(async () => {
      for (const write of this.#jobs) await write()
    })
    return this.#running
  }
}
