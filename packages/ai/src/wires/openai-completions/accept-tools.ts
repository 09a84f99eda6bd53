import type { OutputFormat } from "../../model/options.ts"
import type { Tool, ToolChoice } from "../../model/tool.ts"
import type { Lose } from "../openai/accept-fields.ts"
import { acceptSchema } from "../openai/accept-format.ts"
import { invalid, optionalList, readArray, readObject, readString } from "../openai/accept-readers.ts"
import { acceptCustom, acceptFunction } from "../openai/accept-tool-fields.ts"
import { acceptMark } from "./accept-parts.ts"
import { API, isObject, type Obj } from "./types.ts"

/** Reads `tools` and the `functions` that came before them. Absent and empty differ. */
export function acceptTools(body: Obj): readonly Tool[] | undefined {
  const { tools, functions } = body
  if ((tools === undefined || tools === null) && (functions === undefined || functions === null)) return undefined
  return [
    ...optionalList(tools, "tools").map((tool, i) => acceptTool(tool, `tools[${i}]`)),
    ...optionalList(functions, "functions").map((fn, i) => functionOf(fn, `functions[${i}]`)),
  ]
}

function acceptTool(value: unknown, path: string): Tool {
  const tool = readObject(value, path)
  switch (readString(tool["type"], `${path}.type`)) {
    case "function":
      return { ...functionOf(tool["function"], `${path}.function`), ...acceptMark(tool) }
    case "custom":
      return acceptCustom(readObject(tool["custom"], `${path}.custom`), `${path}.custom`)
    default:
      return { type: "native", api: API, item: tool }
  }
}

function functionOf(value: unknown, path: string): Tool {
  return acceptFunction(readObject(value, path), path)
}

/** Reads `tool_choice`, or the `function_call` that came before it. May narrow the tools. */
export function acceptToolChoice(
  body: Obj,
  tools: readonly Tool[] | undefined,
  lose: Lose,
): { choice?: ToolChoice; tools?: readonly Tool[] } {
  const path =
    body["tool_choice"] === undefined && body["function_call"] !== undefined ? "function_call" : "tool_choice"
  const value = body[path]
  const kept = tools ? { tools } : {}
  if (value === undefined || value === null) return kept
  if (typeof value === "string") {
    if (value === "auto" || value === "none" || value === "required") return { ...kept, choice: value }
    if (value === "any") return { ...kept, choice: "required" }
    throw invalid(path, `expected auto, none, required or an object, got "${value.slice(0, 40)}"`)
  }
  const choice = readObject(value, path)
  if (choice["type"] === "allowed_tools") return allowedTools(choice, tools, `${path}.allowed_tools`)
  for (const inner of [choice["function"], choice["custom"], choice]) {
    if (isObject(inner) && typeof inner["name"] === "string") return { ...kept, choice: { name: inner["name"] } }
  }
  if (choice["type"] === "function") throw invalid(`${path}.function.name`, "expected the name of a tool")
  lose(path, "This choice of tools is not known.")
  return kept
}

function allowedTools(
  choice: Obj,
  tools: readonly Tool[] | undefined,
  path: string,
): { choice?: ToolChoice; tools?: readonly Tool[] } {
  const allowed = isObject(choice["allowed_tools"]) ? choice["allowed_tools"] : choice
  const listed = readArray(allowed["tools"], `${path}.tools`).flatMap((entry) => {
    if (!isObject(entry)) return []
    const inner = isObject(entry["function"]) ? entry["function"] : isObject(entry["custom"]) ? entry["custom"] : entry
    return typeof inner["name"] === "string" ? [inner["name"]] : []
  })
  const names = new Set(listed)
  return {
    choice: allowed["mode"] === "required" ? "required" : "auto",
    ...(tools ? { tools: tools.filter((tool) => tool.type === "native" || names.has(tool.name)) } : {}),
  }
}

/** Reads `response_format`. */
export function acceptOutput(value: unknown, lose: Lose): OutputFormat | undefined {
  if (value === undefined || value === null) return undefined
  const format = readObject(value, "response_format")
  const type = readString(format["type"], "response_format.type")
  if (type === "text") return { type: "text" }
  if (type === "json_object") {
    return isObject(format["schema"]) ? { type: "jsonSchema", schema: format["schema"] } : { type: "json" }
  }
  if (type !== "json_schema") {
    lose("response_format", `A format of type ${type.slice(0, 40)} is not known.`)
    return undefined
  }
  const path = "response_format.json_schema"
  const schema = readObject(format["json_schema"], path)
  return acceptSchema({ ...schema, schema: schema["schema"] ?? {} }, path)
}
