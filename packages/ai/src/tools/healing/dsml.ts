import type { Family, Opener } from "./family.ts"
import { type Run, sequence, SPACE } from "./matcher.ts"
import { TagSection, type TagSyntax } from "./tag-section.ts"
import { TokenSection, type TokenSyntax } from "./token-section.ts"

/** Bars: full-width as the models' vocabulary has them, ASCII as hosts rewrite them, one or two. */
const BARS: Run = { of: "|｜‖", min: 1, max: 2 }
const BLANK: Run = { of: " ", min: 0, max: 1 }

const SYNTAX: TagSyntax = {
  tag: /<(\/?)[|｜‖]{1,2}DSML[|｜‖]{1,2} ?(\w{1,32})([^<>]{0,512})>/y,
  beginning: /<(?:\/?[|｜‖]|\/?$)/y,
  read([, slash, word, rest = ""]) {
    const ends = slash === "/"
    switch (word) {
      case "invoke":
        return ends ? { is: "callEnd" } : { is: "call", name: attribute(rest, "name") ?? "" }
      case "parameter": {
        if (ends) return { is: "end" }
        const text = attribute(rest, "string")
        return {
          is: "argument",
          name: attribute(rest, "name") ?? "",
          text: text === undefined ? undefined : text === "true",
        }
      }
      case "tool_calls":
      case "function_calls":
      case "calls":
        return { is: ends ? "close" : "open" }
      default:
        return undefined
    }
  },
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`).exec(text)?.[1]
}

const CALL = ["<", BARS, "DSML", BARS, BLANK, "invoke", { of: " \t\r\n", min: 1, max: 8 }, "name"] as const

function opener(...parts: readonly (string | Run)[]): Opener {
  return {
    first: "<",
    match: sequence(...parts),
    open: (_opener, context) => ({ kind: "section", section: new TagSection(SYNTAX, context) }),
  }
}

const TOKENS_OPENING = sequence("<｜tool▁calls▁begin｜>", SPACE, "<｜tool▁call▁begin｜>")

const TOKENS: TokenSyntax = {
  opening: TOKENS_OPENING,
  next: sequence(SPACE, "<｜tool▁call▁begin｜>"),
  close: sequence(SPACE, "<｜tool▁calls▁end｜>"),
  separator: "<｜tool▁sep｜>",
  callEnd: sequence(SPACE, "<｜tool▁call▁end｜>"),
  // The models before wrote a kind there, and the name behind it.
  nameOf: (head) => (head.trim() === "function" ? "" : head.trim()),
}

/**
 * DeepSeek's tool calls: from V3.2 on in its own markup, also a call without the section around it; of V3.1 between
 * tokens.
 *
 * @see https://huggingface.co/deepseek-ai/DeepSeek-V3.2/tree/main/encoding
 * @see https://huggingface.co/deepseek-ai/DeepSeek-V3.1/blob/main/README.md
 */
export const dsml: Family = {
  calls: true,
  openers: [
    ...["tool_calls", "function_calls", "calls"].map((word) =>
      opener("<", BARS, "DSML", BARS, BLANK, word, ">", SPACE, ...CALL),
    ),
    opener(...CALL),
    {
      first: "<",
      match: TOKENS_OPENING,
      open: (_opener, context) => ({ kind: "section", section: new TokenSection(TOKENS, context) }),
    },
  ],
}
