import type { JsonSchema } from "../model/tool.ts"
import { ABOUT } from "./keywords.ts"
import { once } from "./memo.ts"
import { holdsNames, isSchema, mapSchemas, nameOf, Pass } from "./subschemas.ts"

const DRAFT = "https://json-schema.org/draft/2020-12/schema"
const OLDER = /^https?:\/\/json-schema\.org\/(?:draft-0\d|draft\/2019-09)\/(?:hyper-)?schema#?$/
/** Keywords that are about a schema as such and stay outside when it becomes one of two. */
const OUTSIDE: ReadonlySet<string> = new Set([...ABOUT, "$schema", "$id", "$defs"])

/**
 * A schema in the words of draft 2020-12, with the same meaning: `$defs` for `definitions`, `prefixItems` for a list of
 * `items`, `dependentRequired` and `dependentSchemas` for `dependencies`, a type beside null for OpenAPI's `nullable`,
 * and one `enum` for a union of constants. The same object where there is nothing to do.
 *
 * @param nullable `kept` for targets that have the word themselves
 * @see https://json-schema.org/draft/2020-12/release-notes
 */
export function upgradeSchema(schema: JsonSchema, nullable: "union" | "kept" = "union"): JsonSchema {
  return once(schema, `2020-12 ${nullable}`, () => {
    const pass = new Pass()
    const node = (source: JsonSchema): JsonSchema =>
      pass.node(
        source,
        () => {
          const written = mapSchemas(source, (inner) => (isSchema(inner) ? node(inner) : inner))
          const now = upgraded(written, schema)
          return nullable === "union" && typeof now["nullable"] === "boolean" ? withoutNullable(now) : now
        },
        () => source,
      )
    return node(schema)
  })
}

function upgraded(source: JsonSchema, root: JsonSchema): JsonSchema {
  let node = source
  const set = (changes: JsonSchema): void => {
    const merged = Object.entries({ ...node, ...changes }).filter(([, value]) => value !== undefined)
    node = Object.fromEntries(merged)
  }
  if (typeof node["$schema"] === "string" && OLDER.test(node["$schema"])) set({ $schema: DRAFT })
  if (typeof node["$ref"] === "string") {
    const ref = upgradedRef(node["$ref"], root)
    if (ref !== node["$ref"]) set({ $ref: ref })
  }
  if (isSchema(node["definitions"])) {
    set({ $defs: { ...node["definitions"], ...(node["$defs"] as JsonSchema | undefined) }, definitions: undefined })
  }
  if (Array.isArray(node["items"])) {
    set({ prefixItems: node["items"], items: node["additionalItems"], additionalItems: undefined })
  } else if (node["additionalItems"] !== undefined) set({ additionalItems: undefined })
  if (isSchema(node["dependencies"])) set(dependencies(node))
  for (const bound of ["Minimum", "Maximum"]) {
    const exclusive = node[`exclusive${bound}`]
    if (typeof exclusive !== "boolean") continue
    const inclusive = bound.toLowerCase()
    set(
      exclusive
        ? { [`exclusive${bound}`]: node[inclusive], [inclusive]: undefined }
        : { [`exclusive${bound}`]: undefined },
    )
  }
  for (const keyword of ["anyOf", "oneOf"]) node = constantsAsEnum(node, keyword)
  return node
}

function dependencies(node: JsonSchema): JsonSchema {
  const entries = Object.entries(node["dependencies"] as JsonSchema)
  const names = Object.fromEntries(entries.filter(([, value]) => Array.isArray(value)))
  const schemas = Object.fromEntries(entries.filter(([, value]) => !Array.isArray(value)))
  return {
    dependencies: undefined,
    ...(Object.keys(names).length > 0
      ? { dependentRequired: { ...names, ...(node["dependentRequired"] as JsonSchema | undefined) } }
      : {}),
    ...(Object.keys(schemas).length > 0
      ? { dependentSchemas: { ...schemas, ...(node["dependentSchemas"] as JsonSchema | undefined) } }
      : {}),
  }
}

/** A union of nothing but constants is the list of them. */
function constantsAsEnum(node: JsonSchema, keyword: string): JsonSchema {
  const branches = node[keyword]
  if (!Array.isArray(branches) || branches.length < 2 || node["enum"] !== undefined || node["const"] !== undefined) {
    return node
  }
  const isConstant = (branch: unknown): branch is JsonSchema =>
    isSchema(branch) &&
    Object.hasOwn(branch, "const") &&
    (typeof branch["const"] !== "object" || branch["const"] === null) &&
    Object.keys(branch).every((name) => name === "const" || name === "type")
  if (!branches.every(isConstant)) return node
  const values = new Set(branches.map((branch) => branch["const"]))
  const types = new Set(branches.map((branch) => branch["type"]))
  // One constant twice fits no `oneOf`; types beside constants may rule some of them out.
  if (values.size < branches.length || types.size > 1) return node
  const [type] = types
  if (type !== undefined && node["type"] !== undefined && node["type"] !== type) return node
  const { [keyword]: _branches, ...rest } = node
  return { ...rest, ...(type === undefined ? {} : { type }), enum: [...values] }
}

function withoutNullable({ nullable, ...node }: JsonSchema): JsonSchema {
  if (nullable !== true) return node
  const { type } = node
  const isUnion = ["anyOf", "oneOf", "allOf", "$ref", "const", "not", "if"].some((word) => node[word] !== undefined)
  if (!isUnion && typeof type === "string") {
    if (type === "null") return node
    const values = node["enum"]
    return {
      ...node,
      type: [type, "null"],
      ...(Array.isArray(values) && !values.includes(null) ? { enum: [...(values as unknown[]), null] } : {}),
    }
  }
  const about = Object.entries(node).filter(([name]) => OUTSIDE.has(name))
  const rest = Object.entries(node).filter(([name]) => !OUTSIDE.has(name))
  if (rest.length === 0) return node
  const [only] = rest
  if (rest.length === 1 && only?.[0] === "anyOf" && Array.isArray(only[1])) {
    return { ...node, anyOf: [...(only[1] as unknown[]), { type: "null" }] }
  }
  return { ...Object.fromEntries(about), anyOf: [Object.fromEntries(rest), { type: "null" }] }
}

/** A reference into the document as it was, to the same schema where it stands now. */
function upgradedRef(ref: string, root: JsonSchema): string {
  if (!ref.startsWith("#/")) return ref
  let at: unknown = root
  let isName = false
  const steps = ref
    .slice(2)
    .split("/")
    .map((step) => {
      const keyword = step
      const holder = at
      try {
        at = (at as JsonSchema | undefined)?.[nameOf(step)]
      } catch {
        at = undefined
      }
      if (isName) {
        isName = false
        return step
      }
      isName = holdsNames(keyword) || Array.isArray(at)
      return upgradedKeyword(keyword, isSchema(holder) ? holder : {})
    })
  return `#/${steps.join("/")}`
}

function upgradedKeyword(keyword: string, { items }: JsonSchema): string {
  if (keyword === "definitions") return "$defs"
  if (keyword === "dependencies") return "dependentSchemas"
  if (keyword === "items" && Array.isArray(items)) return "prefixItems"
  return keyword === "additionalItems" && Array.isArray(items) ? "items" : keyword
}
