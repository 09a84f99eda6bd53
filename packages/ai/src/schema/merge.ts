import type { JsonSchema } from "../model/tool.ts"
import { DESCRIBING } from "./keywords.ts"
import { isSchema } from "./subschemas.ts"
import { same, strings } from "./words.ts"

/** Keywords that say something about all properties that are not named beside them. */
const CLOSING = ["additionalProperties", "patternProperties", "unevaluatedProperties"]

/**
 * One schema that says what two say; what the first has in words wins. `undefined` where no simple schema does.
 */
export function merged(first: JsonSchema, second: JsonSchema): JsonSchema | undefined {
  if (isClosed(first) || isClosed(second)) {
    if (isOfObject(first) && isOfObject(second) && !same(names(first), names(second))) return undefined
  }
  const out = { ...first }
  for (const [keyword, value] of Object.entries(second)) {
    const before = out[keyword]
    if (before === undefined) out[keyword] = value
    else if (keyword === "required") out[keyword] = [...new Set([...strings(before), ...strings(value)])]
    else if (keyword === "properties" && isSchema(before) && isSchema(value)) {
      const both = Object.keys(value).filter((name) => Object.hasOwn(before, name))
      if (!both.every((name) => same(before[name], value[name]))) return undefined
      out[keyword] = { ...before, ...value }
    } else if (!DESCRIBING.has(keyword) && !keyword.startsWith("$") && !same(before, value)) return undefined
    else if (keyword === "$ref" && before !== value) return undefined
  }
  return out
}

function isClosed(schema: JsonSchema): boolean {
  return CLOSING.some((keyword) => schema[keyword] !== undefined)
}

function isOfObject(schema: JsonSchema): boolean {
  return schema["properties"] !== undefined || isClosed(schema)
}

function names({ properties }: JsonSchema): string[] {
  return isSchema(properties) ? Object.keys(properties).toSorted() : []
}
