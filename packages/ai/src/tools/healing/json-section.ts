import type { HealedCall, Section, SectionContext, SectionEnd } from "./family.ts"
import { JsonObjectEnd } from "./json-object-end.ts"
import { firstBehindObject, type Matcher, PARTIAL } from "./matcher.ts"

/** How a call is written that is one JSON object, or whose arguments are. */
export interface JsonSyntax {
  /** The call; `undefined` where it is none, so that all of it is text. */
  read(before: string, json: string, context: SectionContext): HealedCall | undefined
  /** What may stand behind the object and belongs to it. */
  closer: Matcher
}

/** Reads one call that is a JSON object behind an opener, which ends with the object's first character. */
export class JsonSection implements Section {
  readonly #syntax: JsonSyntax
  readonly #context: SectionContext
  readonly #end = new JsonObjectEnd()
  #before: string | undefined
  #json = ""
  /** What stands behind the object, once that has ended. */
  #behind: string | undefined

  constructor(syntax: JsonSyntax, context: SectionContext) {
    this.#syntax = syntax
    this.#context = context
  }

  push(piece: string): SectionEnd | undefined {
    if (this.#behind === undefined) {
      let from = 0
      if (this.#before === undefined) {
        from = piece.indexOf("{")
        this.#before = piece.slice(0, from)
      }
      const end = this.#end.find(piece, from)
      this.#json += piece.slice(from, end < 0 ? undefined : end)
      if (end < 0) return undefined
      this.#behind = piece.slice(end)
    } else this.#behind += piece
    const length = this.#syntax.closer(this.#behind, 0)
    return length === PARTIAL ? undefined : this.#over(length)
  }

  end(): { cut?: boolean; text?: string } {
    if (this.#behind === undefined) {
      // Its strings do not end where they should: it goes as far as its closing tag.
      const end = firstBehindObject(this.#syntax.closer, this.#json)
      if (!end) return { cut: true }
      this.#behind = this.#json.slice(end.at)
      this.#json = this.#json.slice(0, end.at)
      const { text = "", rest } = this.#over(end.length)
      return { text: text + rest }
    }
    return { text: "", ...this.#over(this.#behind.length) }
  }

  #over(closer: number): SectionEnd {
    const before = this.#before ?? ""
    const behind = this.#behind ?? ""
    const call = this.#syntax.read(before, this.#json, this.#context)
    if (!call) return { text: before + this.#json + behind.slice(0, closer), rest: behind.slice(closer) }
    this.#context.call(call)
    return { rest: behind.slice(closer) }
  }
}
