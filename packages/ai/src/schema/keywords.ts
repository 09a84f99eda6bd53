import type { JsonSchema } from "../model/tool.ts"

/** Keywords that limit the values of one type alone; beside another type they say nothing. */
const OF_OBJECT = [
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "unevaluatedProperties",
  "propertyNames",
  "minProperties",
  "maxProperties",
  "dependentRequired",
  "dependentSchemas",
]
const OF_ARRAY = [
  "items",
  "prefixItems",
  "unevaluatedItems",
  "contains",
  "minContains",
  "maxContains",
  "minItems",
  "maxItems",
  "uniqueItems",
]
const OF_STRING = ["minLength", "maxLength", "pattern", "format"]
const OF_NUMBER = ["multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]

const TYPES_OF: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...OF_OBJECT.map((name) => [name, ["object"]] as const),
  ...OF_ARRAY.map((name) => [name, ["array"]] as const),
  ...OF_STRING.map((name) => [name, ["string"]] as const),
  ...OF_NUMBER.map((name) => [name, ["number", "integer"]] as const),
])

/** Keywords that limit values of any type, besides unions and references. */
const OF_ANY: ReadonlySet<string> = new Set(["not", "if", "then", "else"])

/** Keywords that are about the document. */
export const OF_DOCUMENT: readonly string[] = ["$schema", "$id", "$anchor", "$comment"]

/** Keywords that tell nothing to a model: they are about the document, or say how to build a form. */
const SILENT: ReadonlySet<string> = new Set([
  ...OF_DOCUMENT,
  "$vocabulary",
  "$defs",
  "deprecated",
  "readOnly",
  "writeOnly",
  "discriminator",
  "strict",
])

/** Keywords that describe a value. */
export const DESCRIBING: ReadonlySet<string> = new Set(["title", "description", "default", "examples"])

/** Keywords that say something about a value without limiting it. */
export const ABOUT: ReadonlySet<string> = new Set([...DESCRIBING, "deprecated", "$comment"])

/** What a keyword does to the values of a type: it limits them, says nothing about them, or is not known to limit any. */
export function roleOf(keyword: string, type: string | undefined): "limit" | "idle" | "unknown" {
  if (SILENT.has(keyword)) return "idle"
  const types = TYPES_OF.get(keyword)
  if (types) return type === undefined || types.includes(type) ? "limit" : "idle"
  return OF_ANY.has(keyword) ? "limit" : "unknown"
}

/** Whether a limit is one that a number of JavaScript has anyway, as Zod writes it for its integers. */
export function isNumberBound(keyword: string, value: unknown): boolean {
  return (
    (keyword === "minimum" && value === Number.MIN_SAFE_INTEGER) ||
    (keyword === "maximum" && value === Number.MAX_SAFE_INTEGER)
  )
}

/** The type that all of several values have; `undefined` where they differ. */
export function typeOfValues(values: readonly unknown[]): string | undefined {
  const types = new Set(values.map(typeOfValue))
  if (types.size === 2 && types.has("integer") && types.has("number")) return "number"
  return types.size === 1 ? [...types][0] : undefined
}

/** Whether a value is of a type. */
export function hasType(value: unknown, type: string): boolean {
  if (value === null) return type === "null"
  if (Array.isArray(value)) return type === "array"
  if (type === "integer") return Number.isInteger(value)
  return typeof value === type
}

function typeOfValue(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return Number.isInteger(value) ? "integer" : typeof value
}

/** `const` as a list of values, within those of an `enum` beside it. `undefined` where there is neither. */
export function valuesOf({ enum: values, const: only }: JsonSchema): unknown[] | undefined {
  const given = Array.isArray(values) ? [...(values as unknown[])] : undefined
  if (only === undefined) return given
  return given === undefined || given.includes(only) ? [only] : []
}
