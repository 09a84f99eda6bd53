import type { FunctionTool, Tool, ToolChoice } from "../../model/tool.ts"
import { type GoogleForm, googleSchema } from "../../schema/google.ts"
import { standIn } from "../stand-in.ts"
import { loseMark, type EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { API, type FunctionDeclaration, type ToolConfig, type WireTool } from "./types.ts"

/** The tools of a request, and how they may be called. */
export interface EncodedTools {
  tools?: WireTool[]
  toolConfig?: ToolConfig
}

/** The fields `tools` and `toolConfig`. All functions stand in one list; the host takes no second one. */
export function encodeTools(state: EncodeState): EncodedTools {
  const functions: FunctionDeclaration[] = []
  const tools: WireTool[] = []
  ;(state.call.context.tools ?? []).forEach((tool, index) => {
    const path = `tools[${index}]`
    loseMark(tool.cache, path, state)
    if (tool.type === "native") {
      if (tool.api === API) tools.push({ ...tool.item })
      else state.losses.dropped(path, `Only ${tool.api} knows this tool.`)
      return
    }
    if (functions.length === 0) tools.push({ functionDeclarations: functions })
    functions.push(declaration(tool, path, state))
  })
  const config = encodeConfig(functions, state)
  return { ...(tools.length > 0 ? { tools } : {}), ...(config ? { toolConfig: config } : {}) }
}

function declaration(tool: Exclude<Tool, { type: "native" }>, path: string, state: EncodeState): FunctionDeclaration {
  if (tool.type !== "custom") return functionDeclaration(tool, path, state)
  state.losses.approximated(path, "The API has no grammar tools: a function with one text stands in.")
  return functionDeclaration(standIn(tool), path, state, true)
}

function functionDeclaration(tool: FunctionTool, path: string, state: EncodeState, own = false): FunctionDeclaration {
  const { losses } = state
  if (tool.strict === true) losses.dropped(`${path}.strict`, "The API does not hold a model to a tool's schema.")
  const form = schemaForm(state)
  const { schema, changed, lost } = googleSchema(tool.parameters, form)
  if (lost) losses.dropped(`${path}.parameters`, "The schema could not be written as the host takes it.")
  else if (changed && !own) {
    losses.approximated(
      `${path}.parameters`,
      "What the host refuses in a schema was merged or moved into descriptions.",
    )
  }
  return {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    ...(form === "json" ? { parametersJsonSchema: schema } : { parameters: schema }),
  }
}

/** The form of schemas that the host takes. */
export function schemaForm({ call, compat }: EncodeState): GoogleForm {
  const form = compat.schemas ?? "json"
  return form === "json" && learned(call, "noJsonSchema") ? "openapi" : form
}

/**
 * How tools may be called. The default goes without a word: some models answer it, where it is spelled out, with a plan
 * in JSON as text.
 */
function encodeConfig(functions: readonly FunctionDeclaration[], state: EncodeState): ToolConfig | undefined {
  const { call, compat, losses } = state
  const { toolChoice, parallelToolCalls } = call.options
  if (parallelToolCalls === false && functions.length > 0) {
    losses.dropped("options.parallelToolCalls", "The API has no field for it.")
  }
  if (functions.length === 0) {
    if (toolChoice !== undefined && toolChoice !== "auto" && toolChoice !== "none") {
      losses.dropped("options.toolChoice", "There are no functions to choose from.")
    }
    return undefined
  }
  const streams = compat.streamArguments === true && call.stream && !learned(call, "noStreamArguments")
  const unknown = typeof toolChoice === "object" && !functions.some(({ name }) => name === toolChoice.name)
  if (unknown) losses.dropped("options.toolChoice", `There is no function named ${toolChoice.name}.`)
  const config = {
    ...choice(unknown ? undefined : toolChoice),
    ...(streams ? { streamFunctionCallArguments: true } : {}),
  }
  return Object.keys(config).length > 0 ? { functionCallingConfig: config } : undefined
}

function choice(wanted: ToolChoice | undefined): NonNullable<ToolConfig["functionCallingConfig"]> {
  if (wanted === undefined || wanted === "auto") return {}
  if (wanted === "none") return { mode: "NONE" }
  return wanted === "required" ? { mode: "ANY" } : { mode: "ANY", allowedFunctionNames: [wanted.name] }
}
