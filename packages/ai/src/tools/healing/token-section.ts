import type { Section, SectionContext, SectionEnd } from "./family.ts"
import { JsonObjectEnd } from "./json-object-end.ts"
import { firstBehindObject, type Matcher, PARTIAL } from "./matcher.ts"

/** Longest head of a call. */
const MAX_HEAD = 256

/** How calls are written that stand between tokens: a head, a token, the arguments as JSON, a token. */
export interface TokenSyntax {
  /** The section's opening with that of its first call. */
  opening: Matcher
  /** White space and the opening of a further call. */
  next: Matcher
  /** White space and the end of the section. */
  close: Matcher
  /** Between head and arguments. */
  separator: string
  /** White space and the end of a call. */
  callEnd: Matcher
  /** The call's name; empty where the head has none. */
  nameOf(head: string): string
}

type State = "opening" | "head" | "arguments" | "behind" | "between"

/** Reads calls between tokens. A token within a text of the arguments is part of that text. */
export class TokenSection implements Section {
  readonly #syntax: TokenSyntax
  readonly #context: SectionContext
  #state: State = "opening"
  #text = ""
  #head = ""
  #json = ""
  #object = new JsonObjectEnd()

  constructor(syntax: TokenSyntax, context: SectionContext) {
    this.#syntax = syntax
    this.#context = context
  }

  push(piece: string): SectionEnd | undefined {
    this.#text += piece
    for (;;) {
      const step = this.#step()
      if (step === "wait") return undefined
      if (step === "over") return { rest: this.#text }
    }
  }

  end(): { cut?: boolean; text?: string } {
    const rest = this.#state === "arguments" ? this.#brokenOff() : undefined
    if (this.#state === "behind") this.#call()
    return { cut: this.#state !== "between" && this.#state !== "behind", ...(rest ? { text: rest } : {}) }
  }

  /**
   * Arguments whose strings do not end where they should, up to the end of the call that stands within them: they are
   * for whoever uses the call to repair. What follows the section.
   */
  #brokenOff(): string | undefined {
    const json = this.#json + this.#text
    const end = firstBehindObject(this.#syntax.callEnd, json)
    if (!end) return undefined
    this.#json = json.slice(0, end.at)
    this.#text = json.slice(end.at)
    this.#state = "behind"
    return this.push("")?.rest
  }

  #step(): "wait" | "over" | "on" {
    switch (this.#state) {
      case "opening":
        this.#take(this.#syntax.opening(this.#text, 0))
        this.#state = "head"
        return "on"
      case "head":
        return this.#readHead()
      case "arguments":
        return this.#readArguments()
      case "behind": {
        const length = this.#syntax.callEnd(this.#text, 0)
        if (length === PARTIAL) return "wait"
        this.#take(length)
        this.#call()
        this.#state = "between"
        return "on"
      }
      case "between":
        return this.#readBetween()
    }
  }

  #readHead(): "wait" | "over" | "on" {
    const { separator } = this.#syntax
    const at = this.#text.indexOf(separator)
    if (at > MAX_HEAD || (at < 0 && this.#text.length > MAX_HEAD + separator.length)) return "over"
    if (at < 0) return "wait"
    this.#head = this.#text.slice(0, at)
    this.#take(at + separator.length)
    this.#json = ""
    this.#object = new JsonObjectEnd()
    this.#state = "arguments"
    return "on"
  }

  #readArguments(): "wait" | "over" | "on" {
    if (this.#json === "") {
      this.#text = this.#text.trimStart()
      if (this.#text === "") return "wait"
      if (!this.#text.startsWith("{")) {
        this.#state = "behind"
        return "on"
      }
    }
    const end = this.#object.find(this.#text, 0)
    this.#json += end < 0 ? this.#text : this.#text.slice(0, end)
    this.#take(end < 0 ? this.#text.length : end)
    if (end < 0) return "wait"
    this.#state = "behind"
    return "on"
  }

  #readBetween(): "wait" | "over" | "on" {
    const next = this.#syntax.next(this.#text, 0)
    if (next > 0) {
      this.#take(next)
      this.#state = "head"
      return "on"
    }
    const close = this.#syntax.close(this.#text, 0)
    if (close > 0) {
      this.#take(close)
      return "over"
    }
    return next === PARTIAL || close === PARTIAL ? "wait" : "over"
  }

  #take(length: number): void {
    this.#text = this.#text.slice(length)
  }

  #call(): void {
    const name = this.#syntax.nameOf(this.#head)
    if (name !== "") this.#context.call({ name, arguments: this.#json })
  }
}
