/** Tells a client that takes nothing from one that is slow. */
export class StallTimer {
  #timer: NodeJS.Timeout | undefined

  /**
   * Calls `over` once when nothing of what waits was taken for so long. Nothing may be added meanwhile.
   *
   * @param ms milliseconds; 0: for ever
   * @param waiting bytes that wait
   */
  start(ms: number, waiting: () => number, over: () => void): void {
    if (ms <= 0 || this.#timer) return
    let before = waiting()
    this.#timer = setInterval(() => {
      const now = waiting()
      if (now < before) {
        before = now
        return
      }
      this.stop()
      over()
    }, ms)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
