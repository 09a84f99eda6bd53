import type { OutputFormat } from "../../model/options.ts"
import type { Tool, ToolChoice } from "../../model/tool.ts"
import type { Lose } from "../openai/accept-fields.ts"
import { acceptSchema } from "../openai/accept-format.ts"
import { invalid, readArray, readObject, readString } from "../openai/accept-readers.ts"
import { acceptCustom, acceptFunction } from "../openai/accept-tool-fields.ts"
import { API, isObject, type Obj } from "./types.ts"

/** Reads `tools`. Absent and empty differ. Tools of other types are kept for hosts of the same wire. */
export function acceptTools(value: unknown): readonly Tool[] | undefined {
  if (value === undefined || value === null) return undefined
  return readArray(value, "tools").map((entry, i): Tool => {
    const path = `tools[${i}]`
    const tool = readObject(entry, path)
    switch (readString(tool["type"], `${path}.type`)) {
      case "function":
        return acceptFunction(tool, path)
      case "custom":
        return acceptCustom(tool, path)
      default:
        return { type: "native", api: API, item: tool }
    }
  })
}

/** What was read of `tool_choice`. */
export interface AcceptedChoice {
  choice?: ToolChoice
  tools?: readonly Tool[]
  /** A choice that only hosts of this wire know, as it came. */
  own?: Obj
}

/** Reads `tool_choice`. May narrow the tools. */
export function acceptToolChoice(value: unknown, tools: readonly Tool[] | undefined): AcceptedChoice {
  const kept = tools ? { tools } : {}
  if (value === undefined || value === null) return kept
  if (typeof value === "string") {
    if (value === "auto" || value === "none" || value === "required") return { ...kept, choice: value }
    throw invalid("tool_choice", `expected auto, none, required or an object, got "${value.slice(0, 40)}"`)
  }
  const choice = readObject(value, "tool_choice")
  switch (readString(choice["type"], "tool_choice.type")) {
    case "function":
    case "custom":
      return { ...kept, choice: { name: readString(choice["name"], "tool_choice.name") } }
    case "allowed_tools":
      return allowedTools(choice, tools)
    default:
      return { ...kept, own: choice }
  }
}

function allowedTools(choice: Obj, tools: readonly Tool[] | undefined): AcceptedChoice {
  const entries = readArray(choice["tools"], "tool_choice.tools").filter(isObject)
  const names = new Set(entries.map((entry) => entry["name"]))
  const types = new Set(entries.map((entry) => entry["type"]))
  const allowed = (tool: Tool): boolean =>
    tool.type === "native" ? types.has(tool.item["type"]) : names.has(tool.name)
  return {
    choice: choice["mode"] === "required" ? "required" : "auto",
    ...(tools ? { tools: tools.filter(allowed) } : {}),
  }
}

/** Reads `text.format`. */
export function acceptFormat(value: unknown, lose: Lose): OutputFormat | undefined {
  if (value === undefined || value === null) return undefined
  const path = "text.format"
  const format = readObject(value, path)
  const type = readString(format["type"], `${path}.type`)
  if (type === "text") return { type: "text" }
  if (type === "json_object") return { type: "json" }
  if (type !== "json_schema") {
    lose(path, `A format of type ${type.slice(0, 40)} is not known.`)
    return undefined
  }
  return acceptSchema(format, path)
}
