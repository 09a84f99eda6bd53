import type { Output } from "../io.ts"
import type { Style } from "./style.ts"

/** Says on a terminal that an answer is waited for, once that takes longer than a second. */
export class Progress {
  readonly #stream: Output
  readonly #style: Style
  #timer: NodeJS.Timeout | undefined
  #shown = false

  constructor(stream: Output, style: Style) {
    this.#stream = stream
    this.#style = style
  }

  start(): void {
    if (!this.#stream.isTTY) return
    let seconds = 0
    this.#timer = setInterval(() => {
      seconds += 1
      this.#shown = true
      this.#stream.write(`\r${this.#style.dim(`waiting… ${seconds} s`)}`)
    }, 1000)
    this.#timer.unref()
  }

  /** Takes the line away. May be called again. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#shown) this.#stream.write("\r\u001b[K")
    this.#shown = false
  }
}
