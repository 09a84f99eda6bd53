import type { Call } from "../../contract/wire-client.ts"
import { anthropicSchema } from "../../schema/anthropic.ts"
import { learned } from "./facts.ts"
import { hasRoomForTool, OUTPUT_TOOL, OUTPUT_TOOL_DESCRIPTION, shapeInstruction } from "../output-plan.ts"
import type { Obj, WireTool } from "./types.ts"

/** How a request asks for the shape of the answer. */
export type OutputPlan =
  /** `output_config.format`. */
  | { how: "format"; schema: Obj; changed: boolean }
  /** A tool that the model is forced to call; its arguments are the answer's text. */
  | { how: "tool"; tool: WireTool; name: string }
  /** A sentence in the system prompt. */
  | { how: "instruction"; text: string }

/**
 * How the answer is held to a shape: by the host where it can; else by a forced tool, where the request has no tools
 * of its own and no thinking, which a forced call would rule out; else by asking for it.
 */
export function planOutput(call: Call): OutputPlan | undefined {
  const { output } = call.options
  if (!output || output.type === "text") return undefined
  if (output.type === "jsonSchema") {
    if (call.model.compat.messages?.structuredOutput && !learned(call, "noStructuredOutput")) {
      const { schema, changed } = anthropicSchema(output.schema, { close: true, anyRoot: true })
      return { how: "format", schema, changed }
    }
    if (takesTool(call) && output.schema["type"] === "object") {
      return {
        how: "tool",
        name: OUTPUT_TOOL,
        tool: {
          name: OUTPUT_TOOL,
          description: output.description ?? OUTPUT_TOOL_DESCRIPTION,
          input_schema: anthropicSchema(output.schema).schema,
        },
      }
    }
  }
  return { how: "instruction", text: shapeInstruction(output) }
}

/** The tool whose calls are the answer's text, if the request has one. */
export function outputTool(call: Call): string | undefined {
  const plan = planOutput(call)
  return plan?.how === "tool" ? plan.name : undefined
}

function takesTool(call: Call): boolean {
  return call.model.compat.messages?.refusesForcedTool !== true && hasRoomForTool(call)
}
