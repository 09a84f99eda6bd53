import { CodeContext } from "./code-context.ts"
import { FenceEnd } from "./fence-end.ts"
import type { HealedCall, OfferedTools, Opener, Opening, Section, SectionContext } from "./family.ts"
import { type Matcher, PARTIAL } from "./matcher.ts"

/** What comes of a text. */
export interface HealerOutput {
  text(delta: string): void
  thinking(delta: string): void
  /** The thinking is over. */
  thinkingEnd(): void
  call(call: HealedCall): void
  /** What the model planned before its answer. */
  plan(thought: string): void
  /** A call was not finished, and is left out. */
  cut(): void
}

/** How a text is read. */
export interface HealerOptions {
  openers: readonly Opener[]
  tools: OfferedTools
  /** Markup is looked for only until the text itself has begun. */
  headOnly?: boolean
}

/** A quote before markup: it is spoken of. */
const QUOTES = new Set(['"', "'", "“", "‘", "«", "\\"])
/** Longest opener, and so the most that is held back for one. */
export const MAX_OPENER = 256
/** White space at the head of an answer that waits for what follows. */
const MAX_LEAD = 256

/** By the list of openers, which many answers share. */
const TRIGGERS = new WeakMap<readonly Opener[], RegExp>()

/** Finds where to look whether an opener stands there, or what matters for that. */
function triggerOf(openers: readonly Opener[]): RegExp {
  const known = TRIGGERS.get(openers)
  if (known) return known
  const brace = openers.some(({ first }) => first.includes("{")) ? "{" : ""
  const letters = openers.some(({ first }) => first.includes("t")) ? "|\\b[tac]" : ""
  const trigger = new RegExp(`[<\`~\\n${brace}]${letters}`, "g")
  TRIGGERS.set(openers, trigger)
  return trigger
}

/**
 * Takes markup out of a text that comes in pieces, and says what it stands for, in time linear in its length.
 *
 * Text goes out as it comes; what is held back is the white space at its head, and at its end what is a strict prefix
 * of an opener. The pieces make no difference to what comes out in all.
 */
export class TextHealer implements SectionContext {
  readonly tools: OfferedTools
  readonly #openers: readonly Opener[]
  readonly #trigger: RegExp
  readonly #headOnly: boolean
  readonly #out: HealerOutput
  readonly #code = new CodeContext()
  #held = ""
  /** White space at the head of the answer. */
  #lead = ""
  /** Text has gone out. */
  #begun = false
  /** White space behind markup is not shown, unless it is all that parts two words. */
  #skipping = false
  #endsInSpace = true
  #message = false
  #until: { until: Matcher; before?: Matcher } | undefined
  #fence: FenceEnd | undefined
  #section: Section | undefined
  /** The section has not been given anything. */
  #fresh = false
  /** White space at the end of the thinking so far; undefined before it has begun. */
  #thinkingSpace: string | undefined

  constructor({ openers, tools, headOnly = false }: HealerOptions, out: HealerOutput) {
    this.#openers = openers
    this.tools = tools
    this.#headOnly = headOnly
    this.#out = out
    this.#trigger = triggerOf(openers)
  }

  /** Whether no markup has begun that is not over. */
  get inText(): boolean {
    return !this.#section && !this.#until && !this.#fence
  }

  /** What is held back of the text. */
  get held(): string {
    return this.#lead + this.#held
  }

  push(piece: string): void {
    this.#read(this.#held + piece, false)
  }

  /** Gives out what is held back as the text that it is. A section goes on in what comes after, thinking if told to. */
  flush(thinkingGoesOn: boolean): void {
    if (this.#section || (thinkingGoesOn && (this.#until || this.#fence))) return
    this.end()
  }

  /** The text is over: thinking ends, and a call that is not finished is dropped. */
  end(): void {
    this.#read(this.#held, true)
    if (this.#section) {
      const { cut, text } = this.#section.end()
      this.#section = undefined
      if (cut) this.#out.cut()
      if (text) this.#giveBack(text)
    }
    if (this.#fence) this.#read(this.#inFence(this.#fence, "", true) ?? "", true)
    if (this.#until || this.#fence) this.#endThinking()
    this.#giveLead()
    this.#message = false
    this.#code.reset()
  }

  call(call: HealedCall): void {
    this.#out.call(call)
  }

  plan(thought: string): void {
    this.#out.plan(thought)
  }

  #read(text: string, last: boolean): void {
    this.#held = ""
    let rest: string | undefined = text
    while (rest !== undefined && rest !== "") {
      if (this.#section) rest = this.#inSection(this.#section, rest)
      else if (this.#fence) rest = this.#inFence(this.#fence, rest, last)
      else if (this.#until) rest = this.#inThinking(this.#until, rest, last)
      else rest = this.#inText(rest, last)
    }
  }

  #inSection(section: Section, text: string): string | undefined {
    const fresh = this.#fresh
    this.#fresh = false
    const end = section.push(text)
    if (!end) return undefined
    this.#section = undefined
    // It could not even read its opener, which would begin it again for ever.
    if (fresh && end.rest.length === text.length) {
      this.#giveBack(text[0] as string)
      return text.slice(1)
    }
    if (end.text === undefined) {
      this.#lead = ""
      this.#afterMarkup()
    } else this.#giveBack(end.text)
    return end.rest
  }

  /** Text that was taken for markup. */
  #giveBack(text: string): void {
    for (const char of text) this.#code.char(char)
    this.#emit(text)
  }

  #inFence(fence: FenceEnd, text: string, last: boolean): string | undefined {
    const { thinking, rest } = fence.push(text, last)
    this.#think(thinking)
    if (rest !== undefined) this.#endThinking()
    return rest
  }

  #inThinking(
    { until, before }: { until: Matcher; before?: Matcher },
    text: string,
    last: boolean,
  ): string | undefined {
    for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) {
      const closer = until(text, at)
      const next = before ? before(text, at) : 0
      if (closer > 0 || next > 0) {
        this.#think(text.slice(0, at))
        this.#endThinking()
        return text.slice(at + Math.max(closer, 0))
      }
      if ((closer === PARTIAL || next === PARTIAL) && !last) {
        this.#think(text.slice(0, at))
        this.#held = text.slice(at)
        return undefined
      }
    }
    this.#think(text)
    return undefined
  }

