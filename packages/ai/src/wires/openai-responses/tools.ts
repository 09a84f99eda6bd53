import type { CustomTool, FunctionTool, Json, Tool } from "../../model/tool.ts"
import { isStrictSchema, schemaName, standIn } from "../tool-schema.ts"
import { toolSchema } from "./schema.ts"
import { API, learned, text, type Body, type Encoding } from "./types.ts"

interface EncodedTool {
  name: string
  body: Body
}

/** The fields `tools`, `tool_choice` and `parallel_tool_calls`. */
export function encodeTools(encoding: Encoding): Body {
  const { call, lose } = encoding
  const tools = (call.context.tools ?? []).flatMap((tool, i) => encodeTool(encoding, tool, i))
  const fields: Body = {}
  if (tools.length > 0) fields["tools"] = tools.map(({ body }) => body)
  encodeChoice(encoding, tools, fields)
  const parallel = call.options.parallelToolCalls
  if (parallel !== undefined) {
    if (tools.length > 0) fields["parallel_tool_calls"] = parallel
    else lose("options.parallelToolCalls", "dropped", "There is no tool that could be called.")
  }
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
  const { schema, changes, contradiction } = toolSchema(tool.parameters)
  if (contradiction !== undefined) {
    const reason = `The tool ${tool.name} was left out: the values at ${contradiction} of its schema are not of their type.`
    encoding.lose(`tools[${at}]`, "dropped", reason)
    return []
  }
  if (changes.length > 0) {
    encoding.lose(`tools[${at}].parameters`, "approximated", `For the vendor's validator ${changes.join(", ")}.`)
  }
  const strict = strictOf(encoding, tool, at)
  const body: Body = {
    type: "function",
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description.toWellFormed() }),
    parameters: schema,
    ...(strict === undefined ? {} : { strict }),
  }
  return [{ name: tool.name, body }]
}

/**
 * Whether a tool is strict. Where the field is left out, the vendor makes a schema strict by itself, and with it
 * every argument required: so what is not strict is said not to be.
 *
 * @see https://platform.openai.com/docs/guides/function-calling#strict-mode
 */
function strictOf({ call, compat, lose }: Encoding, tool: FunctionTool, at: number): boolean | undefined {
  const refused = learned(call, "strictTools")
  if (compat.strictTools === "per-tool" && refused !== "unknown") {
    if (refused !== false) return tool.strict ?? isStrictSchema(tool.parameters)
    if (tool.strict === true) lose(`tools[${at}].strict`, "dropped", "The host refused these tools as strict ones.")
    return false
  }
  if (tool.strict === true) {
    lose(`tools[${at}].strict`, "dropped", "The host does not hold a model to a tool's schema.")
  }
  return undefined
}

function customTool(tool: CustomTool): Body {
  return {
    type: "custom",
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description.toWellFormed() }),
    ...(tool.grammar ? { format: { type: "grammar", ...tool.grammar } } : {}),
  }
}

function encodeChoice({ call, compat, lose }: Encoding, tools: readonly EncodedTool[], fields: Body): void {
  const choice = call.options.toolChoice
  if (choice === undefined) return
  if (tools.length === 0) {
    if (choice !== "none" && choice !== "auto") {
      lose("options.toolChoice", "dropped", "There is no tool that could be called.")
    }
    return
  }
  const named = typeof choice === "object" ? tools.find(({ name }) => name === choice.name) : undefined
  if (typeof choice === "object" && !named) {
    lose("options.toolChoice", "dropped", `There is no tool named ${choice.name}.`)
    return
  }
  if (compat.toolChoice === "none") {
    if (choice === "none") {
      lose("options.toolChoice", "approximated", "The host takes no tool choice: the tools were left out.")
      delete fields["tools"]
    } else if (choice !== "auto") lose("options.toolChoice", "dropped", "The host takes no tool choice.")
    return
  }
  if (choice === "auto" || choice === "none") {
    fields["tool_choice"] = choice
  } else if (compat.refusesForcedTool) {
    lose("options.toolChoice", "approximated", "The host refuses a forced tool: the model may choose.")
    fields["tool_choice"] = "auto"
  } else if (named === undefined) {
    fields["tool_choice"] = "required"
  } else if (compat.toolChoice === "strings") {
    // "required" alone would let the model take another tool.
    fields["tools"] = [named.body]
    fields["tool_choice"] = "required"
    if (tools.length > 1) lose("tools", "approximated", `Only ${named.name} was offered, as the host takes no name.`)
  } else fields["tool_choice"] = forced(named.body)
}

/** The vendor's own tools are named by their type. */
function forced({ type, name, server_label }: Body): Body {
  if (type === "function" || type === "custom") return { type, name }
  return server_label === undefined ? { type } : { type, server_label }
}

/** The field `text`: the output's format and how much is said. */
export function encodeText({ call, compat, lose }: Encoding): Body {
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
      fields["format"] = {
        type: "json_schema",
        name: schemaName(output.name ?? output.schema["title"]),
        ...(output.description === undefined ? {} : { description: output.description }),
        schema: output.schema as Json,
        ...(output.strict === undefined ? {} : { strict: output.strict }),
      }
    }
  }
  if (verbosity !== undefined) {
    if (learned(call, "verbosity") === false) lose("options.verbosity", "dropped", "The host refused it.")
    else fields["verbosity"] = verbosity
  }
  return Object.keys(fields).length === 0 ? {} : { text: fields }
}
