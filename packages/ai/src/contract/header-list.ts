/** Headers as they are read. A `Headers` is one; what meets many of them may use something lighter. */
export interface HeadersView {
  /** A field's value; the name in any case. */
  get(name: string): string | null
  has(name: string): boolean
  /** Names in lower case. */
  forEach(run: (value: string, name: string) => void): void
}

/** Headers as a map. A field that came in several lines is one value, the lines joined by commas. */
export class HeaderList implements HeadersView {
  readonly #fields = new Map<string, string>()

  add(name: string, value: string): void {
    const key = name.toLowerCase()
    const known = this.#fields.get(key)
    this.#fields.set(key, known === undefined ? value.trim() : `${known}, ${value.trim()}`)
  }

  get(name: string): string | null {
    return this.#fields.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  forEach(run: (value: string, name: string) => void): void {
    for (const [name, value] of this.#fields) run(value, name)
  }
}
