import { parseArguments } from "../../assemble/json-arguments.ts"
import type { ToolCallBlock } from "../../model/message.ts"
import type { CustomTool, FunctionTool, JsonSchema } from "../../model/tool.ts"
import { isObject, type Obj } from "../../model/json.ts"
import { optionalBoolean, optionalString, readObject, readString } from "./accept-readers.ts"

/** A function with its schema; one without parameters takes an empty object. */
export function acceptFunction(fn: Obj, path: string): FunctionTool {
  const description = optionalString(fn["description"], `${path}.description`)
  const strict = optionalBoolean(fn["strict"], `${path}.strict`)
  const given = fn["parameters"]
  const parameters: JsonSchema =
    given === undefined || given === null ? { type: "object", properties: {} } : readObject(given, `${path}.parameters`)
  return {
    name: readString(fn["name"], `${path}.name`),
    ...(description === undefined ? {} : { description }),
    parameters,
    ...(strict === undefined ? {} : { strict }),
  }
}

/** A tool with a grammar, which stands in `format` or, on Chat Completions, in `format.grammar`. */
export function acceptCustom(tool: Obj, path: string): CustomTool {
  const description = optionalString(tool["description"], `${path}.description`)
  const format = isObject(tool["format"]) ? tool["format"] : {}
  return {
    type: "custom",
    name: readString(tool["name"], `${path}.name`),
    ...(description === undefined ? {} : { description }),
    ...grammarOf(isObject(format["grammar"]) ? format["grammar"] : format),
  }
}

function grammarOf({ syntax, definition }: Obj): Pick<CustomTool, "grammar"> {
  if ((syntax !== "lark" && syntax !== "regex") || typeof definition !== "string") return {}
  return { grammar: { syntax, definition } }
}

/** The arguments of a call, which some clients send as an object. What is no JSON stays as it came. */
export function argumentsOf(value: unknown, path: string): Pick<ToolCallBlock, "arguments" | "rawArguments"> {
  if (isObject(value)) return { arguments: value }
  const parsed = parseArguments(optionalString(value, path) ?? "")
  return parsed.ok ? { arguments: parsed.value } : { arguments: {}, rawArguments: parsed.text }
}
