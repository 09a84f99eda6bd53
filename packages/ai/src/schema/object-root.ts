import type { JsonSchema } from "../model/tool.ts"
import { once } from "./memo.ts"

/**
 * A tool's schema with an object as its root, as hosts want it: a call has arguments by name and nothing else. One that
 * may be something else too is the object; one that is never an object takes no arguments. The same object where it is
 * one already, and where the type is not said.
 */
export function objectRoot(schema: JsonSchema): JsonSchema {
  const { type } = schema
  if (type === undefined || type === "object") return schema
  return once(schema, "object root", () => {
    if (Array.isArray(type) && type.includes("object")) return { ...schema, type: "object" }
    return { type: "object", properties: {} }
  })
}
