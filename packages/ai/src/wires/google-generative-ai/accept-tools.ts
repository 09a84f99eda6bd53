import type { CallOptions } from "../../model/options.ts"
import type { JsonSchema, Tool } from "../../model/tool.ts"
import {
  below,
  camelCase,
  get,
  itemOf,
  listOf,
  readItem,
  readList,
  readText,
  refuse,
  textOf,
  wordOf,
} from "./accept-readers.ts"
import { jsonSchema } from "./accept-schema.ts"
import type { Losses } from "../../model/losses.ts"
import { API, type Obj } from "./types.ts"

/** The tools of a request. One entry may hold many functions and several tools that the host runs. */
export function acceptTools(body: Obj, losses: Losses): Tool[] | undefined {
  const list = listOf(body, "tools", "")
  return list?.flatMap((value, index) => {
    const path = `tools[${index}]`
    return Object.entries(readItem(value, path)).flatMap(([given, held]): Tool[] => {
      const name = camelCase(given)
      if (held === null || held === undefined) return []
      if (name !== "functionDeclarations") return [{ type: "native", api: API, item: { [name]: held } }]
      return readList(held, below(path, name)).map((one, i) => acceptFunction(one, `${path}.${name}[${i}]`, losses))
    })
  })
}

function acceptFunction(value: unknown, path: string, losses: Losses): Tool {
  const declared = readItem(value, path)
  const description = textOf(declared, "description", path)
  for (const field of ["response", "responseJsonSchema"]) {
    if (get(declared, field) !== undefined) losses.dropped(below(path, field), "Only this wire describes results.")
  }
  if (wordOf(declared, "behavior", path) === "NON_BLOCKING") {
    losses.dropped(`${path}.behavior`, "Results are waited for.")
  }
  const name = readText(declared["name"], `${path}.name`)
  if (name === "") refuse(`${path}.name`, "must name a function.")
  return { name, ...(description ? { description } : {}), parameters: parametersOf(declared, path) }
}

function parametersOf(declared: Obj, path: string): JsonSchema {
  const given = itemOf(declared, "parametersJsonSchema", path)
  if (given) return given
  const parameters = itemOf(declared, "parameters", path)
  return parameters ? jsonSchema(parameters) : { type: "object", properties: {} }
}

/** What was read of `toolConfig`. */
export interface AcceptedToolConfig {
  options: Pick<CallOptions, "toolChoice">
  tools?: Tool[]
  /** What of the field only hosts of the same wire know, as it came. */
  own?: Obj
}

/** Reads `toolConfig`. Where only some functions are allowed, the others are not offered. */
export function acceptToolConfig(body: Obj, tools: Tool[] | undefined, losses: Losses): AcceptedToolConfig {
  const kept = tools ? { tools } : {}
  const config = itemOf(body, "toolConfig", "")
  if (!config) return { options: {}, ...kept }
  const more = Object.entries(config).map(([name, value]) => [camelCase(name), value] as const)
  const others = Object.fromEntries(more.filter(([name]) => name !== "functionCallingConfig"))
  const own = Object.keys(others).length > 0 ? { own: others } : {}
  const calling = itemOf(config, "functionCallingConfig", "toolConfig")
  const path = "toolConfig.functionCallingConfig"
  const mode = calling && wordOf(calling, "mode", path)
  if (!calling || mode === undefined) return { options: {}, ...kept, ...own }
  const names = (listOf(calling, "allowedFunctionNames", path) ?? []).map((name, i) =>
    readText(name, `${path}.allowedFunctionNames[${i}]`),
  )
  const allowed = names.length > 1 && tools ? { tools: tools.filter((tool) => isAllowed(tool, names)) } : kept
  switch (mode) {
    case "AUTO":
      return { options: { toolChoice: "auto" }, ...kept, ...own }
    case "NONE":
      return { options: { toolChoice: "none" }, ...kept, ...own }
    case "ANY": {
      const [only] = names
      const single = names.length === 1 && only !== undefined
      return { options: { toolChoice: single ? { name: only } : "required" }, ...allowed, ...own }
    }
    case "VALIDATED":
      losses.approximated(`${path}.mode`, "That calls fit their schemas is left to the host.")
      return { options: { toolChoice: "auto" }, ...allowed, ...own }
    default:
      return refuse(`${path}.mode`, "must be AUTO, ANY, NONE or VALIDATED.")
  }
}

function isAllowed(tool: Tool, names: readonly string[]): boolean {
  return tool.type === "native" || names.includes(tool.name)
}
