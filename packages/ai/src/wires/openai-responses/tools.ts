import type { CustomTool, FunctionTool, Json, Tool } from "../../model/tool.ts"
import { inDialect } from "../../schema/dialect.ts"
import { responsesSchema } from "../../schema/responses.ts"
import { NOT_REPRESENTABLE, strictTool, type UsedStrictly } from "../../schema/strict-use.ts"
import { encodeChoice, schemaFormat, sentGrammar, toolHead, type EncodedTool } from "../openai/tool-encoding.ts"
import { standIn } from "../stand-in.ts"
import { API, learned, text, type Body, type Encoding } from "./types.ts"

/** The fields `tools`, `tool_choice` and `parallel_tool_calls`. */
export function encodeTools(encoding: Encoding): Body {
  const { call, compat } = encoding
  const tools = (call.context.tools ?? []).flatMap((tool, i) => encodeTool(encoding, tool, i))
  const fields: Body = {}
  if (tools.length > 0) fields["tools"] = tools.map(({ body }) => body)
  encodeChoice(encoding, tools, fields, {
    refusesForced: compat.refusesForcedTool === true,
    named: ({ body }) => forced(body),
  })
  const parallel = call.options.parallelToolCalls
  if (parallel !== undefined && tools.length > 0) fields["parallel_tool_calls"] = parallel
  return fields
}

function encodeTool(encoding: Encoding, tool: Tool, at: number): EncodedTool[] {
  const { compat, lose } = encoding
  if (tool.cache) lose(`tools[${at}].cache`, "dropped", "The API has no cache marks.")
  switch (tool.type) {
    case "native":
      if (tool.api === API) {
        return [{ name: text(tool.item["name"]) || text(tool.item["type"]), body: tool.item as Body }]
      }
      lose(`tools[${at}]`, "dropped", `A tool of ${tool.api} is not known to this wire.`)
      return []
    case "custom":
      if (compat.customTools) return [{ name: tool.name, body: customTool(tool) }]
      lose(`tools[${at}]`, "approximated", "The host has no grammar tools: a function with one text stands in.")
      return functionTool(encoding, standIn(tool), at)
    default:
      return functionTool(encoding, tool, at)
  }
}

function functionTool(encoding: Encoding, tool: FunctionTool, at: number): EncodedTool[] {
  const { compat, lose } = encoding
  const { schema, changes, contradiction } = responsesSchema(tool.parameters)
  if (contradiction !== undefined) {
    const reason = `The tool ${tool.name} was left out: the values at ${contradiction} of its schema are not of their type.`
    lose(`tools[${at}]`, "dropped", reason)
    return []
  }
  const field = `tools[${at}].parameters`
  const strict = isStrictHost(encoding, tool, at) ? usedStrictly(encoding, tool, at) : undefined
  const written = inDialect(schema, compat.schemas)
  if (strict?.reason !== undefined) lose(field, "approximated", strict.reason)
  else if (!strict && changes.length > 0)
    lose(field, "approximated", `For the vendor's validator ${changes.join(", ")}.`)
  else if (!strict && written !== schema)
    lose(field, "approximated", "The schema was put into the words that the host reads.")
  const body: Body = {
    type: "function",
    ...toolHead(tool),
    parameters: (strict?.schema ?? written) as Json,
    ...(strict || saysNotStrict(encoding) ? { strict: strict !== undefined } : {}),
  }
  return [{ name: tool.name, body }]
}

/** The schema with which a tool is strict; `undefined` where it is not to be, or cannot. */
function usedStrictly({ compat, lose }: Encoding, tool: FunctionTool, at: number): UsedStrictly | undefined {
  if (tool.strict === undefined && compat.strictTools !== "per-tool") return undefined
  const used = strictTool(tool, compat.strictValidators)
  if (!used && tool.strict === true) lose(`tools[${at}].strict`, "dropped", NOT_REPRESENTABLE)
  return used
}

/** Whether the host holds a model to a tool's schema, and has not refused to. */
function isStrictHost({ call, compat, lose }: Encoding, tool: FunctionTool, at: number): boolean {
  const refused = learned(call, "strictTools")
  const isKnown = compat.strictTools === "per-tool" || compat.strictTools === "asked"
  if (isKnown && refused === undefined) return true
  if (tool.strict === true) {
    const reason =
      isKnown && refused === false
        ? "The host refused these tools as strict ones."
        : "The host does not hold a model to a tool's schema."
    lose(`tools[${at}].strict`, "dropped", reason)
  }
  return false
}

/**
 * Whether the host is told of a tool that it is not strict. Where the field is left out, the vendor makes a schema
 * strict by itself, and with it every argument required.
 *
 * @see https://platform.openai.com/docs/guides/function-calling#strict-mode
 */
function saysNotStrict({ call, compat }: Encoding): boolean {
  const isKnown = compat.strictTools === "per-tool" || compat.strictTools === "asked"
  return isKnown && learned(call, "strictTools") !== "unknown"
}

function customTool(tool: CustomTool): Body {
  return {
    type: "custom",
    ...toolHead(tool),
    ...(tool.grammar ? { format: { type: "grammar", ...sentGrammar(tool.grammar) } } : {}),
  }
}

/** The vendor's own tools are named by their type. */
function forced({ type, name, server_label }: Body): Body {
  if (type === "function" || type === "custom") return { type, name }
  return server_label === undefined ? { type } : { type, server_label }
}

/** The field `text`: the output's format and how much is said. */
export function encodeText(encoding: Encoding): Body {
  const { call, compat, lose } = encoding
  const { output, verbosity } = call.options
  const fields: Body = {}
  if (output && output.type !== "text") {
    if (compat.structuredOutput === false) {
      lose("options.output", "dropped", "The host cannot be held to a format.")
    } else if (output.type === "json") fields["format"] = { type: "json_object" }
    else if (learned(call, "structuredOutput") === "json_object") {
      lose("options.output", "approximated", "The host can be held to JSON, not to a schema.")
      fields["format"] = { type: "json_object" }
    } else {
      fields["format"] = { type: "json_schema", ...schemaFormat(encoding, output) }
    }
  }
  if (verbosity !== undefined) {
    if (learned(call, "verbosity") === false) lose("options.verbosity", "dropped", "The host refused it.")
    else fields["verbosity"] = verbosity
  }
  return Object.keys(fields).length === 0 ? {} : { text: fields }
}
