/**
 * Follows Markdown's code in a text that comes in pieces: spans between backticks on one line, and fences. What stands
 * in code is there to be shown, so markup in it is left alone.
 *
 * A span that is not closed ends with its line, although Markdown lets it go on: a stray backtick must not switch
 * healing off for the rest of a paragraph.
 *
 * @see https://spec.commonmark.org/0.31.2/#code-spans and #fenced-code-blocks
 */
export class CodeContext {
  /** Nothing but white space and marks of quotations stands before on this line. */
  lineStart = true
  /** The character before; empty at the beginning. */
  before = ""
  /** Backticks of the span that is open, else 0. */
  #span = 0
  /** The fence that is open. */
  #fence: { char: string; length: number } | undefined
  /** A run of backticks or tildes whose end has not been seen, and whether it began its line. */
  #run = ""
  #runLength = 0
  #runLeads = false
  /** Everything on this line so far closes the fence. */
  #closing = false
  /** The fence was opened on this line. */
  #opening = false

  /** Whether what comes now stands in code. The run before it is over. */
  get inside(): boolean {
    this.#settle()
    return this.#span > 0 || this.#fence !== undefined
  }

  /** Whether a fence may begin here. */
  get mayFence(): boolean {
    return this.lineStart && this.#runLength === 0 && this.#span === 0 && this.#fence === undefined
  }

  /** Goes on over characters of which none is a backtick, a tilde or a line end. */
  plain(text: string, from: number, to: number): void {
    if (to <= from) return
    this.#settle()
    this.before = text[to - 1] as string
    if (!this.lineStart && !this.#closing) return
    for (let i = from; i < to; i++) {
      const char = text[i] as string
      if (char === " " || char === "\t" || char === "\r") continue
      this.#closing = false
      if (char !== ">") this.lineStart = false
    }
  }

  /** Goes on over one character. */
  char(char: string): void {
    if (char === "\n") this.#line()
    else if (char === "`" || char === "~") this.#tick(char)
    else this.plain(char, 0, 1)
    this.before = char
  }

  /** Begins anew, at the start of a line. */
  reset(): void {
    this.lineStart = true
    this.before = ""
    this.#span = 0
    this.#fence = undefined
    this.#runLength = 0
    this.#closing = false
    this.#opening = false
  }

  #tick(char: string): void {
    if (this.#runLength > 0 && this.#run !== char) this.#settle()
    if (this.#runLength === 0) {
      this.#run = char
      this.#runLeads = this.lineStart
    }
    this.#runLength++
    this.lineStart = false
  }

  #line(): void {
    this.#settle()
    if (this.#closing) this.#fence = undefined
    this.#span = 0
    this.#closing = false
    this.#opening = false
    this.lineStart = true
  }

  /** The run of backticks or tildes is complete: what it does depends on its length and place. */
  #settle(): void {
    const length = this.#runLength
    if (length === 0) return
    this.#runLength = 0
    const char = this.#run
    const fence = this.#fence
    if (fence) {
      // Backticks behind the opening of a fence: it was a span all along.
      if (this.#opening && char === "`" && fence.char === "`") {
        this.#fence = undefined
        this.#span = length === fence.length ? 0 : fence.length
      } else this.#closing = this.#runLeads && char === fence.char && length >= fence.length
      return
    }
    if (this.#span > 0) {
      if (char === "`" && length === this.#span) this.#span = 0
    } else if (this.#runLeads && length >= 3) {
      this.#fence = { char, length }
      this.#opening = true
    } else if (char === "`") this.#span = length
  }
}
