import type { JsonSchema } from "../model/tool.ts"
import { hasType } from "./keywords.ts"
import { once } from "./memo.ts"
import { objectRoot } from "./object-root.ts"
import { isSchema, mapSchemas, Pass } from "./subschemas.ts"

/** A tool's schema as OpenAI's Responses API takes it. */
export interface ResponsesSchema {
  schema: JsonSchema
  /** What was written otherwise, in words. */
  changes: readonly string[]
  /** Path of values that the type beside them rules out: the vendor refuses the whole request for them. */
  contradiction?: string
}

/** The beginning of a look-ahead or look-behind in a regular expression. */
export const LOOK_AROUND: RegExp = /\(\?(?:[=!]|<[=!])/

/**
 * Writes a tool's schema as the vendor's validator takes it, strict or not: `anyOf` for `oneOf`, no look-around in
 * patterns, values of an outer `enum` in the branch whose type they have. Values (`enum`, `default`, examples) stay as
 * they are.
 *
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function responsesSchema(schema: JsonSchema): ResponsesSchema {
  return once(schema, "responses", () => {
    const run = new Run()
    const written = run.node(run.root(schema), "")
    const { contradiction } = run
    // An object's schema without properties is refused.
    const bare = written["type"] === "object" && written["properties"] === undefined
    return {
      schema: bare ? { ...written, properties: {} } : written,
      changes: [...run.changes],
      ...(contradiction === undefined ? {} : { contradiction }),
    }
  })
}

class Run {
  readonly changes = new Set<string>()
  contradiction: string | undefined
  readonly #pass = new Pass()

  root(schema: JsonSchema): JsonSchema {
    const root = objectRoot(schema)
    if (root !== schema) this.changes.add("the root became an object")
    return root
  }

  node(source: JsonSchema, at: string): JsonSchema {
    return this.#pass.node(
      source,
      () => {
        const node = {
          ...mapSchemas(source, (inner, _keyword, path) => (isSchema(inner) ? this.node(inner, at + path) : inner)),
        }
        this.#oneOf(node)
        this.#pattern(node)
        this.#items(node)
        this.#distribute(node)
        if (contradicts(node)) this.contradiction ??= at === "" ? "/" : at
        return node
      },
      () => {
        this.changes.add("a schema within itself was cut off")
        return {}
      },
    )
  }

  #oneOf(node: JsonSchema): void {
    const { oneOf } = node
    if (!Array.isArray(oneOf)) return
    delete node["oneOf"]
    if (node["anyOf"] === undefined) node["anyOf"] = oneOf
    else node["allOf"] = [...(Array.isArray(node["allOf"]) ? (node["allOf"] as unknown[]) : []), { anyOf: oneOf }]
    this.changes.add("oneOf became anyOf")
  }

  #pattern(node: JsonSchema): void {
    if (typeof node["pattern"] === "string" && LOOK_AROUND.test(node["pattern"])) {
      delete node["pattern"]
      this.changes.add("a pattern with look-around was left out")
    }
    const named = node["patternProperties"]
    if (!isSchema(named) || !Object.keys(named).some((pattern) => LOOK_AROUND.test(pattern))) return
    // What such a pattern says of names cannot be told: what it says of their values holds for all.
    node["patternProperties"] = Object.fromEntries(
      Object.entries(named).map(([pattern, inner]) => [LOOK_AROUND.test(pattern) ? ".*" : pattern, inner]),
    )
    this.changes.add("a pattern with look-around was left out")
  }

  #items(node: JsonSchema): void {
    if (node["type"] !== "array" || node["items"] !== undefined) return
    node["items"] = {}
    this.changes.add("a list without items may hold anything")
  }

  /** An `enum` beside branches: each value goes to the branches of its type, none to the one for null. */
  #distribute(node: JsonSchema): void {
    const values = node["enum"]
    const branches = node["anyOf"]
    if (!Array.isArray(values) || !Array.isArray(branches) || node["type"] !== undefined) return
    if (!branches.every((branch) => isSchema(branch) && typeof branch["type"] === "string")) return
    node["anyOf"] = (branches as JsonSchema[]).map((branch) => {
      const own = values.filter((value) => hasType(value, branch["type"] as string))
      return branch["type"] === "null" || branch["enum"] !== undefined || own.length === 0
        ? branch
        : { ...branch, enum: own }
    })
    delete node["enum"]
    this.changes.add("the values of an enum moved into the branches of their types")
  }
}

/** Whether a value of `enum` or `const` has none of the types that stand beside it. */
function contradicts({ type, enum: values, const: only }: JsonSchema): boolean {
  const types = (Array.isArray(type) ? type : [type]).filter((one) => typeof one === "string")
  if (types.length === 0) return false
  const given: unknown[] = Array.isArray(values) ? values : []
  if (given.length > 0 && types.every((one) => one === "array")) return true
  return [...given, ...(only === undefined ? [] : [only])].some((value) => !types.some((one) => hasType(value, one)))
}
