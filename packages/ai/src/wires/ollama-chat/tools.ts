import type { FunctionTool, Json, Tool } from "../../model/tool.ts"
import { ollamaSchema } from "../../schema/ollama.ts"
import { standIn } from "../stand-in.ts"
import { API, isObject, type Body, type EncodeState } from "./types.ts"

interface NamedTool {
  name: string
  body: Body
}

/**
 * The fields `tools` and `tool_choice`. Few hosts heed a choice, so that it is also said by which tools are offered:
 * none at all, or the named one alone.
 */
export function encodeTools(state: EncodeState): Body {
  const { call, losses } = state
  const tools = (call.context.tools ?? []).flatMap((tool, index) => encodeTool(tool, `tools[${index}]`, state))
  const { toolChoice: choice } = call.options
  if (tools.length === 0) {
    if (choice !== undefined && choice !== "auto" && choice !== "none") {
      losses.dropped("options.toolChoice", "There is no tool that could be called.")
    }
    return {}
  }
  const all = { tools: tools.map(({ body }) => body) }
  if (choice === undefined || choice === "auto") return all
  if (choice === "none") {
    losses.dropped("tools", "They were left out, as none of them may be called.")
    losses.dropped("options.toolChoice", "The tools were left out instead.")
    return {}
  }
  if (choice === "required") {
    losses.approximated("options.toolChoice", "Not every host heeds it.")
    return { ...all, tool_choice: "required" }
  }
  const named = tools.find(({ name }) => name === choice.name)
  if (!named) {
    losses.dropped("options.toolChoice", `There is no tool named ${choice.name}.`)
    return all
  }
  losses.approximated("options.toolChoice", "The API names no tool: it alone was offered, and a call asked for.")
  if (tools.length > 1) losses.approximated("tools", `Only ${choice.name} was offered.`)
  return { tools: [named.body], tool_choice: "required" }
}

function encodeTool(tool: Tool, path: string, { losses }: EncodeState): NamedTool[] {
  if (tool.cache) losses.dropped(`${path}.cache`, "The API has no cache marks.")
  switch (tool.type) {
    case "native":
      if (tool.api === API) return [{ name: nameOf(tool.item), body: tool.item as Body }]
      losses.dropped(path, `Only ${tool.api} knows this tool.`)
      return []
    case "custom":
      losses.approximated(path, "The API has no grammar tools: a function with one text stands in.")
      return [{ name: tool.name, body: functionTool(standIn(tool)).body }]
    default: {
      if (tool.strict === true) losses.dropped(`${path}.strict`, "Hosts do not hold a model to a tool's schema.")
      const { body, changed } = functionTool(tool)
      if (changed) losses.approximated(`${path}.parameters`, "The schema was put into the words that hosts read.")
      return [{ name: tool.name, body }]
    }
  }
}

function nameOf(item: Record<string, unknown>): string {
  const fn = item["function"]
  return isObject(fn) && typeof fn["name"] === "string" ? fn["name"] : ""
}

function functionTool({ name, description, parameters }: FunctionTool): { body: Body; changed: boolean } {
  const schema = ollamaSchema(parameters)
  const fn: Body = { name, description: description?.toWellFormed() ?? "", parameters: schema as Json }
  return { body: { type: "function", function: fn }, changed: schema !== parameters }
}
