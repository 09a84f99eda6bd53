import { isFields, type Fields, type Refused } from "./check.ts"

/**
 * Keywords that strict mode does not take.
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
const REFUSED = (
  "allOf oneOf not if then else dependentRequired dependentSchemas patternProperties propertyNames prefixItems " +
  "unevaluatedProperties unevaluatedItems contains minContains maxContains minProperties maxProperties uniqueItems default"
).split(" ")

type Refuse = (rule: string, why: string) => Refused

/** Refuses a schema that strict mode refuses. @throws Refused */
export function checkStrict(schema: unknown, path: readonly string[], refuse: Refuse): void {
  if (!isFields(schema)) return
  const context = `In context=(${path.map((part) => `'${part}'`).join(", ")})`
  const word = REFUSED.find((name) => name in schema)
  if (word !== undefined) throw refuse("strict-keyword", `${context}, '${word}' is not permitted.`)
  if (path.length === 0 && "anyOf" in schema) throw refuse("strict-root", `${context}, 'anyOf' is not permitted.`)
  if (!("type" in schema || "anyOf" in schema || "$ref" in schema || "enum" in schema || "const" in schema)) {
    throw refuse("strict-type", `${context}, schema must have a 'type' key.`)
  }
  const { properties } = schema
  if (schema["type"] === "object" || isFields(properties)) checkObject(schema, context, refuse)
  for (const map of ["properties", "$defs", "definitions"]) {
    for (const [name, entry] of Object.entries(isFields(schema[map]) ? schema[map] : {})) {
      checkStrict(entry, [...path, map, name], refuse)
    }
  }
  checkStrict(schema["items"], [...path, "items"], refuse)
  for (const choice of Array.isArray(schema["anyOf"]) ? schema["anyOf"] : [])
    checkStrict(choice, [...path, "anyOf"], refuse)
}

function checkObject(schema: Fields, context: string, refuse: Refuse): void {
  if (schema["additionalProperties"] !== false) {
    throw refuse(
      "strict-additional-properties",
      `${context}, 'additionalProperties' is required to be supplied and to be false.`,
    )
  }
  const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : []
  for (const name of Object.keys(isFields(schema["properties"]) ? schema["properties"] : {})) {
    if (required.includes(name)) continue
    throw refuse(
      "strict-required",
      `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${name}'.`,
    )
  }
}
