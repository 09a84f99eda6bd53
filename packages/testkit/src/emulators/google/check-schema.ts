import { isFields, type Fields } from "../check.ts"
import { invalid } from "./refused.ts"

const TYPES = new Set(["string", "number", "integer", "boolean", "array", "object", "null"])

/** Words of JSON Schema that the API does not take in the fields that hold one. */
const REFUSED_WORDS = new Set([
  "$dynamicRef",
  "$dynamicAnchor",
  "patternProperties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
  "dependentRequired",
  "dependentSchemas",
  "dependencies",
  "contains",
  "if",
  "then",
  "else",
])
const MAPS = new Set(["properties", "$defs", "definitions"])
const LISTS = new Set(["anyOf", "oneOf", "allOf", "prefixItems"])
const SINGLE = new Set(["items", "not", "additionalProperties"])

/** Refuses a JSON Schema that the API refuses. Knows a property's name from a keyword. @throws GoogleRefused */
export function checkJsonSchema(schema: unknown, path: string): void {
  if (!isFields(schema)) throw invalid("schema-object", `Invalid value at '${path}': a schema must be an object.`)
  for (const [word, value] of Object.entries(schema)) {
    const at = `${path}.${word}`
    if (REFUSED_WORDS.has(word))
      throw invalid("schema-keyword", `Invalid JSON schema at '${path}': Unknown name "${word}".`)
    if (MAPS.has(word) && isFields(value)) {
      for (const [name, entry] of Object.entries(value)) checkJsonSchema(entry, `${at}.${name}`)
    } else if (LISTS.has(word) && Array.isArray(value)) {
      value.forEach((entry: unknown, n) => checkJsonSchema(entry, `${at}[${n}]`))
    } else if (SINGLE.has(word) && !(word === "additionalProperties" && typeof value === "boolean")) {
      checkJsonSchema(value, at)
    } else if (word === "enum") checkEnum(value, at)
    else if (word === "type") checkType(value, at)
  }
}

/** Refuses what the OpenAPI subset has no room for. Its field names were checked before. @throws GoogleRefused */
export function checkSchema(schema: Fields, path: string): void {
  const type = typeof schema["type"] === "string" ? schema["type"].toLowerCase() : undefined
  if (schema["type"] !== undefined && (type === undefined || !(TYPES.has(type) || type === "type_unspecified"))) {
    throw invalid(
      "schema-type",
      `Invalid value at '${path}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type)`,
    )
  }
  if (schema["enum"] !== undefined) {
    checkEnum(schema["enum"], `${path}.enum`, "refused")
    if (type !== undefined && type !== "string")
      throw invalid("schema-enum", `${path}.enum: only allowed for STRING type`)
  }
  if (type === "array" && schema["items"] === undefined) throw invalid("schema-items", `${path}.items: missing field.`)
  const properties = isFields(schema["properties"]) ? schema["properties"] : {}
  for (const name of Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : []) {
    if (!Object.hasOwn(properties, String(name)))
      throw invalid("schema-required", `${path}.required: property is not defined: ${name}`)
  }
  for (const [name, entry] of Object.entries(properties)) checkSchema(entry as Fields, `${path}.properties[${name}]`)
  if (isFields(schema["items"])) checkSchema(schema["items"], `${path}.items`)
  const choices = Array.isArray(schema["anyOf"]) ? (schema["anyOf"] as Fields[]) : []
  choices.forEach((choice, n) => checkSchema(choice, `${path}.any_of[${n}]`))
}

function checkEnum(value: unknown, path: string, blank: "taken" | "refused" = "taken"): void {
  if (!Array.isArray(value))
    throw invalid("schema-enum", `Invalid value at '${path}' (repeated field), expected a list.`)
  value.forEach((entry: unknown, n) => {
    if (typeof entry !== "string")
      throw invalid("schema-enum", `Invalid value at '${path}[${n}]' (TYPE_STRING), ${String(entry)}`)
    if (entry === "" && blank === "refused") throw invalid("schema-enum", `${path}[${n}]: cannot be empty`)
  })
}

function checkType(value: unknown, path: string): void {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  for (const one of list) {
    if (typeof one !== "string" || !TYPES.has(one.toLowerCase())) {
      throw invalid("schema-type", `Invalid value at '${path}': ${JSON.stringify(one)} is no type.`)
    }
  }
}
