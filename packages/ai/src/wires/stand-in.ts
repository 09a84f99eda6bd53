import type { CustomTool, FunctionTool, JsonSchema } from "../model/tool.ts"

/** The one argument of such a function. */
const INPUT: JsonSchema = {
  type: "object",
  properties: { input: { type: "string" } },
  required: ["input"],
  additionalProperties: false,
}

/** The function that stands in for a grammar tool on a host without them: its one argument is the text. */
export function standIn(tool: CustomTool): FunctionTool {
  const rule = tool.grammar ? `The input follows this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}` : ""
  return {
    name: tool.name,
    description: [tool.description, rule].filter(Boolean).join("\n\n"),
    parameters: INPUT,
  }
}
