import type { SchemaWords } from "@sluice/catalog/core"
import type { JsonSchema } from "../model/tool.ts"
import { grammarSchema } from "./grammar.ts"
import { once } from "./memo.ts"
import { moonshotSchema } from "./moonshot.ts"
import { finiteSchema } from "./subschemas.ts"

/** A schema in a host's words; the same object where it is already, and where the host reads all of JSON Schema. */
export function inDialect(schema: JsonSchema, words: SchemaWords | undefined): JsonSchema {
  switch (words) {
    case "moonshot":
      return moonshotSchema(schema)
    case "grammar":
      return grammarSchema(schema)
    default:
      return once(schema, "json", () => finiteSchema(schema))
  }
}
