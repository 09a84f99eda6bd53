import type { Call } from "../../contract/wire-client.ts"
import type { Tool } from "../../model/tool.ts"
import { anthropicSchema, StrictBudget } from "../../schema/anthropic.ts"
import { isSpilled } from "../../schema/bedrock.ts"
import { standIn } from "../stand-in.ts"
import type { EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import { outputTool, type OutputPlan } from "./output.ts"
import { toolSpec } from "./tool-spec.ts"
import { API, type Obj, type WireBlock } from "./types.ts"

/** Stands in for tools where a request has none and its conversation holds calls, which the API refuses. */
const PLACEHOLDER = "__no_tools__"

/** The tools of a request and the choice among them. */
export interface ToolPlan {
  tools: WireBlock[]
  choice?: Obj
  /** The choice forces a call, beside which models do not think. */
  forced: boolean
}

/** The name of the tool that stands in for those that a request has not; `undefined` where none is needed. */
export function placeholderTool(call: Call): string | undefined {
  const { tools, messages } = call.context
  if (tools?.some((tool) => tool.type !== "native" || tool.api === API) || outputTool(call) !== undefined)
    return undefined
  const called = messages.some(
    (message) =>
      message.role === "toolResult" ||
      (message.role === "assistant" && message.content.some((block) => block.type === "toolCall")),
  )
  return called ? PLACEHOLDER : undefined
}

/** The tools of a request and what it says of their use. */
export function planTools(state: EncodeState, output: OutputPlan | undefined): ToolPlan {
  const { call, losses } = state
  if (output?.how === "tool") {
    return { tools: [output.tool], choice: { tool: { name: output.name } }, forced: true }
  }
  const budget = new StrictBudget(state.compat.strictTools === true && !learned(call, "noStrictTools"))
  const tools = (call.context.tools ?? []).flatMap((tool, index) => encodeTool(tool, `tools[${index}]`, state, budget))
  if (tools.length > 0) return { tools, ...planChoice(tools, state) }
  const { toolChoice } = call.options
  if (toolChoice !== undefined && toolChoice !== "auto" && toolChoice !== "none") {
    losses.dropped("options.toolChoice", "There are no tools to choose from.")
  }
  const name = placeholderTool(call)
  if (name === undefined) return { tools, forced: false }
  losses.injected("tools", "The API wants a tool where the conversation holds calls; calls of it are not passed on.")
  const description = "There are no tools in this request. Never call this one; answer in text."
  return { tools: [toolSpec({ name, description, parameters: { type: "object", properties: {} } })], forced: false }
}

function encodeTool(tool: Tool, path: string, { losses, marks }: EncodeState, budget: StrictBudget): WireBlock[] {
  let wire: WireBlock
  if (tool.type === "native") {
    if (tool.api !== API) {
      losses.dropped(path, `Only ${tool.api} knows this tool.`)
      return []
    }
    wire = { ...tool.item }
  } else if (tool.type === "custom") {
    losses.approximated(path, "A tool without a schema takes its text as `input`; the grammar is advice.")
    wire = toolSpec(standIn(tool))
  } else {
    // What the models that take strict tools can be held to is the same as on their vendor's own host.
    const strict = anthropicSchema(tool.parameters, { close: true })
    const isStrict = tool.strict === true && budget.admits(tool, strict)
    if (tool.strict === true && !isStrict)
      losses.dropped(`${path}.strict`, "The model does not take it, or not for this schema.")
    if (isStrict ? strict.changed : isSpilled(tool.parameters)) {
      losses.approximated(`${path}.parameters`, "What the API refuses in a schema was moved into descriptions.")
    }
    wire = toolSpec(tool, isStrict ? strict.schema : undefined)
  }
  if (tool.cache) marks.set(wire, tool.cache)
  return [wire]
}

function planChoice(
  tools: readonly WireBlock[],
  { call, compat, losses }: EncodeState,
): Pick<ToolPlan, "choice" | "forced"> {
  const { toolChoice, parallelToolCalls } = call.options
  if (parallelToolCalls === false) losses.dropped("options.parallelToolCalls", "The API has no field for it.")
  if (toolChoice === undefined) return { forced: false }
  if (typeof toolChoice === "object" && !tools.some((tool) => nameOf(tool) === toolChoice.name)) {
    losses.dropped("options.toolChoice", `There is no tool named ${toolChoice.name}.`)
    return { forced: false }
  }
  if (toolChoice === "none") {
    losses.approximated("options.toolChoice", "The API cannot forbid calls; the tools stay, and no choice is sent.")
    return { forced: false }
  }
  if (toolChoice === "auto") return { choice: { auto: {} }, forced: false }
  const free = compat.toolChoice === "auto" || compat.refusesForcedTool || learned(call, "noForcedTool")
  if (free || call.model.thinking?.mandatory) {
    losses.approximated("options.toolChoice", "The model refuses a forced tool; it is free to choose.")
    return { choice: { auto: {} }, forced: false }
  }
  if (typeof toolChoice === "object" && compat.toolChoice !== "any") {
    return { choice: { tool: { name: toolChoice.name } }, forced: true }
  }
  if (typeof toolChoice === "object") {
    losses.approximated("options.toolChoice", "The model takes no named tool; it must call one, whichever.")
  }
  return { choice: { any: {} }, forced: true }
}

/** The name under which a tool is called; of a system tool its own. */
function nameOf(tool: WireBlock): unknown {
  const inner = tool["toolSpec"] ?? tool["systemTool"]
  return typeof inner === "object" && inner !== null ? (inner as Obj)["name"] : undefined
}
