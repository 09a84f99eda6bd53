import type { CallOptions, OutputFormat } from "../model/options.ts"
import type { Call } from "../contract/wire-client.ts"
import type { Losses } from "../model/losses.ts"

/** Name of the tool that stands in for an output format. */
export const OUTPUT_TOOL = "structured_output"
/** What that tool is for, where the caller does not say. */
export const OUTPUT_TOOL_DESCRIPTION = "Give the answer in this form."

/** The name of a format as hosts take it: at most 64 of `[A-Za-z0-9_-]`. */
export function schemaName(name: unknown): string {
  const plain = typeof name === "string" ? name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) : ""
  return plain === "" ? "response" : plain
}

/** The sentence that asks for an answer's shape where nothing enforces it. */
export function shapeInstruction(output: Exclude<OutputFormat, { type: "text" }>): string {
  const alone = "Answer with JSON alone: no other text and no code fence."
  if (output.type === "json") return alone
  return `${alone} The JSON must be valid against this schema:\n${JSON.stringify(output.schema)}`
}

/** What of an output format beside its schema a host has fields for. `strict` that is asked for is what a format is. */
type Carried = readonly ("name" | "description")[]

/** Names what an output format loses by the way it is asked for. `carried`: what the host's own field takes. */
export function outputLosses(
  plan: { how: "format"; changed?: boolean } | { how: "tool" | "instruction" } | undefined,
  losses: Losses,
  { output, toolChoice }: Pick<CallOptions, "output" | "toolChoice"> = {},
  carried: Carried = [],
): void {
  if (plan?.how === "format" && plan.changed) {
    losses.approximated("options.output.schema", "What the API refuses in a schema was moved into descriptions.")
  }
  if (plan?.how === "format" && output?.type === "jsonSchema") {
    for (const field of ["name", "description"] as const) {
      if (output[field] !== undefined && !carried.includes(field)) {
        losses.dropped(`options.output.${field}`, "The API has no field for it.")
      }
    }
    if (output.strict === false) {
      losses.approximated("options.output.strict", "The API holds the answer to the schema in any case.")
    }
  }
  if (plan?.how === "tool") losses.approximated("options.output", "A forced tool stands in for the output format.")
  if (plan?.how === "tool" && toolChoice !== undefined && toolChoice !== "auto") {
    losses.dropped("options.toolChoice", "The tool that stands in for the output format is the only one there is.")
  }
  if (plan?.how === "instruction") losses.approximated("options.output", "The shape is asked for, not enforced.")
}

/** Whether a request has room for such a tool: it has no tools of its own, and no thinking, which a forced call rules out. */
export function hasRoomForTool({ model, options, context }: Call): boolean {
  const { reasoning, thinkingBudget, toolChoice } = options
  const thinks = model.thinking?.mandatory || thinkingBudget !== undefined || (reasoning ?? "off") !== "off"
  return !context.tools?.length && !thinks && toolChoice !== "none"
}
