import type { Call } from "../../contract/wire-client.ts"
import type { OutputFormat } from "../../model/options.ts"
import { learned } from "./facts.ts"
import type { Losses } from "../losses.ts"
import { normaliseSchema } from "./schema.ts"
import type { Item, WireTool } from "./types.ts"

/** Name of the tool that stands in for an output format. */
const OUTPUT_TOOL = "structured_output"

/** How a request asks for the shape of the answer. */
export type OutputPlan =
  /** `output_config.format`. */
  | { how: "format"; schema: Item }
  /** A tool that the model is forced to call; its arguments are the answer's text. */
  | { how: "tool"; tool: WireTool; name: string }
  /** A sentence in the system prompt. */
  | { how: "instruction"; text: string }

type JsonFormat = Exclude<OutputFormat, { type: "text" }>

/**
 * How the answer is held to a shape: by the host where it can; else by a forced tool, where the request has no tools
 * of its own and no thinking, which a forced call would rule out; else by asking for it.
 */
export function planOutput(call: Call): OutputPlan | undefined {
  const { output } = call.options
  if (!output || output.type === "text") return undefined
  if (output.type === "jsonSchema") {
    if (call.model.compat.messages?.structuredOutput && !learned(call, "noStructuredOutput")) {
      return { how: "format", schema: normaliseSchema(output.schema, { close: true, anyRoot: true }).schema }
    }
    if (takesTool(call) && output.schema["type"] === "object") {
      return {
        how: "tool",
        name: OUTPUT_TOOL,
        tool: {
          name: OUTPUT_TOOL,
          description: output.description ?? "Give the answer in this form.",
          input_schema: normaliseSchema(output.schema).schema,
        },
      }
    }
  }
  return { how: "instruction", text: instruction(output) }
}

/** The tool whose calls are the answer's text, if the request has one. */
export function outputTool(call: Call): string | undefined {
  const plan = planOutput(call)
  return plan?.how === "tool" ? plan.name : undefined
}

/** Names what an output format loses on this host. */
export function outputLosses(plan: OutputPlan | undefined, losses: Losses): void {
  if (plan?.how === "tool") losses.approximated("options.output", "A forced tool stands in for the output format.")
  if (plan?.how === "instruction") losses.approximated("options.output", "The shape is asked for, not enforced.")
}

function takesTool({ model, options, context }: Call): boolean {
  const { reasoning, thinkingBudget, toolChoice } = options
  const thinks = model.thinking?.mandatory || thinkingBudget !== undefined || (reasoning ?? "off") !== "off"
  const refused = model.compat.messages?.refusesForcedTool === true
  return !context.tools?.length && !thinks && !refused && toolChoice !== "none"
}

function instruction(output: JsonFormat): string {
  const alone = "Answer with JSON alone: no other text and no code fence."
  return output.type === "json"
    ? alone
    : `${alone} The JSON must be valid against this schema:\n${JSON.stringify(output.schema)}`
}
