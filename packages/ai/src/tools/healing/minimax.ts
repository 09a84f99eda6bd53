import type { Family, Opener } from "./family.ts"
import { type Run, sequence, SPACE } from "./matcher.ts"
import { TagSection, type TagSyntax } from "./tag-section.ts"

const SYNTAX: TagSyntax = {
  tag: /<(\/?)(minimax:tool_call|invoke|parameter)(?:\s+name\s*=\s*"?([^"<>]{0,512})"?\s*)?>/y,
  beginning: /<(?:\/?[mip]|\/?$)/y,
  trimsLines: true,
  read([, slash, word, name = ""]) {
    const ends = slash === "/"
    if (word === "invoke") return ends ? { is: "callEnd" } : { is: "call", name }
    if (word === "parameter") return ends ? { is: "end" } : { is: "argument", name }
    return { is: ends ? "close" : "open" }
  },
}

function opener(...parts: readonly (string | Run)[]): Opener {
  return {
    first: "<",
    match: sequence(...parts),
    open: (_opener, context) => ({ kind: "section", section: new TagSection(SYNTAX, context) }),
  }
}

/**
 * MiniMax M2: calls in tags, the arguments as bare text.
 *
 * @see https://github.com/MiniMax-AI/MiniMax-M2.5/blob/main/docs/tool_calling_guide.md
 */
export const minimax: Family = {
  calls: true,
  openers: [opener("<minimax:tool_call>", SPACE, "<invoke name=")],
}
