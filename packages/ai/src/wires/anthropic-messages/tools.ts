import type { MessagesCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { CustomTool, FunctionTool, Tool, ToolChoice } from "../../model/tool.ts"
import { learned } from "./facts.ts"
import type { Losses } from "../losses.ts"
import { normaliseSchema } from "./schema.ts"
import { API, type Marks, type WireTool, type WireToolChoice } from "./types.ts"

/** Limits of strict tools in one request. */
const STRICT = { tools: 20, optional: 24, unions: 16 } as const
/** Keywords with which a schema is not held to strictly. */
const NOT_STRICT = /"(?:oneOf|allOf|\$ref|patternProperties|propertyNames)":/

/** The tools of a request. `marks` takes the caller's cache marks. */
export function encodeTools(call: Call, losses: Losses, marks: Marks): WireTool[] | undefined {
  const { tools } = call.context
  if (!tools) return undefined
  const strict = new StrictBudget(call)
  const compat = call.model.compat.messages ?? {}
  const eager = compat.eagerToolInput === true && !learned(call, "noEagerToolInput")
  const wire: WireTool[] = []
  tools.forEach((tool, index) => {
    const encoded = encodeTool(tool, { path: `tools[${index}]`, strict, losses })
    if (!encoded) return
    if (eager && tool.type !== "native") encoded["eager_input_streaming"] = true
    if (tool.cache) marks.set(encoded, tool.cache)
    wire.push(encoded)
  })
  return wire
}

interface ToolTarget {
  path: string
  strict: StrictBudget
  losses: Losses
}

function encodeTool(tool: Tool, target: ToolTarget): WireTool | undefined {
  switch (tool.type) {
    case "native":
      if (tool.api === API) return { ...tool.item }
      target.losses.dropped(target.path, `Only ${tool.api} knows this tool.`)
      return undefined
    case "custom":
      target.losses.approximated(
        target.path,
        "A tool without a schema takes its text as `input`; the grammar is advice.",
      )
      return grammarTool(tool)
    default:
      return functionTool(tool, target)
  }
}

function functionTool(tool: FunctionTool, { path, strict, losses }: ToolTarget): WireTool {
  const wanted = tool.strict === true
  const schema = normaliseSchema(tool.parameters, { close: wanted })
  const isStrict = wanted && strict.admits(tool, schema)
  if (wanted && !isStrict) losses.dropped(`${path}.strict`, "The host or its limits do not let this tool be strict.")
  const { schema: input, changed } = wanted && !isStrict ? normaliseSchema(tool.parameters) : schema
  if (changed) losses.approximated(`${path}.parameters`, "Keywords that the API refuses were moved into descriptions.")
  return {
    name: tool.name,
    description: tool.description ?? "",
    input_schema: input,
    ...(isStrict ? { strict: true } : {}),
  }
}

function grammarTool(tool: CustomTool): WireTool {
  const rule = tool.grammar
    ? `The text must follow this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`
    : ""
  return {
    name: tool.name,
    description: [tool.description ?? "", rule].filter((part) => part !== "").join("\n\n"),
    input_schema: { type: "object", properties: { input: { type: "string" } }, required: ["input"] },
  }
}

/** What strict tools may still use of a request's limits. */
class StrictBudget {
  readonly #allowed: boolean
  #tools: number = STRICT.tools
  #optional: number = STRICT.optional
  #unions: number = STRICT.unions

  constructor(call: Call) {
    this.#allowed = call.model.compat.messages?.strictTools === true && !learned(call, "noStrictTools")
  }

  admits(tool: FunctionTool, schema: { open: boolean; optional: number; unions: number }): boolean {
    if (!this.#allowed || schema.open || this.#tools === 0 || NOT_STRICT.test(shown(tool.parameters))) return false
    if (schema.optional > this.#optional || schema.unions > this.#unions) return false
    this.#tools--
    this.#optional -= schema.optional
    this.#unions -= schema.unions
    return true
  }
}

/** A schema's text; one that contains itself needs references and so is not strict. */
function shown(schema: object): string {
  try {
    return JSON.stringify(schema)
  } catch {
    return '"$ref":'
  }
}

/** The tool choice to send, and whether it forces a call. */
export interface PlannedChoice {
  choice?: WireToolChoice
  forced: boolean
}

/**
 * The tool choice. A host or a model that must think does not take a forced one: it becomes `auto`.
 * `disable_parallel_tool_use` is only sent where the caller asked for one call at a time.
 */
export function planToolChoice(call: Call, losses: Losses): PlannedChoice {
  const { toolChoice, parallelToolCalls } = call.options
  const compat: MessagesCompat = call.model.compat.messages ?? {}
  if (!call.context.tools?.length) {
    if (toolChoice !== undefined && toolChoice !== "auto" && toolChoice !== "none") {
      losses.dropped("options.toolChoice", "There are no tools to choose from.")
    }
    return { forced: false }
  }
  let choice = spelled(toolChoice)
  const force = choice?.type === "any" || choice?.type === "tool"
  if (force && (compat.refusesForcedTool || call.model.thinking?.mandatory)) {
    losses.approximated("options.toolChoice", "The model refuses a forced tool; it is free to choose.")
    choice = { type: "auto" }
  }
  if (parallelToolCalls === false && choice?.type !== "none") {
    choice = { ...(choice ?? { type: "auto" }), disable_parallel_tool_use: true }
  }
  return { forced: choice?.type === "any" || choice?.type === "tool", ...(choice ? { choice } : {}) }
}

function spelled(choice: ToolChoice | undefined): WireToolChoice | undefined {
  if (choice === undefined) return undefined
  if (typeof choice === "object") return { type: "tool", name: choice.name }
  return { type: choice === "required" ? "any" : choice }
}
