import type { JsonSchema } from "../model/tool.ts"
import { grammarSchema } from "./grammar.ts"

/**
 * A tool's schema in the words that Ollama reads: no `true` or `false`, not even for further properties, and one type
 * in each schema. The same object where nothing changed.
 *
 * @see https://github.com/ollama/ollama/blob/main/api/types.go
 */
export function ollamaSchema(schema: JsonSchema): JsonSchema {
  return grammarSchema(schema, { singleTypes: true, unsaidMore: true })
}
