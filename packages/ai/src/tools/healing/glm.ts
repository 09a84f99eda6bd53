import type { Family, Opener } from "./family.ts"
import { type Run, sequence, SPACE } from "./matcher.ts"
import { TagSection, type TagSyntax } from "./tag-section.ts"

const NAME: Run = { of: /[\w.:-]/, min: 1, max: 128 }

const SYNTAX: TagSyntax = {
  // Also what only looks like one of the tags: models mistype them.
  tag: /<(\/?)(tool_call|arg_?\w{0,12})>/y,
  beginning: /<(?:\/?[ta]|\/?$)/y,
  barename: true,
  read([, slash, word]) {
    const ends = slash === "/"
    if (word === "tool_call") return { is: ends ? "close" : "open" }
    if (ends) return { is: "end" }
    return { is: word === "arg_key" ? "key" : "value" }
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
 * GLM 4.5 and later: the name, then a tag for each argument's name and one for its value.
 *
 * @see https://huggingface.co/zai-org/GLM-4.6/blob/main/chat_template.jinja
 */
export const glm: Family = {
  calls: true,
  openers: [
    opener("<tool_call>", SPACE, NAME, SPACE, "<arg_key>"),
    opener("<tool_call>", SPACE, NAME, SPACE, "</tool_call>"),
  ],
}
