/** What a matcher says of a text that ends before it is decided. */
export const PARTIAL = -1

/**
 * Reads what may stand at a place of a text: its length where it stands there, 0 where it does not, `PARTIAL` where
 * the text is a strict prefix of it.
 */
export type Matcher = (text: string, at: number) => number

/** So many characters of a set. */
export interface Run {
  of: string | RegExp
  min: number
  max: number
}

/** White space between two parts of a markup: more than this is none of it. */
export const SPACE: Run = { of: " \t\r\n", min: 0, max: 64 }

/**
 * A matcher for texts and runs of characters in a row. A run takes all it can, so that what follows it must not begin
 * with a character of its set.
 */
export function sequence(...parts: readonly (string | Run)[]): Matcher {
  return (text, from) => {
    let at = from
    for (const part of parts) {
      if (typeof part === "string") {
        for (let i = 0; i < part.length; i++, at++) {
          if (at === text.length) return PARTIAL
          if (text.charCodeAt(at) !== part.charCodeAt(i)) return 0
        }
        continue
      }
      const most = Math.min(text.length, at + part.max)
      const least = at + part.min
      while (at < most && has(part.of, text[at] as string)) at++
      if (at < least) return at === text.length ? PARTIAL : 0
    }
    return at - from
  }
}

function has(set: string | RegExp, char: string): boolean {
  return typeof set === "string" ? set.includes(char) : set.test(char)
}

/** The first of several that stands there; `PARTIAL` where one before it may. */
export function firstOf(matchers: readonly Matcher[]): Matcher {
  return (text, at) => {
    for (const match of matchers) {
      const length = match(text, at)
      if (length !== 0) return length
    }
    return 0
  }
}

/** The first place behind an object where it stands, less the white space that it may begin with; its length there. */
export function firstBehindObject(match: Matcher, text: string): { at: number; length: number } | undefined {
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) {
    const length = match(text, at)
    if (length > 0 && text.slice(0, at).trimEnd().endsWith("}")) return { at, length }
  }
  return undefined
}
