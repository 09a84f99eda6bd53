/** A way in which a text was not JSON. */
export type JsonRepair =
  | "control-character"
  | "escape"
  | "quotes"
  | "bare-key"
  | "trailing-comma"
  | "comment"
  | "literal"
  | "bracket"
  | "surroundings"
  | "truncated"

/** What a text that is nearly JSON says. */
export interface LenientJson {
  value: Record<string, unknown> | unknown[]
  /** What had to be read over, each kind once. Empty for JSON. */
  repairs: readonly JsonRepair[]
}

/** How much is read over. */
export interface LenientOptions {
  /** Closes what a cut text left open, for display. The value of such a text must not be used for anything else. */
  partial?: boolean
  /**
   * Puts one wrong or missing bracket right at the end. For a text whose end is known, such as the value of a string,
   * and not for one that may have been cut.
   */
  brackets?: boolean
}

/** Containers in containers that are followed. */
const MAX_DEPTH = 256
/** A bracket is put right only among so many of the last characters. */
const BRACKET_REACH = 7
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }
const LITERALS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }
const PYTHON: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null }
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const WORD = /[A-Za-z_$][\w$-]*/y
const UNICODE = /[0-9a-fA-F]{4}/y
const SPACE = /\s*/y
const TOKEN = /[^\s,:{}[\]]*/y
/** In what stands around the container: a sign that it says something of its own. */
const BEFORE = /"|,\s*$/
const AFTER = /^[,:]|["{[]/

/**
 * Reads the one JSON object or array in a text that is nearly JSON, as models write it. `undefined` where there is
 * none, where there are several, or where the text ends before it does.
 *
 * Only such mistakes are read over as have one meaning: raw control characters in strings; backslashes that begin no
 * escape, which stand for themselves; single quotes; bare keys; commas before a closing bracket; comments; `True`,
 * `False` and `None`; further closing brackets at the end; words or a code fence around the whole. Strings without
 * quotes, missing commas and missing ends are not guessed at.
 */
export function readLenientJson(text: string, options: LenientOptions = {}): LenientJson | undefined {
  const begin = text.search(/[{[]/)
  if (begin === -1) return undefined
  const before = text.slice(0, begin)
  if (BEFORE.test(before)) return undefined
  const reader = new Reader(text, begin, options)
  try {
    const value = reader.container(0)
    const rest = text.slice(reader.at)
    const after = rest.replace(/^[\s}\]]+/, "")
    if (AFTER.test(after)) return undefined
    if (/^\s*[}\]]/.test(rest)) reader.repairs.add("bracket")
    if (before.trim() !== "" || after !== "") reader.repairs.add("surroundings")
    return { value, repairs: [...reader.repairs] }
  } catch (error) {
    if (error instanceof NotReadable) return undefined
    throw error
  }
}

class NotReadable extends Error {}

/** Ends the reading of a cut text; what has been read so far stands in the containers. */
class Cut extends Error {}

class Reader {
  readonly repairs = new Set<JsonRepair>()
  at: number
  readonly #text: string
  readonly #partial: boolean
  readonly #brackets: boolean
  readonly #tail: number

  constructor(text: string, at: number, { partial = false, brackets = false }: LenientOptions) {
    this.#text = text
    this.at = at
    this.#partial = partial
    this.#brackets = brackets
    this.#tail = text.trimEnd().length - BRACKET_REACH
  }

