import type { JsonSchema } from "../../model/tool.ts"
import type { Matcher } from "./matcher.ts"

/** A call that was read out of a text. */
export interface HealedCall {
  name: string
  /** A text that should be a JSON object, or the object. */
  arguments: string | Record<string, unknown>
}

/** What the tools of the request are called, and the schemas of their arguments where they have some. */
export type OfferedTools = ReadonlyMap<string, JsonSchema | undefined>

/** What a section of a text came to. */
export interface SectionEnd {
  /** Text behind the section. */
  rest: string
  /** The section was none: this is text, and is not looked at again. */
  text?: string
}

/** Reads a part of a text that holds calls. */
export interface Section {
  /** Reads on, beginning with the opener itself; gives what follows once the section is over. */
  push(piece: string): SectionEnd | undefined
  /** The answer is over. `cut`: a call was left unfinished and is dropped; `text`: the section was none. */
  end(): { cut?: boolean; text?: string }
}

/** What an opener begins. */
export type Opening =
  /** Thinking, until one of these stands in it, each of which begins with `<`. What `before` finds is not part of it. */
  | { kind: "thinking"; until: Matcher; before?: Matcher }
  /** Thinking in a fence of so many backticks. */
  | { kind: "fence"; ticks: number }
  /** Calls. */
  | { kind: "section"; section: Section }
  /** A message that is text, and ends with a token that is none. */
  | { kind: "message" }
  /** Nothing: the opener is left out. */
  | { kind: "nothing" }

/** What a section needs to know and to tell. */
export interface SectionContext {
  tools: OfferedTools
  call(call: HealedCall): void
  /** A plan that the model printed before its answer; empty where it says nothing beyond the call that follows. */
  plan(thought: string): void
}

/** How a piece of markup begins, and what then. */
export interface Opener {
  /** Characters that it may begin with. One with a backtick must be the first on its line. */
  first: string
  match: Matcher
  /** It must not follow a letter or a digit. */
  atWordStart?: boolean
  /** It stands only where nothing has been said yet. */
  atHead?: boolean
  /** It stands only at the end of a message. */
  inMessage?: boolean
  /** `undefined` where it is text after all. */
  open(opener: string, context: SectionContext): Opening | undefined
}

/** One kind of markup, as data. */
export interface Family {
  openers: readonly Opener[]
  /** It holds tool calls, which can be meant only where tools are offered. */
  calls?: boolean
}
