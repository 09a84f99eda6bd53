import type { Call } from "../../contract/wire-client.ts"
import { schemaName } from "../tool-schema.ts"
import { learned } from "./facts.ts"
import type { Losses } from "../losses.ts"
import { toolSpec } from "./tool-spec.ts"
import type { Item, WireBlock } from "./types.ts"

/** Name of the tool that stands in for an output format. */
const OUTPUT_TOOL = "structured_output"

/** How a request asks for the shape of the answer. */
export type OutputPlan =
  /** `outputConfig.textFormat`. */
  | { how: "format"; config: Item }
  /** A tool that the model is forced to call; its arguments are the answer's text. */
  | { how: "tool"; tool: WireBlock; name: string }
  /** A sentence in the system prompt. */
  | { how: "instruction"; text: string }

/**
 * How the answer is held to a shape: by the host where it can; else by a forced tool, where the request has no tools
 * of its own and no thinking; else by asking for it.
 */
export function planOutput(call: Call): OutputPlan | undefined {
  const { output } = call.options
  if (!output || output.type === "text") return undefined
  const alone = "Answer with JSON alone: no other text and no code fence."
  if (output.type === "json") return { how: "instruction", text: alone }
  const { schema, description } = output
  if (call.model.compat.converse?.structuredOutput && !learned(call, "noStructuredOutput")) {
    const jsonSchema = {
      name: schemaName(output.name),
      ...(description === undefined ? {} : { description }),
      schema: JSON.stringify(schema),
    }
    return { how: "format", config: { textFormat: { type: "json_schema", structure: { jsonSchema } } } }
  }
  if (takesTool(call) && schema["type"] === "object") {
    const tool = toolSpec({
      name: OUTPUT_TOOL,
      description: description ?? "Give the answer in this form.",
      parameters: schema,
    })
    return { how: "tool", name: OUTPUT_TOOL, tool }
  }
  return {
    how: "instruction",
    text: `${alone} The JSON must be valid against this schema:\n${JSON.stringify(schema)}`,
  }
}

/** The tool whose calls are the answer's text, if the request has one. */
export function outputTool(call: Call): string | undefined {
  const plan = planOutput(call)
  return plan?.how === "tool" ? plan.name : undefined
}

/** Names what an output format loses on this model. */
export function outputLosses(plan: OutputPlan | undefined, losses: Losses): void {
  if (plan?.how === "tool") losses.approximated("options.output", "A forced tool stands in for the output format.")
  if (plan?.how === "instruction") losses.approximated("options.output", "The shape is asked for, not enforced.")
}

function takesTool(call: Call): boolean {
  const { model, options, context } = call
  const { reasoning, thinkingBudget, toolChoice } = options
  const compat = model.compat.converse ?? {}
  const thinks = model.thinking?.mandatory || thinkingBudget !== undefined || (reasoning ?? "off") !== "off"
  const refused = (compat.toolChoice ?? "all") !== "all" || compat.refusesForcedTool || learned(call, "noForcedTool")
  return !context.tools?.length && !thinks && !refused && toolChoice !== "none"
}
