import type { JsonSchema } from "../model/tool.ts"
import { OF_DOCUMENT, typeOfValues, valuesOf } from "./keywords.ts"
import { once } from "./memo.ts"
import { merged } from "./merge.ts"
import { isSchema, mapSchemas, Pass } from "./subschemas.ts"
import { upgradeSchema } from "./upgrade.ts"
import { described, same } from "./words.ts"

/** Keywords of the dialect that are kept as they are. */
const KEPT: ReadonlySet<string> = new Set([
  "$ref",
  "$defs",
  "type",
  "description",
  "title",
  "default",
  "enum",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "anyOf",
])
/** Those of them that hold schemas. */
const HELD: ReadonlySet<string> = new Set(["$defs", "properties", "additionalProperties", "items", "anyOf"])

/**
 * A schema in Moonshot's dialect, "MFJS": no constants, lists of types, `oneOf` or `allOf`, no limits on values and no
 * lists by place; schemas are objects, types stand in the branches of a union, and values are no objects or lists. What
 * it has no word for stands in the description of its node. The same object where nothing changed.
 *
 * @see https://platform.moonshot.ai/docs/guide/use-json-schema
 */
export function moonshotSchema(schema: JsonSchema): JsonSchema {
  return once(schema, "moonshot", () => {
    const written = new Writing().node(upgradeSchema(schema))
    return same(written, schema) ? schema : written
  })
}

class Writing {
  readonly #pass = new Pass()

  node(source: JsonSchema): JsonSchema {
    return this.#pass.node(
      source,
      () => this.#fresh(withoutAllOf(source)),
      () => ({}),
    )
  }

  #fresh(source: JsonSchema): JsonSchema {
    const { oneOf, type, ...given } = source
    const values = valuesOf(source)
    const node: JsonSchema = {}
    const spilled: JsonSchema = {}
    if (values) {
      delete given["const"]
      const scalars = values.filter((value) => typeof value !== "object" || value === null)
      given["enum"] = scalars.length > 0 ? scalars : undefined
      if (scalars.length === 0) spilled["enum"] = values
    }
    const union = [given["anyOf"], oneOf].filter(Array.isArray)
    if (union.length === 1) given["anyOf"] = union[0]
    else if (union.length > 1) spilled["oneOf"] = oneOf
    if (Array.isArray(type) && type.length > 1) {
      if (union.length === 0) return this.#types(given, type, spilled)
      spilled["type"] = type
    } else {
      const single: unknown = Array.isArray(type) ? type[0] : (type ?? (values && typeOfValues(values)))
      if (single !== undefined) node["type"] = single
    }
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined || OF_DOCUMENT.includes(name)) continue
      if (KEPT.has(name)) node[name] = value
      else spilled[name] = value
    }
    const written = { ...mapSchemas(node, (inner, keyword) => this.#inner(inner, keyword), HELD) }
    if (Array.isArray(written["anyOf"])) typesIntoBranches(written, written["anyOf"] as JsonSchema[])
    if (Object.keys(spilled).length > 0) written["description"] = described(written["description"], spilled)
    return written
  }

  #inner(inner: unknown, keyword: string): unknown {
    if (isSchema(inner)) return this.node(inner)
    // Whether there is more than what is named is a plain yes or no.
    if (typeof inner !== "boolean" || keyword === "additionalProperties") return inner
    return inner ? {} : undefined
  }

  /** A list of types as a union. Null has nothing to say; each other branch says what the schema said. */
  #types(given: JsonSchema, types: readonly unknown[], spilled: JsonSchema): JsonSchema {
    const { description, title, default: preset, $defs, enum: values, ...rest } = given
    const about = Object.entries({ description, title, default: preset, $defs }).filter(([, one]) => one !== undefined)
    const anyOf = types.map((type) => {
      const own = Array.isArray(values) ? (values as unknown[]).filter((one) => typeOfValues([one]) === type) : []
      return type === "null" ? { type } : { type, ...(own.length > 0 ? { enum: own } : {}), ...rest }
    })
    const written = this.#fresh({ ...Object.fromEntries(about), anyOf })
    return Object.keys(spilled).length === 0
      ? written
      : { ...written, description: described(written["description"], spilled) }
  }
}

/** A schema with those of its `allOf` in it, as far as they go together. */
function withoutAllOf(source: JsonSchema): JsonSchema {
  const { allOf, ...rest } = source
  if (!Array.isArray(allOf)) return source
  let node: JsonSchema | undefined = rest
  for (const branch of allOf as unknown[]) node = node && isSchema(branch) ? merged(node, branch) : undefined
  return node === undefined ? source : withoutAllOf(node)
}

/** Beside a union there is no type: it belongs to each branch that has none. */
function typesIntoBranches(node: JsonSchema, branches: readonly JsonSchema[]): void {
  const { type } = node
  if (type === undefined) return
  delete node["type"]
  node["anyOf"] = branches.map((branch) =>
    branch["type"] !== undefined || branch["anyOf"] !== undefined || branch["$ref"] !== undefined
      ? branch
      : { type, ...branch },
  )
}
