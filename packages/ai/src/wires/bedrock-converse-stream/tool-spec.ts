import type { FunctionTool, JsonSchema } from "../../model/tool.ts"
import { bedrockSchema } from "../../schema/bedrock.ts"
import type { WireBlock } from "./types.ts"

/** A function as the wire describes it. `strict`: the schema that the model is held to. */
export function toolSpec({ name, description, parameters }: FunctionTool, strict?: JsonSchema): WireBlock {
  return {
    toolSpec: {
      name,
      // The API refuses an empty description.
      ...(description === undefined || description.trim() === "" ? {} : { description }),
      inputSchema: { json: strict ?? bedrockSchema(parameters) },
      ...(strict ? { strict: true } : {}),
    },
  }
}
