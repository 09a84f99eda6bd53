import { isObject, parseObject } from "../../model/json.ts"
import type { Family } from "./family.ts"
import { JsonSection, type JsonSyntax } from "./json-section.ts"
import { sequence, SPACE } from "./matcher.ts"
import { TagSection, type TagSyntax } from "./tag-section.ts"

const JSON_CALL: JsonSyntax = {
  closer: sequence(SPACE, "</tool_call>"),
  read(_before, json) {
    const call = parseObject(json)
    if (call === undefined) return broken(json)
    const { name, arguments: args = call["parameters"] } = call
    if (typeof name !== "string" || name === "") return undefined
    // Some write the arguments as a text that holds JSON.
    if (typeof args === "string") return { name, arguments: args }
    return { name, arguments: isObject(args) ? args : {} }
  },
}

/** A call whose JSON is no good: its arguments go on as they stand, so that they can be repaired where they are used. */
function broken(json: string): ReturnType<JsonSyntax["read"]> {
  const name = /"name"\s*:\s*"([^"\\]{1,128})"/.exec(json)?.[1]
  const at = /"(?:arguments|parameters)"\s*:\s*/.exec(json)
  if (name === undefined || !at) return undefined
  return { name, arguments: json.slice(at.index + at[0].length).trimEnd() }
}

const TAGS: TagSyntax = {
  tag: /<(\/?)(tool_call|function|parameter)(?:=([^<>]{1,256}))?>/y,
  beginning: /<(?:\/?[tfp]|\/?$)/y,
  trimsLines: true,
  read([, slash, word, name = ""]) {
    const ends = slash === "/"
    if (word === "function") return ends ? { is: "callEnd" } : { is: "call", name }
    if (word === "parameter") return ends ? { is: "end" } : { is: "argument", name }
    return { is: ends ? "close" : "open" }
  },
}

/**
 * Hermes, and Qwen after it: a JSON object with name and arguments in a tag. Qwen's coders write tags there instead.
 *
 * @see https://github.com/NousResearch/Hermes-Function-Calling
 * @see https://huggingface.co/Qwen/Qwen3-Coder-480B-A35B-Instruct/blob/main/chat_template.jinja
 */
export const hermes: Family = {
  calls: true,
  openers: [
    {
      first: "<",
      match: sequence("<tool_call>", SPACE, "{"),
      open: (_opener, context) => ({ kind: "section", section: new JsonSection(JSON_CALL, context) }),
    },
    {
      first: "<",
      match: sequence("<tool_call>", SPACE, "<function="),
      open: (_opener, context) => ({ kind: "section", section: new TagSection(TAGS, context) }),
    },
  ],
}
