import type { CustomTool, FunctionTool, Json, JsonSchema, Tool } from "../../model/tool.ts"
import { isStrictSchema, schemaName, standIn } from "../tool-schema.ts"
import { API, isObject, learned, type ChatBody, type Encoding } from "./types.ts"

/** Tools and tool choice as they go out. */
export interface EncodedTools {
  fields: ChatBody
  /** What the host is told about using them. */
  choice: "absent" | "free" | "forced"
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
  const choice = encodeChoice(encoding, tools, fields)
  if (options.parallelToolCalls !== undefined && tools.length > 0) {
    if (compat.parallelToolCalls === false) lose("options.parallelToolCalls", "dropped", "The host has no such field.")
    else fields["parallel_tool_calls"] = options.parallelToolCalls
  }
  return { fields, choice }
}

interface EncodedTool {
  name: string
  body: ChatBody
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

function encodeTool(encoding: Encoding, tool: Tool, at: number): EncodedTool[] {
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
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description.toWellFormed() }),
      parameters: tool.parameters as Json,
    },
  }
}

function customTool(tool: CustomTool): ChatBody {
  return {
    type: "custom",
    custom: {
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description.toWellFormed() }),
      ...(tool.grammar ? { format: { type: "grammar", grammar: { ...tool.grammar } } } : {}),
    },
  }
}

/** Sets `strict` where host and schemas allow it; a host that refused it once is not asked again. */
function alignStrict(encoding: Encoding, tools: readonly EncodedTool[]): void {
  const { call, compat, lose } = encoding
  const mode = learned(call, "strictTools") === false ? "none" : (compat.strictTools ?? "none")
  const functions = tools.filter(({ body }) => isObject(body["function"]))
  const set = (tool: EncodedTool, strict: boolean): void => {
    const fn = tool.body["function"] as ChatBody
    fn["strict"] = strict
  }
  const refuse = (tool: EncodedTool, reason: string): void => {
    if (tool.wish === true) lose(`tools[${tool.at}].strict`, "dropped", reason)
  }
  if (mode === "none") {
    for (const tool of functions) refuse(tool, "The host does not hold a model to a tool's schema.")
    return
  }
  const can = (tool: EncodedTool): boolean =>
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

function encodeChoice(
  { call, compat, lose }: Encoding,
  tools: readonly EncodedTool[],
  fields: ChatBody,
): EncodedTools["choice"] {
  const choice = call.options.toolChoice
  if (choice === undefined) return "absent"
  if (tools.length === 0) {
    if (choice !== "none" && choice !== "auto") {
      lose("options.toolChoice", "dropped", "There is no tool that could be called.")
    }
    return "absent"
  }
  const named = typeof choice === "object" ? tools.find(({ name }) => name === choice.name) : undefined
  if (typeof choice === "object" && !named) {
    lose("options.toolChoice", "dropped", `There is no tool named ${choice.name}.`)
    return "absent"
  }
  if (compat.toolChoice === "none") {
    if (choice === "none") {
      lose("options.toolChoice", "approximated", "The host takes no tool choice: the tools were left out.")
      delete fields["tools"]
    } else if (choice !== "auto") lose("options.toolChoice", "dropped", "The host takes no tool choice.")
    return "absent"
  }
  if (choice === "auto" || choice === "none") {
    fields["tool_choice"] = choice
    return "free"
  }
  const thinks = call.options.reasoning !== "off" && call.model.thinking?.mandatory === true
  if (compat.refusesForcedTool || (thinks && compat.thinkingOffWithToolChoice === "forced")) {
    lose("options.toolChoice", "approximated", "The host refuses a forced tool: the model may choose.")
    fields["tool_choice"] = "auto"
    return "free"
  }
  if (choice === "required") fields["tool_choice"] = "required"
  else if (compat.toolChoice === "strings") {
    // "required" alone would let the model take another tool.
    fields["tools"] = [(named as EncodedTool).body]
    fields["tool_choice"] = "required"
    if (tools.length > 1) lose("tools", "approximated", `Only ${choice.name} was offered, as the host takes no name.`)
  } else {
    const custom = isObject(named?.body["custom"])
    fields["tool_choice"] = custom
      ? { type: "custom", custom: { name: choice.name } }
      : { type: "function", function: { name: choice.name } }
  }
  return "forced"
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
      json_schema: {
        name: schemaName(output.name ?? output.schema["title"]),
        ...(output.description === undefined ? {} : { description: output.description }),
        schema: output.schema satisfies JsonSchema as Json,
        ...(output.strict === undefined ? {} : { strict: output.strict }),
      },
    },
  }
}
