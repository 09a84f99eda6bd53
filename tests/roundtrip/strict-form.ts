import { ANY, OneOf } from "./match.ts"
import { GONE } from "./paths.ts"

type Fields = Record<string, unknown>

/**
 * A schema in the form in which a strict one and the one that it was made from are the same: without the word that
 * objects are closed, without properties being required that may be null, and with a union for a list of types.
 */
export function strictForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strictForm)
  if (!isFields(value)) return value
  const { additionalProperties, required, type, ...rest } = value
  const out: Fields = Object.fromEntries(Object.entries(rest).map(([name, inner]) => [name, strictForm(inner)]))
  if (additionalProperties !== undefined && additionalProperties !== false)
    out["additionalProperties"] = additionalProperties
  if (Array.isArray(type)) out["anyOf"] = type.map((one: unknown) => ({ type: one }))
  else if (type !== undefined) out["type"] = strictForm(type)
  if (Array.isArray(required)) {
    const properties = isFields(value["properties"]) ? value["properties"] : {}
    const needed = required.filter((name: unknown) => !admitsNull(properties[String(name)]))
    if (needed.length > 0) out["required"] = needed
  }
  return out
}

/** What a schema may be on the other side, where it may have been made strict on the way. */
export function maybeStrict(schema: unknown): unknown {
  return schema === ANY || schema === GONE ? schema : new OneOf(schema, strictForm(schema))
}

function admitsNull(schema: unknown): boolean {
  if (!isFields(schema)) return false
  const { type, anyOf } = schema
  if (Array.isArray(anyOf)) return anyOf.some(admitsNull)
  return type === "null" || (Array.isArray(type) && type.includes("null"))
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