  #inText(text: string, last: boolean): string | undefined {
    const code = this.#code
    const trigger = this.#trigger
    let start = 0
    let at = 0
    while (at < text.length) {
      trigger.lastIndex = at
      const next = trigger.exec(text)?.index ?? text.length
      code.plain(text, at, next)
      at = next
      if (at === text.length) break
      if (this.#mayOpen(text, start, at)) {
        const head = !this.#begun && text.slice(start, at).trim() === ""
        const found = this.#find(text, at, last, head)
        if (found) {
          this.#emit(text.slice(start, at))
          if (found === "partial") {
            this.#held = text.slice(at)
            return undefined
          }
          this.#begin(found.opening)
          const { kind } = found.opening
          // A section reads its own opener.
          return text.slice(kind === "section" ? at : at + found.length)
        }
      }
      code.char(text[at++] as string)
    }
    this.#emit(text.slice(start))
    return undefined
  }

  /** Whether markup may begin here, as far as what stands before goes. */
  #mayOpen(text: string, start: number, at: number): boolean {
    if (text[at] === "\n" || text[at] === "~") return false
    if (this.#headOnly && (this.#begun || text.slice(start, at).trim() !== "")) return false
    return text[at] === "`" ? this.#code.mayFence : !this.#code.inside && !QUOTES.has(this.#code.before)
  }

  #find(
    text: string,
    at: number,
    last: boolean,
    head: boolean,
  ): { opening: Opening; length: number } | "partial" | undefined {
    const first = text[at] as string
    for (const opener of this.#openers) {
      if (!opener.first.includes(first) || (opener.inMessage && !this.#message)) continue
      if (opener.atHead && !head) continue
      if (opener.atWordStart && first !== "<" && /\w/.test(this.#code.before)) continue
      const length = opener.match(text, at)
      if (length === 0 || (length === PARTIAL ? text.length - at : length) > MAX_OPENER) continue
      if (length === PARTIAL) {
        if (last) continue
        return "partial"
      }
      const opening = opener.open(text.slice(at, at + length), this)
      if (opening) return { opening, length }
    }
    return undefined
  }

  #begin(opening: Opening): void {
    switch (opening.kind) {
      case "section":
        this.#section = opening.section
        this.#fresh = true
        break
      case "thinking":
        this.#until = opening
        break
      case "fence":
        this.#fence = new FenceEnd(opening.ticks)
        break
      case "message":
        this.#message = true
        this.#afterMarkup()
        break
      case "nothing":
        this.#message = false
        if (!this.#begun) this.#afterMarkup()
    }
    if (opening.kind !== "section") this.#lead = ""
  }

  #think(text: string): void {
    const space = this.#thinkingSpace
    const kept = space === undefined ? text.trimStart() : text
    const shown = kept.trimEnd()
    if (shown === "") {
      if (space !== undefined) this.#thinkingSpace += kept
      return
    }
    this.#out.thinking((space ?? "") + shown)
    this.#thinkingSpace = kept.slice(shown.length)
  }

  #endThinking(): void {
    this.#until = undefined
    this.#fence = undefined
    this.#thinkingSpace = undefined
    this.#out.thinkingEnd()
    this.#afterMarkup()
  }

  #afterMarkup(): void {
    this.#skipping = this.#endsInSpace
    this.#code.reset()
  }

  #emit(text: string): void {
    if (text === "") return
    if (this.#begun && !this.#skipping) return this.#show(text)
    const shown = text.trimStart()
    if (!this.#begun && !this.#skipping) {
      this.#lead += text.slice(0, text.length - shown.length)
      if (this.#lead.length > MAX_LEAD) this.#giveLead()
    }
    if (shown === "") return
    this.#giveLead()
    this.#begun = true
    this.#skipping = false
    this.#show(shown)
  }

  #giveLead(): void {
    const lead = this.#lead
    this.#lead = ""
    if (lead === "") return
    this.#begun = true
    this.#show(lead)
  }

  #show(text: string): void {
    this.#endsInSpace = /\s/.test(text[text.length - 1] as string)
    this.#out.text(text)
  }
}
