import type { CustomTool, FunctionTool, Json, Tool } from "../../model/tool.ts"
import {
  encodeChoice,
  schemaFormat,
  sentGrammar,
  toolHead,
  type EncodedTool,
  type ToldChoice,
} from "../openai/tool-encoding.ts"
import { inDialect } from "../../schema/dialect.ts"
import { objectRoot } from "../../schema/object-root.ts"
import { NOT_REPRESENTABLE, strictTool, type UsedStrictly } from "../../schema/strict-use.ts"
import { standIn } from "../stand-in.ts"
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
  // A choice may have taken the tools away.
  if (options.parallelToolCalls !== undefined && tools.length > 0 && fields["tools"] !== undefined) {
    if (compat.parallelToolCalls !== false) fields["parallel_tool_calls"] = options.parallelToolCalls
    else if (!options.parallelToolCalls) {
      lose("options.parallelToolCalls", "dropped", "The host cannot be told to make one call at a time.")
    }
  }
  return { fields, choice }
}

interface ChatTool extends EncodedTool {
  at: number
  /** The function that it is, or that stands in for it. */
  tool?: FunctionTool
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
      if (tool.api === API) return [{ name: nameOf(tool.item), body: tool.item as ChatBody, at }]
      lose(`tools[${at}]`, "dropped", `A tool of ${tool.api} is not known to this wire.`)
      return []
    case "custom":
      if (compat.customTools) return [{ name: tool.name, body: customTool(tool), at }]
      lose(`tools[${at}]`, "approximated", "The host has no grammar tools: a function with one text stands in.")
      return [chatFunction(encoding, standIn(tool), at)]
    default:
      return [chatFunction(encoding, tool, at)]
  }
}

function nameOf(item: Record<string, unknown>): string {
  const inner = isObject(item["function"]) ? item["function"] : isObject(item["custom"]) ? item["custom"] : item
  return typeof inner["name"] === "string" ? inner["name"] : ""
}

function chatFunction({ compat }: Encoding, tool: FunctionTool, at: number): ChatTool {
  const parameters = inDialect(objectRoot(tool.parameters), compat.schemas) as Json
  return { name: tool.name, body: { type: "function", function: { ...toolHead(tool), parameters } }, at, tool }
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

/**
 * Makes tools strict where host and schemas allow it, and puts on record what that costs. A host that refused it once
 * is not asked again.
 */
function alignStrict({ call, compat, lose }: Encoding, tools: readonly ChatTool[]): void {
  const mode = learned(call, "strictTools") === false ? "none" : (compat.strictTools ?? "none")
  const functions = tools.flatMap(({ tool, body, at }) => {
    if (!tool) return []
    const strict = mode === "none" ? undefined : strictTool(tool, compat.strictValidators)
    return [{ tool, fn: body["function"] as ChatBody, field: `tools[${at}]`, strict }]
  })
  const allOrNone = mode === "all-or-none" && !functions.every(({ strict }) => strict)
  for (const { tool, fn, field, strict } of functions) {
    if (strict && !allOrNone) {
      fn["parameters"] = strict.schema as Json
      fn["strict"] = true
      if (strict.reason !== undefined) lose(`${field}.parameters`, "approximated", strict.reason)
      continue
    }
    if (fn["parameters"] !== tool.parameters) {
      lose(`${field}.parameters`, "approximated", "The schema was put into the words that the host reads.")
    }
    if (tool.strict === true) lose(`${field}.strict`, "dropped", whyNot(mode, strict))
    // Where it can be said of each tool, what goes out as it is is not left to the host.
    if (mode === "per-tool" && tool.strict !== undefined) fn["strict"] = false
  }
}

function whyNot(mode: NonNullable<Encoding["compat"]["strictTools"]>, strict: UsedStrictly | undefined): string {
  if (mode === "none") return "The host does not hold a model to a tool's schema."
  return strict ? "The host takes all tools strict or none, and one of them cannot be." : NOT_REPRESENTABLE
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
export function encodeOutput(encoding: Encoding): ChatBody {
  const { call, compat, lose } = encoding
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
      json_schema: schemaFormat(encoding, output),
    },
  }
}
