/** Finds the end of a JSON object that comes in pieces, without parsing it. */
export class JsonObjectEnd {
  /** Something stood between the values that cannot: the object is over there, and broken. */
  broken = false
  #depth = 0
  #inString = false
  #escaped = false

  /** The place behind the object in this piece, of which the first begins with it; -1 where it goes on. */
  find(piece: string, from: number): number {
    for (let i = from; i < piece.length; i++) {
      const char = piece.charCodeAt(i)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (char === 0x5c) this.#escaped = true
        else if (char === 0x22) this.#inString = false
        continue
      }
      if (char === 0x22) this.#inString = true
      else if (char === 0x7b || char === 0x5b) this.#depth++
      else if (char === 0x7d || char === 0x5d) {
        if (--this.#depth === 0) return i + 1
      } else if (char === 0x3c) {
        // No value of JSON begins with a tag.
        this.broken = true
        return i
      }
    }
    return -1
  }
}
