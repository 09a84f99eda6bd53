import type { Family } from "./family.ts"
import { firstOf, sequence, SPACE } from "./matcher.ts"
import { TokenSection, type TokenSyntax } from "./token-section.ts"

const CALL = "<|tool_call_begin|>"
const OPENINGS = [
  sequence("<|tool_calls_section_begin|>", SPACE, CALL),
  sequence("<|tool_call_section_begin|>", SPACE, CALL),
]

const SYNTAX: TokenSyntax = {
  opening: firstOf(OPENINGS),
  next: sequence(SPACE, CALL),
  close: firstOf([sequence(SPACE, "<|tool_calls_section_end|>"), sequence(SPACE, "<|tool_call_section_end|>")]),
  separator: "<|tool_call_argument_begin|>",
  callEnd: sequence(SPACE, "<|tool_call_end|>"),
  // `functions.NAME:INDEX`; names may hold dots and colons themselves.
  nameOf: (head) =>
    head
      .trim()
      .replace(/^functions\./, "")
      .replace(/:[^:]*$/, ""),
}

/**
 * Kimi K2: a section of calls between tokens. A token outside of a section is text.
 *
 * @see https://github.com/MoonshotAI/Kimi-K2/blob/main/docs/tool_call_guidance.md
 */
export const kimi: Family = {
  calls: true,
  openers: OPENINGS.map((match) => ({
    first: "<",
    match,
    open: (_opener, context) => ({ kind: "section", section: new TokenSection(SYNTAX, context) }),
  })),
}
