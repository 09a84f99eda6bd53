import { isObject } from "../model/json.ts"

/** Container of the value in the making. */
type Container = Record<string, unknown> | unknown[]

const EXPECT = { value: 0, key: 1, colon: 2, comma: 3, done: 4, broken: 5 } as const
type Expect = (typeof EXPECT)[keyof typeof EXPECT]

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
}
/** A number as JSON has it. Without the test `Number` would also take `0x1f`, `Infinity` and nothing at all. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const HEX = /^[0-9a-fA-F]$/
const LITERALS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }

/**
 * Reads the JSON text of tool arguments as it streams in, in time linear in its length.
 *
 * `value` is at any moment the best reading of what has come: strings grow as they arrive, a number or a word
 * shows once it is complete. What is no JSON stops the reading there; `text` keeps everything.
 *
 * Three mistakes of models are read over, because there is one meaning that they can have: raw control characters in
 * strings, a backslash that begins no escape of JSON (it stands for itself, as in `"\d+"`), and a comma before a
 * closing bracket.
 */
export class JsonArguments {
  /** Everything that was pushed. */
  text = ""
  #root: Record<string, unknown> | undefined
  #stack: Container[] = []
  #keys: string[] = []
  #expect: Expect = EXPECT.value
  #inString = false
  #stringIsKey = false
  #string = ""
  #escape = ""
  #scalar = ""

  /** The object so far; `{}` before it has begun or where the text is something else than an object. */
  get value(): Record<string, unknown> {
    return this.#root ?? {}
  }

  /** The object has ended, and nothing but white space came after it. */
  get complete(): boolean {
    return this.#expect === EXPECT.done
  }

  push(piece: string): void {
    this.text += piece
    if (this.#expect === EXPECT.broken) return
    const length = piece.length
    let i = 0
    while (i < length) {
      if (this.#inString) {
        i = this.#readString(piece, i)
        continue
      }
      const code = piece.charCodeAt(i)
      if (this.#scalar !== "" && !isDelimiter(code)) {
        this.#scalar += piece[i++]
        continue
      }
      if (this.#scalar !== "" && !this.#endScalar()) return
      i++
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue
      if (!this.#structure(code, piece[i - 1] as string)) {
        this.#expect = EXPECT.broken
        return
      }
    }
    if (this.#inString && !this.#stringIsKey) this.#show(this.#string)
  }

  #structure(code: number, char: string): boolean {
    switch (this.#expect) {
      case EXPECT.value:
        if (code === QUOTE) return this.#beginString(false)
        if (code === 0x7b) return this.#open({}, EXPECT.key)
        if (code === 0x5b) return this.#open([], EXPECT.value)
        if (code === 0x5d) return Array.isArray(this.#stack.at(-1)) && this.#shut()
        if (this.#stack.length === 0) return false
        this.#scalar = char
        return true
      case EXPECT.key:
        if (code === 0x7d) return this.#shut()
        return code === QUOTE && this.#beginString(true)
      case EXPECT.colon:
        if (code !== 0x3a) return false
        this.#expect = EXPECT.value
        return true
      case EXPECT.comma: {
        const inArray = Array.isArray(this.#stack.at(-1))
        if (code === 0x2c) {
          this.#expect = inArray ? EXPECT.value : EXPECT.key
          return true
        }
        return code === (inArray ? 0x5d : 0x7d) && this.#shut()
      }
      default:
        return false
    }
  }

  #beginString(isKey: boolean): boolean {
    if (this.#stack.length === 0) return false
    this.#inString = true
    this.#stringIsKey = isKey
    this.#string = ""
    if (!isKey) this.#place("")
    return true
  }

  /** Reads on in a string; returns where it stopped. */
  #readString(piece: string, from: number): number {
    if (this.#escape !== "") return this.#readEscape(piece, from)
    let i = from
    for (; i < piece.length; i++) {
      const code = piece.charCodeAt(i)
      if (code === QUOTE || code === BACKSLASH) break
    }
    if (i > from) this.#string += from === 0 && i === piece.length ? piece : piece.slice(from, i)
    if (i === piece.length) return i
    if (piece.charCodeAt(i) === BACKSLASH) {
      this.#escape = "\\"
      return i + 1
    }
    this.#inString = false
    if (this.#stringIsKey) {
      this.#keys[this.#stack.length - 1] = this.#string
      this.#expect = EXPECT.colon
    } else {
      this.#show(this.#string)
      this.#expect = EXPECT.comma
    }
    return i + 1
  }

  #readEscape(piece: string, from: number): number {
    const char = piece[from] as string
    if (this.#escape === "\\" && char !== "u") {
      this.#string += ESCAPES[char] ?? (char === "'" ? char : this.#escape + char)
      this.#escape = ""
    } else if (this.#escape !== "\\" && !HEX.test(char)) {
      // No escape after all: the character may be the quote that ends the string, so it is read again.
      this.#string += this.#escape
      this.#escape = ""
      return from
    } else {
      this.#escape += char
      if (this.#escape.length === 6) {
        this.#string += String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16))
        this.#escape = ""
      }
    }
    return from + 1
  }

  #endScalar(): boolean {
    const word = this.#scalar
    this.#scalar = ""
    const literal = Object.hasOwn(LITERALS, word)
    if (!literal && !NUMBER.test(word)) {
      this.#expect = EXPECT.broken
      return false
    }
    this.#place(literal ? LITERALS[word] : Number(word))
    this.#expect = EXPECT.comma
    return true
  }

  #open(container: Container, expect: Expect): boolean {
    if (this.#stack.length === 0) {
      if (Array.isArray(container)) return false
      this.#root = container
    } else this.#place(container)
    this.#stack.push(container)
    this.#expect = expect
    return true
  }

  #shut(): boolean {
    this.#stack.pop()
    this.#expect = this.#stack.length === 0 ? EXPECT.done : EXPECT.comma
    return true
  }

  /** Adds a new value at the place that is next. */
  #place(value: unknown): void {
    const top = this.#stack.at(-1)
    if (Array.isArray(top)) top.push(value)
    else this.#set(top as Record<string, unknown>, this.#keys[this.#stack.length - 1] as string, value)
  }

  /** Replaces the value that was placed last. */
  #show(value: string): void {
    const top = this.#stack.at(-1)
    if (Array.isArray(top)) top[top.length - 1] = value
    else this.#set(top as Record<string, unknown>, this.#keys[this.#stack.length - 1] as string, value)
  }

  #set(target: Record<string, unknown>, key: string, value: unknown): void {
    if (key === "__proto__")
      Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
    else target[key] = value
  }
}

function isDelimiter(code: number): boolean {
  return (
    code === 0x2c || code === 0x7d || code === 0x5d || code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
  )
}

/** Outcome of the reading at the end of a call. */
export type ParsedArguments = { ok: true; value: Record<string, unknown> } | { ok: false; text: string }

/**
 * The reading of finished arguments: one whole JSON object, or nothing at all, which means no arguments. Beyond JSON
 * it takes only what `JsonArguments` reads over; a text that ends early is never taken.
 */
export function parseArguments(text: string): ParsedArguments {
  if (text.trim() === "") return { ok: true, value: {} }
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return { ok: true, value }
  } catch {
    const json = new JsonArguments()
    json.push(text)
    if (json.complete) return { ok: true, value: json.value }
    // Told by the result: the text is kept and the call is marked.
  }
  return { ok: false, text }
}
