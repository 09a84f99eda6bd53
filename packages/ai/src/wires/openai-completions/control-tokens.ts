const TOKEN = /<[|｜][A-Za-z0-9_▁ .:/-]{1,64}[|｜]>/g
/** What may still become a token when more text comes. */
const BEGINNING = /<(?:[|｜](?:[A-Za-z0-9_▁ .:/-]{0,64}[|｜]?)?)?$/

/** Takes leaked control tokens (`<|name|>`, with ASCII or full-width bars) out of a text that comes in pieces. */
export class ControlTokenFilter {
  #held = ""

  /** What can be shown of the text so far. */
  push(piece: string): string {
    const text = (this.#held + piece).replace(TOKEN, "")
    const beginning = BEGINNING.exec(text)
    this.#held = beginning ? beginning[0] : ""
    return beginning ? text.slice(0, beginning.index) : text
  }

  /** What was held back although no token came of it. */
  end(): string {
    const held = this.#held
    this.#held = ""
    return held
  }
}
