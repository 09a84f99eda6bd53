/** What a fence around thinking said of a piece. */
export interface FenceRead {
  thinking: string
  /** Text behind the fence, once it is closed. */
  rest?: string
}

/**
 * Finds the end of a fence whose content is thinking. Fences within it, which name a language, are part of the
 * content, and each takes the next bare fence as its own end.
 */
export class FenceEnd {
  readonly #ticks: number
  #depth = 0
  #held = ""
  #lineStart = true

  constructor(ticks: number) {
    this.#ticks = ticks
  }

  push(piece: string, last = false): FenceRead {
    const text = this.#held + piece
    this.#held = ""
    let thinking = ""
    let at = 0
    while (at < text.length) {
      if (!this.#lineStart) {
        const end = text.indexOf("\n", at)
        if (end < 0) return { thinking: thinking + text.slice(at) }
        thinking += text.slice(at, end + 1)
        at = end + 1
        this.#lineStart = true
        continue
      }
      const mark = /[ \t]{0,16}(`{0,64})[ \t\r]{0,16}/y
      mark.lastIndex = at
      const [{ length }, ticks] = mark.exec(text) as unknown as [string, string]
      const behind = at + length
      if (behind === text.length && !last) {
        // What comes next decides.
        this.#held = text.slice(at)
        return { thinking }
      }
      this.#lineStart = false
      if (ticks.length < this.#ticks) continue
      if (behind < text.length && text[behind] !== "\n") this.#depth++
      else if (this.#depth > 0) this.#depth--
      else return { thinking, rest: text.slice(behind + 1) }
    }
    return { thinking }
  }
}
