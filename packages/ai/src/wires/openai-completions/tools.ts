import type { CustomTool, FunctionTool, Json, Tool } from "../../model/tool.ts"
import {
  encodeChoice,
  schemaFormat,
  sentGrammar,
  toolHead,
  type EncodedTool,
  type ToldChoice,
} from "../openai/tool-encoding.ts"
import { isStrictSchema, standIn } from "../tool-schema.ts"
import { API, isObject, learned, type ChatBody, type Encoding } from "./types.ts"

/** Tools and tool choice as they go out. */
export interface EncodedTools {
  fields: ChatBody
  /** What the host is told about using them. */
  choice: ToldChoice
}

/** The fields `tools`, `tool_choice` and `parallel_tool_calls`. */
export function encodeTools(encoding: Encoding): EncodedTools {
  const { call, compat, lose } = encoding
  const { options, context } = call
  const tools = (context.tools ?? []).flatMap((tool, i) => encodeTool(encoding, tool, i))
  alignStrict(encoding, tools)
  const fields: ChatBody = {}
  if (tools.length > 0) fields["tools"] = tools.map(({ body }) => body)
  else if (compat.emptyTools && hasCalls(encoding)) fields["tools"] = []
  const choice = choiceOf(encoding, tools, fields)
  if (options.parallelToolCalls !== undefined && tools.length > 0) {
    if (compat.parallelToolCalls === false) lose("options.parallelToolCalls", "dropped", "The host has no such field.")
    else fields["parallel_tool_calls"] = options.parallelToolCalls
  }
  return { fields, choice }
}

interface ChatTool extends EncodedTool {
  at: number
  /** What the author said. */
  wish: boolean | undefined
}

function hasCalls({ call }: Encoding): boolean {
  return call.context.messages.some(
    (message) =>
      message.role === "toolResult" ||
      (message.role === "assistant" && message.content.some((block) => block.type === "toolCall")),
  )
}

function encodeTool(encoding: Encoding, tool: Tool, at: number): ChatTool[] {
  const { compat, lose } = encoding
  if (tool.cache) lose(`tools[${at}].cache`, "dropped", "Cache marks stand on messages only.")
  switch (tool.type) {
    case "native":
      if (tool.api === API) return [{ name: nameOf(tool.item), body: tool.item as ChatBody, at, wish: undefined }]
      lose(`tools[${at}]`, "dropped", `A tool of ${tool.api} is not known to this wire.`)
      return []
    case "custom":
      if (compat.customTools) return [{ name: tool.name, body: customTool(tool), at, wish: undefined }]
      lose(`tools[${at}]`, "approximated", "The host has no grammar tools: a function with one text stands in.")
      return [{ name: tool.name, body: functionTool(standIn(tool)), at, wish: undefined }]
    default:
      return [{ name: tool.name, body: functionTool(tool), at, wish: tool.strict }]
  }
}

function nameOf(item: Record<string, unknown>): string {
  const inner = isObject(item["function"]) ? item["function"] : isObject(item["custom"]) ? item["custom"] : item
  return typeof inner["name"] === "string" ? inner["name"] : ""
}

function functionTool(tool: FunctionTool): ChatBody {
  return {
    type: "function",
    function: {
      ...toolHead(tool),
      parameters: tool.parameters as Json,
    },
  }
}

function customTool(tool: CustomTool): ChatBody {
  return {
    type: "custom",
    custom: {
      ...toolHead(tool),
      ...(tool.grammar ? { format: { type: "grammar", grammar: sentGrammar(tool.grammar) } } : {}),
    },
  }
}

/** Sets `strict` where host and schemas allow it; a host that refused it once is not asked again. */
function alignStrict(encoding: Encoding, tools: readonly ChatTool[]): void {
  const { call, compat, lose } = encoding
  const mode = learned(call, "strictTools") === false ? "none" : (compat.strictTools ?? "none")
  const functions = tools.filter(({ body }) => isObject(body["function"]))
  const set = (tool: ChatTool, strict: boolean): void => {
    const fn = tool.body["function"] as ChatBody
    fn["strict"] = strict
  }
  const refuse = (tool: ChatTool, reason: string): void => {
    if (tool.wish === true) lose(`tools[${tool.at}].strict`, "dropped", reason)
  }
  if (mode === "none") {
    for (const tool of functions) refuse(tool, "The host does not hold a model to a tool's schema.")
    return
  }
  const can = (tool: ChatTool): boolean =>
    tool.wish ?? isStrictSchema((tool.body["function"] as ChatBody)["parameters"])
  if (mode === "all-or-none") {
    const all = functions.every(can)
    for (const tool of functions) {
      if (all) set(tool, true)
      else refuse(tool, "The host takes all tools strict or none, and one of them cannot be.")
    }
    return
  }
  for (const tool of functions) {
    if (can(tool)) set(tool, true)
    else if (tool.wish === false) set(tool, false)
  }
}

function choiceOf(encoding: Encoding, tools: readonly ChatTool[], fields: ChatBody): ToldChoice {
  const { call, compat } = encoding
  const thinks = call.options.reasoning !== "off" && call.model.thinking?.mandatory === true
  return encodeChoice(encoding, tools, fields, {
    refusesForced: compat.refusesForcedTool === true || (thinks && compat.thinkingOffWithToolChoice === "forced"),
    named: ({ name, body }) =>
      isObject(body["custom"]) ? { type: "custom", custom: { name } } : { type: "function", function: { name } },
  })
}

/** The field `response_format`. */
export function encodeOutput({ call, compat, lose }: Encoding): ChatBody {
  const output = call.options.output
  if (!output || output.type === "text") return {}
  const mode = learned(call, "structuredOutput") ?? compat.structuredOutput ?? "json_schema"
  if (mode === "none") {
    lose("options.output", "dropped", "The host cannot be held to a format.")
    return {}
  }
  if (output.type === "json") return { response_format: { type: "json_object" } }
  if (mode === "json_object") {
    lose("options.output", "approximated", "The host can be held to JSON, not to a schema.")
    return { response_format: { type: "json_object" } }
  }
  return {
    response_format: {
      type: "json_schema",
      json_schema: schemaFormat(output),
    },
  }
}
