import type { Family, Opener } from "./family.ts"
import { type Run, sequence, SPACE } from "./matcher.ts"
import { TagSection, type TagSyntax } from "./tag-section.ts"

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

/**
 * DeepSeek's tool calls from V3.2 on, in its own markup; also a call without the section around it.
 *
 * @see https://huggingface.co/deepseek-ai/DeepSeek-V3.2/tree/main/encoding
 */
export const dsml: Family = {
  calls: true,
  openers: [
    ...["tool_calls", "function_calls", "calls"].map((word) =>
      opener("<", BARS, "DSML", BARS, BLANK, word, ">", SPACE, ...CALL),
    ),
    opener(...CALL),
  ],
}
