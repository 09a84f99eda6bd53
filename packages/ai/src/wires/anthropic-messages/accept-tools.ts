import type { CallOptions } from "../../model/options.ts"
import type { Tool } from "../../model/tool.ts"
import type { Losses } from "../../model/losses.ts"
import {
  cacheOf,
  isAbsent,
  optionalFlag,
  optionalItem,
  optionalText,
  readItem,
  readList,
  readText,
  refuse,
} from "./accept-readers.ts"
import { API } from "./types.ts"

/** Fields of a tool that our tools have no place for. */
const UNKNOWN_FIELDS = ["defer_loading", "eager_input_streaming", "input_examples", "allowed_callers"] as const

/** The tools of a request. Types that we do not know are kept for hosts of the same wire. */
export function acceptTools(value: unknown, losses: Losses): Tool[] | undefined {
  if (isAbsent(value)) return undefined
  return readList(value, "tools").map((entry, index) => acceptTool(entry, `tools[${index}]`, losses))
}

function acceptTool(entry: unknown, path: string, losses: Losses): Tool {
  const tool = readItem(entry, path)
  const type = optionalText(tool["type"], `${path}.type`)
  if (type !== undefined && type !== "custom") {
    return { type: "native", api: API, item: tool }
  }
  for (const field of UNKNOWN_FIELDS) {
    if (!isAbsent(tool[field])) losses.dropped(`${path}.${field}`, "Only this wire has the field.")
  }
  const description = optionalText(tool["description"], `${path}.description`)
  const strict = optionalFlag(tool["strict"], `${path}.strict`)
  return {
    name: readText(tool["name"], `${path}.name`),
    ...(description ? { description } : {}),
    parameters: readItem(tool["input_schema"], `${path}.input_schema`),
    ...(strict === undefined ? {} : { strict }),
    ...cacheOf(tool, path),
  }
}

/** The tool choice as options. */
export function acceptToolChoice(value: unknown): Pick<CallOptions, "toolChoice" | "parallelToolCalls"> {
  const choice = optionalItem(value, "tool_choice")
  if (!choice) return {}
  const single = optionalFlag(choice["disable_parallel_tool_use"], "tool_choice.disable_parallel_tool_use")
  const parallel = single ? { parallelToolCalls: false } : {}
  switch (readText(choice["type"], "tool_choice.type")) {
    case "auto":
      return { toolChoice: "auto", ...parallel }
    case "any":
      return { toolChoice: "required", ...parallel }
    case "none":
      return { toolChoice: "none" }
    case "tool":
      return { toolChoice: { name: readText(choice["name"], "tool_choice.name") }, ...parallel }
    default:
      return refuse("tool_choice.type", "must be auto, any, tool or none.")
  }
}
