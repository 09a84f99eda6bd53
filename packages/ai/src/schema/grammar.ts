import type { JsonSchema } from "../model/tool.ts"
import { ABOUT } from "./keywords.ts"
import { once } from "./memo.ts"
import { isSchema, mapSchemas, Pass } from "./subschemas.ts"
import { upgradeSchema } from "./upgrade.ts"

/** Every kind of value, for a schema that allows anything. */
const ANYTHING = ["string", "number", "boolean", "object", "array", "null"] as const
/** Keywords that take a plain yes or no in any grammar: whether there may be more than what is named. */
const MORE: ReadonlySet<string> = new Set(["additionalProperties", "unevaluatedProperties"])

/** What a reader of schemas lacks. */
export interface GrammarLimits {
  /** It reads no list of types: it becomes a union. Default false. */
  singleTypes?: boolean
  /** Whether an object takes more than what is named may not be said by yes or no. Default false. */
  unsaidMore?: boolean
}

/**
 * A schema in the words that samplers and templates of local hosts read: they refuse `true` and `false` in the place of
 * a schema, and take a schema without keywords for an empty object. One that allows anything becomes the union of all
 * kinds of values; a property that is never allowed is left out. The same object where nothing changed.
 *
 * @see https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md#json-schemas--gbnf
 */
export function grammarSchema(schema: JsonSchema, limits: GrammarLimits = {}): JsonSchema {
  return once(schema, `grammar ${limits.singleTypes} ${limits.unsaidMore}`, () =>
    new Widening(limits).node(upgradeSchema(schema)),
  )
}

class Widening {
  readonly #limits: GrammarLimits
  readonly #pass = new Pass()

  constructor(limits: GrammarLimits) {
    this.#limits = limits
  }

  node(schema: JsonSchema): JsonSchema {
    return this.#pass.node(
      schema,
      () => {
        const node = mapSchemas(schema, (inner, keyword) => this.#inner(inner, keyword))
        const { type } = node
        if (!Array.isArray(type) || !this.#limits.singleTypes) return node
        return withTypes(node, type)
      },
      anything,
    )
  }

  #inner(inner: unknown, keyword: string): unknown {
    const isFree = isSchema(inner) && Object.keys(inner).every((name) => ABOUT.has(name))
    if (MORE.has(keyword)) {
      if (inner === true || inner === false || isFree) return this.#limits.unsaidMore ? undefined : inner !== false
      return isSchema(inner) ? this.node(inner) : inner
    }
    if (isFree) return { ...inner, ...anything() }
    if (isSchema(inner)) return this.node(inner)
    if (inner === false) return undefined
    return inner === true ? anything() : inner
  }
}

function anything(): JsonSchema {
  return { anyOf: ANYTHING.map((type) => ({ type })) }
}

/** A schema with a list of types as the union of them. */
function withTypes({ type: _type, ...rest }: JsonSchema, types: readonly unknown[]): JsonSchema {
  if (types.length === 1) return { ...rest, type: types[0] }
  const union = types.map((type) => ({ type }))
  return rest["anyOf"] === undefined
    ? { ...rest, anyOf: union }
    : { ...rest, allOf: [...(Array.isArray(rest["allOf"]) ? (rest["allOf"] as unknown[]) : []), { anyOf: union }] }
}