  /** Reads the container that begins here. */
  container(depth: number, parent?: "{" | "["): Record<string, unknown> | unknown[] {
    if (depth > MAX_DEPTH) throw new NotReadable()
    const open = this.#text[this.at++] as "{" | "["
    const value: Record<string, unknown> | unknown[] = open === "{" ? {} : []
    try {
      for (;;) {
        if (this.#closes(open, parent, false)) return value
        this.#entry(value, depth, open)
        this.#space()
        if (this.#text[this.at] !== ",") {
          if (this.#closes(open, parent, true)) return value
          throw new NotReadable()
        }
        this.at++
        this.#space()
        if (/[}\]]/.test(this.#text[this.at] ?? "")) this.repairs.add("trailing-comma")
      }
    } catch (error) {
      if (!(error instanceof Cut)) throw error
      this.repairs.add("truncated")
      return value
    }
  }

  /** Whether the container ends here. Takes its closing bracket. */
  #closes(open: "{" | "[", parent: "{" | "[" | undefined, afterValue: boolean): boolean {
    this.#space()
    const char = this.#text[this.at]
    const own = open === "{" ? "}" : "]"
    if (char === own) {
      this.at++
      return true
    }
    if (char === undefined) {
      if (this.#brackets && afterValue && parent === undefined && this.#fixes()) return true
      return this.#end()
    }
    if (char !== "}" && char !== "]") return false
    if (this.at < this.#tail || !this.#fixes()) throw new NotReadable()
    // The bracket of the container around this one: this one's own is missing.
    if (parent !== undefined && parent !== open) {
      if (!this.#brackets) throw new NotReadable()
      return true
    }
    this.at++
    this.#space()
    if (this.#text[this.at] === own) {
      // One too many.
      this.at++
      return true
    }
    // The wrong one.
    if (!this.#brackets || parent !== undefined) throw new NotReadable()
    return true
  }

  /** One bracket may be wrong, and no second one. */
  #fixes(): boolean {
    if (this.repairs.has("bracket")) return false
    this.repairs.add("bracket")
    return true
  }

  #entry(container: Record<string, unknown> | unknown[], depth: number, open: "{" | "["): void {
    if (Array.isArray(container)) {
      this.#value(depth, open, (value) => container.push(value))
      return
    }
    const key = this.#key()
    this.#space()
    if (this.#text[this.at] !== ":") this.#end()
    this.at++
    this.#value(depth, open, (value) =>
      Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true }),
    )
  }

  #value(depth: number, parent: "{" | "[", put: (value: unknown) => void): void {
    this.#space()
    const char = this.#text[this.at]
    if (char === undefined) this.#end()
    if (char === "{" || char === "[") {
      const inner = this.container(depth + 1, parent)
      put(inner)
      if (this.repairs.has("truncated")) throw new Cut()
    } else if (char === '"' || char === "'") this.#string(put)
    else put(this.#scalar())
  }

  #key(): string {
    const char = this.#text[this.at]
    let key = ""
    if (char === '"' || char === "'") {
      this.#string((value, whole) => {
        if (whole) key = value
      })
      return key
    }
    const word = this.#match(WORD)
    if (word === undefined) return this.#end()
    this.repairs.add("bare-key")
    return word
  }

  #scalar(): unknown {
    const token = this.#match(TOKEN) as string
    // At the end of a cut text a number may have lost digits.
    if (this.at === this.#text.length && !this.#brackets) return this.#end()
    if (NUMBER.test(token)) return Number(token)
    if (Object.hasOwn(LITERALS, token)) return LITERALS[token]
    if (!Object.hasOwn(PYTHON, token)) throw new NotReadable()
    this.repairs.add("literal")
    return PYTHON[token]
  }

  #string(put: (value: string, whole: boolean) => void): void {
    const text = this.#text
    const quote = text[this.at++]
    if (quote === "'") this.repairs.add("quotes")
    let value = ""
    let from = this.at
    for (;;) {
      const char = text[this.at]
      if (char === undefined) {
        put(value + text.slice(from), false)
        this.#end()
      }
      if (char === quote) break
      if (char === "\\") {
        value += text.slice(from, this.at) + this.#escape()
        from = this.at
        continue
      }
      if ((char as string) < " ") this.repairs.add("control-character")
      this.at++
    }
    put(value + text.slice(from, this.at++), true)
  }

  #escape(): string {
    const char = this.#text[this.at + 1]
    if (char === undefined) {
      this.at++
      return ""
    }
    this.at += 2
    if (char === '"' || char === "\\" || char === "/") return char
    if (Object.hasOwn(ESCAPES, char)) return ESCAPES[char] as string
    if (char === "u") {
      const digits = this.#match(UNICODE)
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16))
    }
    this.repairs.add("escape")
    return char === "'" ? char : `\\${char}`
  }

  /** White space and comments. */
  #space(): void {
    for (;;) {
      this.#match(SPACE)
      const two = this.#text.slice(this.at, this.at + 2)
      let end: number
      if (two === "/*") {
        const close = this.#text.indexOf("*/", this.at + 2)
        end = close === -1 ? this.#text.length : close + 2
      } else if (two === "/" && this.#partial) {
        end = this.#text.length
      } else if (two === "//" || two[0] === "#") {
        const line = this.#text.indexOf("\n", this.at)
        end = line === -1 ? this.#text.length : line
      } else return
      this.at = end
      this.repairs.add("comment")
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  /** Something else stands where more was to come; at the end of the text that is a cut. */
  #end(): never {
    if (this.#partial && this.at >= this.#text.length) throw new Cut()
    throw new NotReadable()
  }
}
