import type { JsonSchema } from "../model/tool.ts"
import { isNumberBound, roleOf } from "./keywords.ts"
import { isSchema, Pass } from "./subschemas.ts"
import { LOOK_AROUND } from "./responses.ts"
import { strings } from "./words.ts"

/** Limits on values that strict mode can hold a model to, where the host takes any. */
const VALIDATORS: ReadonlySet<string> = new Set([
  "pattern",
  "format",
  "multipleOf",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minItems",
  "maxItems",
])
const FORMATS = new Set(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"])
/** Keywords that make up the structure of a strict schema. `title` is not one, but is taken. */
const STRUCTURE: ReadonlySet<string> = new Set([
  "$defs",
  "$ref",
  "$schema",
  "additionalProperties",
  "anyOf",
  "const",
  "description",
  "enum",
  "items",
  "properties",
  "required",
  "title",
  "type",
])

/** Keywords that are known and that it does not take, besides limits on values. */
const OTHERS: ReadonlySet<string> = new Set(["$dynamicRef", "allOf", "default", "definitions", "nullable", "oneOf"])

/** References that it follows: to the whole, and to a definition. */
const WITHIN = /^#(?:\/\$defs\/[^/]+)?$/

/**
 * Whether strict mode takes a limit on values as it is.
 * @param validators the host takes limits on values at all
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function isStrictValidator(keyword: string, value: unknown, validators: boolean): boolean {
  if (!validators || !VALIDATORS.has(keyword)) return false
  if (keyword === "format") return FORMATS.has(value as string)
  return keyword !== "pattern" || (typeof value === "string" && !LOOK_AROUND.test(value))
}

/**
 * Whether a schema is already in the form that strict mode asks for: objects are closed and require all of their
 * properties, and nothing beyond the keywords that it takes is used.
 */
export function isStrictSchema(schema: JsonSchema, validators: boolean): boolean {
  if (schema["type"] !== "object" || schema["anyOf"] !== undefined) return false
  const pass = new Pass()
  const check = (node: unknown): boolean =>
    isSchema(node) &&
    pass.node(
      node,
      () => isStrictNode(node, validators) && innerOf(node).every(check),
      // One that holds itself by its own objects cannot be sent.
      () => false,
    )
  return check(schema)
}

function isStrictNode(node: JsonSchema, validators: boolean): boolean {
  const { type, properties, required, additionalProperties, items, anyOf, $ref } = node
  for (const [keyword, value] of Object.entries(node)) {
    if (STRUCTURE.has(keyword) || isStrictValidator(keyword, value, validators) || isNumberBound(keyword, value))
      continue
    if (OTHERS.has(keyword) || roleOf(keyword, undefined) !== "unknown") return false
  }
  if ([type, anyOf, $ref].every((one) => one === undefined)) return false
  if ($ref !== undefined && (Object.keys(node).length > 1 || !WITHIN.test(String($ref)))) return false
  if (type === "array" && items === undefined) return false
  if (type !== "object" && properties === undefined) return true
  const names = isSchema(properties) ? Object.keys(properties) : []
  const all = new Set(strings(required))
  return additionalProperties === false && names.every((name) => all.has(name))
}

function innerOf({ properties, items, anyOf, $defs }: JsonSchema): unknown[] {
  return [
    ...[properties, $defs].flatMap((named) => (isSchema(named) ? Object.values(named) : [])),
    ...(items === undefined ? [] : [items]),
    ...(Array.isArray(anyOf) ? (anyOf as unknown[]) : []),
  ]
}
