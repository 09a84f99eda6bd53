import type { Json, JsonSchema } from "../../model/tool.ts"
import { isObject, type Obj } from "./types.ts"

/** A tool's schema as the vendor takes it. */
export interface ToolSchema {
  schema: Json
  /** What was written otherwise, in words. */
  changes: readonly string[]
  /** Path of values that the type beside them rules out: the vendor refuses the whole request for them. */
  contradiction?: string
}

/** Keywords whose value is a schema. */
const ONE: ReadonlySet<string> = new Set([
  "items",
  "additionalProperties",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
])
/** Keywords whose value is a list of schemas. */
const LIST: ReadonlySet<string> = new Set(["anyOf", "allOf", "oneOf", "prefixItems"])
/** Keywords whose value holds schemas by name. */
const NAMED: ReadonlySet<string> = new Set(["properties", "patternProperties", "$defs", "definitions"])
const LOOK_AROUND = /\(\?(?:[=!]|<[=!])/

/**
 * Writes a tool's schema as the vendor's validator takes it: `anyOf` for `oneOf`, no look-around in patterns, values of
 * an outer `enum` in the branch whose type they have. Values (`enum`, `default`, examples) stay as they are.
 *
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function toolSchema(schema: JsonSchema): ToolSchema {
  const run = new Run()
  const root = run.node(schema, "")
  // An object's schema without properties is refused.
  if (root["type"] === "object" && root["properties"] === undefined) root["properties"] = {}
  return {
    schema: root as Json,
    changes: [...run.changes],
    ...(run.contradiction === undefined ? {} : { contradiction: run.contradiction }),
  }
}

class Run {
  readonly changes = new Set<string>()
  contradiction: string | undefined

  node(schema: Obj, path: string): Obj {
    const out: Obj = {}
    for (const [name, value] of Object.entries(schema)) out[name] = this.#keyword(name, value, `${path}/${name}`)
    this.#oneOf(out)
    this.#pattern(out)
    this.#distribute(out)
    if (this.contradiction === undefined && contradicts(out)) this.contradiction = path === "" ? "/" : path
    return out
  }

  #keyword(name: string, value: unknown, path: string): unknown {
    if (ONE.has(name) && isObject(value)) return this.node(value, path)
    if (LIST.has(name) && Array.isArray(value)) {
      return value.map((one, i) => (isObject(one) ? this.node(one, `${path}/${i}`) : one))
    }
    if (NAMED.has(name) && isObject(value)) {
      const named: Obj = {}
      for (const [key, one] of Object.entries(value)) {
        named[key] = isObject(one) ? this.node(one, `${path}/${key}`) : one
      }
      return named
    }
    return value
  }

  #oneOf(node: Obj): void {
    const { oneOf } = node
    if (!Array.isArray(oneOf)) return
    delete node["oneOf"]
    if (node["anyOf"] === undefined) node["anyOf"] = oneOf
    else node["allOf"] = [...(Array.isArray(node["allOf"]) ? (node["allOf"] as unknown[]) : []), { anyOf: oneOf }]
    this.changes.add("oneOf became anyOf")
  }

  #pattern(node: Obj): void {
    if (typeof node["pattern"] !== "string" || !LOOK_AROUND.test(node["pattern"])) return
    delete node["pattern"]
    this.changes.add("a pattern with look-around was left out")
  }

  /** An `enum` beside branches: each value goes to the branches of its type, none to the one for null. */
  #distribute(node: Obj): void {
    const values = node["enum"]
    const branches = node["anyOf"]
    if (!Array.isArray(values) || !Array.isArray(branches) || node["type"] !== undefined) return
    if (!branches.every((branch) => isObject(branch) && typeof branch["type"] === "string")) return
    node["anyOf"] = (branches as Obj[]).map((branch) => {
      const own = values.filter((value) => hasType(value, branch["type"] as string))
      return branch["type"] === "null" || branch["enum"] !== undefined || own.length === 0
        ? branch
        : { ...branch, enum: own }
    })
    delete node["enum"]
    this.changes.add("the values of an enum moved into the branches of their types")
  }
}

function hasType(value: unknown, type: string): boolean {
  if (value === null) return type === "null"
  if (Array.isArray(value)) return type === "array"
  if (type === "integer") return Number.isInteger(value)
  return typeof value === type
}

/** Whether a value of `enum` or `const` has none of the types that stand beside it. */
function contradicts({ type, enum: values, const: only }: Obj): boolean {
  const types = (Array.isArray(type) ? type : [type]).filter((one): one is string => typeof one === "string")
  if (types.length === 0) return false
  const given: unknown[] = Array.isArray(values) ? values : []
  if (given.length > 0 && types.every((one) => one === "array")) return true
  return [...given, ...(only === undefined ? [] : [only])].some((value) => !types.some((one) => hasType(value, one)))
}
