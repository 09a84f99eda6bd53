import type { JsonSchema } from "../../model/tool.ts"
import { ArgumentText, argumentValue } from "./argument-values.ts"
import type { Section, SectionContext, SectionEnd } from "./family.ts"

/** Longest tag. */
const MAX_TAG = 600

/** A tag of a section, told by what it does. */
export type Tag =
  /** The section begins or ends. */
  | { is: "open" | "close" }
  /** A call begins. */
  | { is: "call"; name: string }
  /** A call ends. */
  | { is: "callEnd" }
  /** An argument begins. `text`: whether it is bare text or JSON, where the tag says so. */
  | { is: "argument"; name: string; text?: boolean | undefined }
  /** The name of an argument begins as text. */
  | { is: "key" }
  /** The value of the argument begins whose name came as text. */
  | { is: "value" }
  /** A name, or a value, ends. */
  | { is: "end" }

/** How a family spells its tags. */
export interface TagSyntax {
  /** Sticky: a whole tag. */
  tag: RegExp
  /** Sticky: what may become a tag. */
  beginning: RegExp
  /** What a tag does; `undefined` for what is none after all. */
  read(match: RegExpExecArray): Tag | undefined
  /** The call's name stands as text behind the section's opening. */
  barename?: boolean
  /** One line end at either end of a value belongs to the layout. */
  trimsLines?: boolean
}

type State = "between" | "name" | "call" | "key" | "keyEnd" | "value"

/**
 * Reads calls that are written in tags, with a tag for each argument.
 *
 * Tags that should end something are not needed: whatever can only come after that ends it as well, so that a missing
 * or mistyped one does not swallow what follows. Within a value, the beginning of a call is no such thing: a value that is
 * cut short would be written to a file as it is.
 */
export class TagSection implements Section {
  readonly #syntax: TagSyntax
  readonly #context: SectionContext
  #held = ""
  #state: State = "between"
  #name = ""
  #key = ""
  #isText: boolean | undefined
  #value = new ArgumentText()
  /** Tags that began something within the value. */
  #within = 0
  #arguments: [string, unknown][] = []

  constructor(syntax: TagSyntax, context: SectionContext) {
    this.#syntax = syntax
    this.#context = context
  }

  push(piece: string): SectionEnd | undefined {
    const text = this.#held + piece
    this.#held = ""
    let at = 0
    while (at < text.length) {
      const open = text.indexOf("<", at)
      const to = open < 0 ? text.length : open
      const stopped = this.#text(text, at, to)
      if (stopped >= 0) return { rest: text.slice(stopped) }
      if (open < 0) return undefined
      const match = matchAt(this.#syntax.tag, text, open)
      if (!match && mayBeTag(this.#syntax.beginning, text, open)) {
        this.#held = text.slice(open)
        return undefined
      }
      const tag = match ? this.#syntax.read(match) : undefined
      at = open + (match?.[0].length ?? 1)
      if (tag && this.#isContent(tag)) {
        this.#value.add(text.slice(open, at))
        continue
      }
      if (tag ? this.#tag(tag) : this.#text(text, open, at) >= 0) return { rest: text.slice(tag ? at : open) }
    }
    return undefined
  }

  end(): { cut?: boolean } {
    return { cut: this.#state !== "between" }
  }

  /** Takes what stands between tags; the place from which on it does not belong to the section, or -1. */
  #text(text: string, from: number, to: number): number {
    switch (this.#state) {
      case "between":
        for (let i = from; i < to; i++) if (!/\s/.test(text[i] as string)) return i
        break
      case "name":
        this.#name += text.slice(from, to)
        break
      case "key":
        this.#key += text.slice(from, to)
        break
      case "value":
        this.#value.add(text.slice(from, to))
        break
      default:
    }
    return -1
  }

  /**
   * Whether a tag is part of a value, such as a file about such tags. A call does not begin within an argument, and what
   * begins there ends there.
   */
  #isContent({ is }: Tag): boolean {
    if (this.#state !== "value") return false
    if (is === "open" || is === "call") this.#within++
    else if ((is === "close" || is === "callEnd") && this.#within > 0) this.#within--
    else return false
    return true
  }

  /** Does what a tag says; true when the section is over with it. */
  #tag(tag: Tag): boolean {
    switch (tag.is) {
      case "open":
        // The section's opening also stands for the end of the call before it.
        if (this.#state !== "between") this.#endCall()
        if (this.#syntax.barename) this.#begin("", "name")
        return false
      case "close":
        if (this.#state !== "between") this.#endCall()
        return true
      case "call":
        if (this.#state !== "between") this.#endCall()
        this.#begin(tag.name, "call")
        return false
      case "callEnd":
        if (this.#state !== "between") this.#endCall()
        return false
      case "argument":
        if (this.#state === "between") return false
        this.#endValue()
        this.#key = tag.name
        this.#isText = tag.text
        this.#state = "value"
        return false
      case "key":
        if (this.#state === "between") return false
        this.#endValue()
        this.#key = ""
        this.#state = "key"
        return false
      case "value":
        // A second one is a mistyped end.
        if (this.#state === "value") this.#endValue()
        else if (this.#state === "key" || this.#state === "keyEnd") this.#state = "value"
        return false
      case "end":
        if (this.#state === "key") this.#state = "keyEnd"
        else this.#endValue()
        return false
    }
  }

  #begin(name: string, state: State): void {
    this.#name = name
    this.#key = ""
    this.#isText = undefined
    this.#arguments = []
    this.#state = state
  }

  #endValue(): void {
    if (this.#state === "between") return
    if (this.#state === "value") {
      const name = this.#key.trim()
      const text = this.#syntax.trimsLines ? withoutLineEnds(this.#value.text) : this.#value.text
      const isText = this.#isText
      if (name !== "") this.#arguments.push([name, isText === true ? text : this.#read(text, name, isText)])
    }
    this.#value = new ArgumentText()
    this.#within = 0
    this.#isText = undefined
    this.#state = "call"
  }

  #read(text: string, name: string, isText: boolean | undefined): unknown {
    const schema: JsonSchema | undefined = this.#context.tools.get(this.#name.trim())
    return argumentValue(text, isText === false ? undefined : schema, name)
  }

  #endCall(): void {
    this.#endValue()
    this.#state = "between"
    const name = this.#name.trim()
    // `fromEntries` also takes a name that would change an object's nature.
    if (name !== "") this.#context.call({ name, arguments: Object.fromEntries(this.#arguments) })
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function mayBeTag(beginning: RegExp, text: string, at: number): boolean {
  if (text.length - at > MAX_TAG) return false
  beginning.lastIndex = at
  return beginning.test(text) && !text.includes(">", at)
}

function withoutLineEnds(text: string): string {
  return text.replace(/^\r?\n/, "").replace(/\r?\n$/, "")
}
