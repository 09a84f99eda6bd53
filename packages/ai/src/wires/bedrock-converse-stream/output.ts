import type { Call } from "../../contract/wire-client.ts"
import { anthropicSchema } from "../../schema/anthropic.ts"
import { learned } from "./facts.ts"
import { hasRoomForTool, OUTPUT_TOOL, OUTPUT_TOOL_DESCRIPTION, schemaName, shapeInstruction } from "../output-plan.ts"
import { wellFormed } from "../well-formed.ts"
import { toolSpec } from "./tool-spec.ts"
import type { Obj, WireBlock } from "./types.ts"

/** How a request asks for the shape of the answer. */
export type OutputPlan =
  /** `outputConfig.textFormat`. */
  | { how: "format"; config: Obj; changed: boolean }
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
  if (output.type === "json") return { how: "instruction", text: shapeInstruction(output) }
  const { schema, description } = output
  if (call.model.compat.converse?.structuredOutput && !learned(call, "noStructuredOutput")) {
    const written = anthropicSchema(schema, { close: true, anyRoot: true })
    const jsonSchema = {
      name: schemaName(output.name),
      ...(description === undefined ? {} : { description }),
      schema: JSON.stringify(wellFormed(written.schema)),
    }
    const config = { textFormat: { type: "json_schema", structure: { jsonSchema } } }
    return { how: "format", config, changed: written.changed }
  }
  if (takesTool(call) && schema["type"] === "object") {
    const tool = toolSpec({
      name: OUTPUT_TOOL,
      description: description ?? OUTPUT_TOOL_DESCRIPTION,
      parameters: schema,
    })
    return { how: "tool", name: OUTPUT_TOOL, tool }
  }
  return { how: "instruction", text: shapeInstruction(output) }
}

/** The tool whose calls are the answer's text, if the request has one. */
export function outputTool(call: Call): string | undefined {
  const plan = planOutput(call)
  return plan?.how === "tool" ? plan.name : undefined
}

function takesTool(call: Call): boolean {
  const compat = call.model.compat.converse ?? {}
  const refused = (compat.toolChoice ?? "all") !== "all" || compat.refusesForcedTool || learned(call, "noForcedTool")
  return !refused && hasRoomForTool(call)
}
