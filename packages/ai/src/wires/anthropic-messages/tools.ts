import type { MessagesCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { CustomTool, FunctionTool, Tool, ToolChoice } from "../../model/tool.ts"
import { anthropicSchema, StrictBudget } from "../../schema/anthropic.ts"
import { grammarSchema } from "../../schema/grammar.ts"
import { learned } from "./facts.ts"
import type { Losses } from "../../model/losses.ts"
import { API, type Marks, type WireTool, type WireToolChoice } from "./types.ts"

/** The tools of a request. `marks` takes the caller's cache marks. */
export function encodeTools(call: Call, losses: Losses, marks: Marks): WireTool[] | undefined {
  const { tools } = call.context
  if (!tools) return undefined
  const compat = call.model.compat.messages ?? {}
  const strict = new StrictBudget(compat.strictTools === true && !learned(call, "noStrictTools"))
  const eager = compat.eagerToolInput === true && !learned(call, "noEagerToolInput")
  const wire: WireTool[] = []
  tools.forEach((tool, index) => {
    const encoded = encodeTool(tool, { path: `tools[${index}]`, strict, losses, grammar: compat.schemas === "grammar" })
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
  /** The host makes a grammar of schemas. */
  grammar: boolean
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

function functionTool(tool: FunctionTool, { path, strict, losses, grammar }: ToolTarget): WireTool {
  const wanted = tool.strict === true
  const schema = anthropicSchema(tool.parameters, { close: wanted })
  const isStrict = wanted && strict.admits(tool, schema)
  if (wanted && !isStrict) losses.dropped(`${path}.strict`, "The host or its limits do not let this tool be strict.")
  const { schema: input, changed } = wanted && !isStrict ? anthropicSchema(tool.parameters) : schema
  const written = grammar ? grammarSchema(input) : input
  if (changed) losses.approximated(`${path}.parameters`, "Keywords that the API refuses were moved into descriptions.")
  else if (written !== input) {
    losses.approximated(`${path}.parameters`, "The schema was put into the words that the host reads.")
  }
  return {
    name: tool.name,
    description: tool.description ?? "",
    input_schema: written,
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

/** The tool choice to send, and whether it forces a call. */
export interface PlannedChoice {
  choice?: WireToolChoice
  forced: boolean
}

/**
 * The tool choice among the tools that are sent. A host or a model that must think does not take a forced one: it becomes `auto`.
 * `disable_parallel_tool_use` is only sent where the caller asked for one call at a time.
 */
export function planToolChoice(call: Call, tools: readonly WireTool[], losses: Losses): PlannedChoice {
  const { toolChoice, parallelToolCalls } = call.options
  const compat: MessagesCompat = call.model.compat.messages ?? {}
  if (tools.length === 0) {
    if (toolChoice !== undefined && toolChoice !== "auto" && toolChoice !== "none") {
      losses.dropped("options.toolChoice", "There are no tools to choose from.")
    }
    return { forced: false }
  }
  const unknown = typeof toolChoice === "object" && !tools.some(({ name }) => name === toolChoice.name)
  if (unknown) losses.dropped("options.toolChoice", `There is no tool named ${toolChoice.name}.`)
  let choice = unknown ? undefined : spelled(toolChoice)
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
