import type { FunctionTool } from "../../model/tool.ts"
import type { WireBlock } from "./types.ts"

/** A function as the wire describes it. */
export function toolSpec({ name, description, parameters }: FunctionTool, strict = false): WireBlock {
  const json = parameters["type"] === undefined ? { type: "object", ...parameters } : parameters
  return {
    toolSpec: {
      name,
      // The API refuses an empty description.
      ...(description === undefined || description.trim() === "" ? {} : { description }),
      inputSchema: { json },
      ...(strict ? { strict: true } : {}),
    },
  }
}
