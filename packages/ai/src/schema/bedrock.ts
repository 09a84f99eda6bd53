import type { JsonSchema } from "../model/tool.ts"
import { once } from "./memo.ts"
import { objectRoot } from "./object-root.ts"
import { finiteSchema } from "./subschemas.ts"
import { upgradeSchema } from "./upgrade.ts"
import { described } from "./words.ts"

/** Unions that may not stand at the root of a tool's schema. */
const UNIONS = ["anyOf", "oneOf", "allOf"]

/**
 * A tool's schema as Bedrock's Converse takes it from any model: the root is an object and no union, what it was a
 * union of stands in its description. The same object where nothing changed.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolInputSchema.html
 */
export function bedrockSchema(schema: JsonSchema): JsonSchema {
  return once(schema, "bedrock", () => {
    const given = objectRoot(finiteSchema(upgradeSchema(schema)))
    const kept = Object.entries(given).filter(([name]) => !UNIONS.includes(name))
    const spilled = Object.entries(given).filter(([name]) => UNIONS.includes(name))
    if (spilled.length === 0) return given["type"] === undefined ? { type: "object", ...given } : given
    const root: JsonSchema = Object.fromEntries(kept)
    const description = described(root["description"], Object.fromEntries(spilled))
    return { type: "object", ...root, description }
  })
}

/** Whether something of a schema can now only be read in its description. */
export function isSpilled(schema: JsonSchema): boolean {
  return UNIONS.some((name) => schema[name] !== undefined)
}
