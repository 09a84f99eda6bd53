/** A text or thinking that has begun; the first of its kind that has not ended has the wire's one field. */
interface Run {
  contentIndex: number
  held: string
  ended: boolean
}

/** Blocks of one kind that may come in turns, put one behind the other. */
export class Runs {
  readonly #runs: Run[] = []

  begin(contentIndex: number): void {
    this.#runs.push({ contentIndex, held: "", ended: false })
  }

  /** A piece of a block: what of it may be written now. */
  delta(contentIndex: number, delta: string): string {
    const [first] = this.#runs
    if (first === undefined || first.contentIndex === contentIndex) return delta
    const run = this.#runs.find((one) => one.contentIndex === contentIndex)
    if (run) run.held += delta
    return ""
  }

  /** A block ends: what of the blocks behind it may be written now, and which blocks are through with it. */
  end(contentIndex: number): { text: string; through: number[] } {
    const ending = this.#runs.find((run) => run.contentIndex === contentIndex)
    if (ending) ending.ended = true
    let text = ""
    const through: number[] = []
    for (let [first] = this.#runs; first; [first] = this.#runs) {
      text += first.held
      first.held = ""
      if (!first.ended) break
      this.#runs.shift()
      through.push(first.contentIndex)
    }
    return { text, through }
  }
}
