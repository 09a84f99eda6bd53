import type { Family } from "./family.ts"
import { JsonSection, type JsonSyntax } from "./json-section.ts"
import { firstOf, type Matcher, PARTIAL, sequence, SPACE } from "./matcher.ts"

/** What may stand before the recipient. The tokens are often gone when a call leaks, and their words are not. */
const BEFORE = [
  "<|start|>assistant<|channel|>commentary ",
  "<|start|>assistant<|channel|>analysis ",
  "<|start|>assistant ",
  "<|channel|>commentary ",
  "<|channel|>analysis ",
  "assistant ",
  "commentary ",
  "analysis ",
  "",
]
const RECIPIENT = firstOf(BEFORE.map((before) => sequence(`${before}to=functions.`, { of: /[\w.-]/, min: 1, max: 64 })))
const NAME = /to=functions\.([\w.-]+)/
/** What stands between the recipient and the arguments. */
const WORDS = ["commentary", "analysis", "code", "json"]
const MAX_HEADER = 96

/**
 * The header of a call with the first character of its arguments. Between the two stand tokens, their words, and what
 * a model says that has lost its way, which is never plain English: so a sentence that mentions a recipient is none.
 */
const header: Matcher = (text, from) => {
  const recipient = RECIPIENT(text, from)
  if (recipient <= 0) return recipient
  const start = from + recipient
  let at = start
  while (at < text.length && at - start <= MAX_HEADER) {
    const char = text[at] as string
    if (char === "{") return at + 1 - from
    const word = /[\w<|>]+/y
    word.lastIndex = at
    const said = word.exec(text)?.[0]
    if (said === undefined) {
      if (!/\s/.test(char) && char < "\u0080") return 0
      at++
    } else {
      at += said.length
      if (!isHeaderWord(said, at === text.length)) return 0
    }
  }
  return at - start > MAX_HEADER ? 0 : PARTIAL
}

/** Whether this is made of words and tokens of a header; at the end of the text, also of what may become one. */
function isHeaderWord(said: string, unfinished: boolean): boolean {
  const parts = said.split(/(<\|\w{1,12}\|>)/).filter((part) => part !== "")
  return parts.every((part, i) => {
    if (/^<\|\w{1,12}\|>$/.test(part) || WORDS.includes(part)) return true
    if (!unfinished || i < parts.length - 1) return false
    const token = /^([a-z]*)<(?:\|\w{0,12}\|?)?$/.exec(part)
    if (token) return token[1] === "" || WORDS.includes(token[1] as string)
    return WORDS.some((word) => word.startsWith(part))
  })
}

const SYNTAX: JsonSyntax = {
  closer: firstOf([sequence(SPACE, "<|call|>"), sequence(SPACE, "<|end|>")]),
  read(before, json) {
    const name = NAME.exec(before)?.[1]
    return name !== undefined && isJson(json) ? { name, arguments: json } : undefined
  },
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Calls of OpenAI's open models, as the format of their messages has them, or what is left of it. The name of a
 * recipient alone is no call: it must be a tool that was offered, and arguments must follow that are JSON.
 *
 * @see https://cookbook.openai.com/articles/openai-harmony
 */
export const harmony: Family = {
  calls: true,
  openers: [
    {
      first: "<tac",
      atWordStart: true,
      match: header,
      open: (opener, context) =>
        context.tools.has(NAME.exec(opener)?.[1] ?? "")
          ? { kind: "section", section: new JsonSection(SYNTAX, context) }
          : undefined,
    },
  ],
}
