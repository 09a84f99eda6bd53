import type { CustomTool, FunctionTool } from "../model/tool.ts"
import { isObject } from "./json.ts"

/** Keywords that a strict schema may not have. */
const NOT_STRICT = ["patternProperties", "not", "if", "then", "else", "oneOf", "allOf", "dependentSchemas", "default"]

/**
 * Whether a schema is already in the form that strict mode asks for: objects are closed and require all of their
 * properties, and nothing beyond the allowed keywords is used.
 *
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function isStrictSchema(schema: unknown, root = true): boolean {
  if (!isObject(schema)) return false
  if (NOT_STRICT.some((keyword) => Object.hasOwn(schema, keyword))) return false
  if (root && schema["type"] !== "object") return false
  const { properties, required, items, anyOf, $defs, type, $ref } = schema
  if (type === undefined && !Array.isArray(anyOf) && $ref === undefined && schema["enum"] === undefined) {
    if (schema["const"] === undefined) return false
  }
  if (type === "object" || properties !== undefined) {
    if (schema["additionalProperties"] !== false) return false
    const names = isObject(properties) ? Object.keys(properties) : []
    if (!names.every((name) => Array.isArray(required) && required.includes(name))) return false
    if (isObject(properties) && !Object.values(properties).every((inner) => isStrictSchema(inner, false))) return false
  }
  if (type === "array" && items === undefined) return false
  if (items !== undefined && !isStrictSchema(items, false)) return false
  if (Array.isArray(anyOf) && !anyOf.every((inner) => isStrictSchema(inner, false))) return false
  return !isObject($defs) || Object.values($defs).every((inner) => isStrictSchema(inner, false))
}

/** A name of at most 64 of `[A-Za-z0-9_-]`. */
export function schemaName(name: unknown): string {
  const plain = typeof name === "string" ? name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) : ""
  return plain === "" ? "response" : plain
}

/** The function that stands in for a grammar tool on a host without them: its one argument is the text. */
export function standIn(tool: CustomTool): FunctionTool {
  const rule = tool.grammar ? `The input follows this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}` : ""
  return {
    name: tool.name,
    description: [tool.description, rule].filter(Boolean).join("\n\n"),
    parameters: {
      type: "object",
      properties: { input: { type: "string" } },
      required: ["input"],
      additionalProperties: false,
    },
  }
}
