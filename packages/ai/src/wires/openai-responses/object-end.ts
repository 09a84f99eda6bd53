/** Follows a JSON text that comes in pieces, and knows when its object has ended. Each character is looked at once. */
export class ObjectEnd {
  #depth = 0
  #text = false
  #escaped = false
  #ended = false

  /** Whether an object began and has ended. */
  get ended(): boolean {
    return this.#ended
  }

  push(piece: string): void {
    for (let i = 0; i < piece.length; i++) {
      const char = piece[i]
      if (this.#escaped) this.#escaped = false
      else if (this.#text) {
        if (char === "\\") this.#escaped = true
        else if (char === '"') this.#text = false
      } else if (char === '"') this.#text = true
      else if (char === "{" || char === "[") this.#depth++
      else if ((char === "}" || char === "]") && --this.#depth <= 0) this.#ended = true
    }
  }
}
