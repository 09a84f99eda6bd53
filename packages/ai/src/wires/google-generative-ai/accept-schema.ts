import type { JsonSchema } from "../../model/tool.ts"
import { mapSchemas } from "../../schema/subschemas.ts"
import { camelCase } from "./accept-readers.ts"
import { isObject, type Obj } from "./types.ts"

/** Numbers that the API also takes, and its libraries write, as strings. */
const COUNTS = new Set([
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
  "minimum",
  "maximum",
])

/**
 * The API's subset of OpenAPI schemas as JSON Schema: types in small letters, `nullable` as a type of its own, and
 * properties in the order that `propertyOrdering` asks for.
 *
 * @see https://ai.google.dev/api/caching#Schema
 */
export function jsonSchema(schema: Obj): JsonSchema {
  const given = Object.entries(schema).map(([name, value]) => [camelCase(name), value] as const)
  const order = orderOf(schema)
  const inside = mapSchemas(Object.fromEntries(given), inner)
  const out: JsonSchema = {}
  for (const [name, value] of Object.entries(inside)) {
    if (value === null || value === undefined || name === "nullable" || name === "propertyOrdering") continue
    if (name === "type") out["type"] = typeOf(value)
    else if (name === "example") out["examples"] = [value]
    else if (name === "defs" && isObject(value)) out[name] = mapSchemas({ $defs: value }, inner)["$defs"]
    else if (name === "properties" && isObject(value)) out[name] = inOrder(value, order)
    else if (COUNTS.has(name) && typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value)) out[name] = Number(value)
    else out[name] = value
  }
  if (out["type"] === undefined) delete out["type"]
  return schema["nullable"] === true ? nullable(out) : out
}

function inner(value: unknown): unknown {
  return isObject(value) ? jsonSchema(value) : value
}

/** A type, or a list of them. */
function typeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typeOf)
  if (typeof value !== "string") return value
  return value === "TYPE_UNSPECIFIED" ? undefined : value.toLowerCase()
}

function orderOf(schema: Obj): readonly string[] {
  const order = schema["propertyOrdering"] ?? schema["property_ordering"]
  return Array.isArray(order) ? order.filter((name) => typeof name === "string") : []
}

function inOrder(schemas: Obj, order: readonly string[]): Obj {
  const first = order.filter((name) => Object.hasOwn(schemas, name))
  const names = new Set([...first, ...Object.keys(schemas)])
  return Object.fromEntries([...names].map((name) => [name, schemas[name]]))
}

function nullable(schema: JsonSchema): JsonSchema {
  const { type, enum: words, anyOf } = schema
  if (typeof type === "string" && type !== "null") {
    return { ...schema, type: [type, "null"], ...(Array.isArray(words) ? { enum: [...words, null] } : {}) }
  }
  return Array.isArray(anyOf) ? { ...schema, anyOf: [...anyOf, { type: "null" }] } : schema
}
