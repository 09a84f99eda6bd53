import { type Schema, validate } from "@cfworker/json-schema"
import type { JsonSchema } from "../../model/tool.ts"
import { isObject } from "../../model/json.ts"
import { once } from "../../schema/memo.ts"
import { isSchema, resolveRef } from "../../schema/subschemas.ts"
import { upgradeSchema } from "../../schema/upgrade.ts"

/** A schema as the validator is given it: only keywords that say which values are valid, each of the right shape. */
export type Node = boolean | { [keyword: string]: unknown }

/** One thing that the validator has against a value. */
export interface Finding {
  keyword: string
  /** JSON pointer from `#`. */
  location: string
}

/** A schema, ready to judge values by. */
export interface Compiled {
  root: Node
  /** What a `$ref` of a node stands for. */
  target(ref: unknown): Node
  accepts(node: Node, value: unknown): boolean
  /** What is wrong with a value. By far the most useful one comes last. */
  findings(node: Node, value: unknown, all: boolean): Finding[]
}

type Shape = (value: unknown) => boolean

const isNumber: Shape = (value) => typeof value === "number"
const isStrings: Shape = (value) => Array.isArray(value) && value.every((one) => typeof one === "string")
const TYPES = new Set(["null", "boolean", "integer", "number", "string", "array", "object"])

/** Keywords with values, and the shape that a value must have; others are left out, as they say nothing. */
const VALUES: Readonly<Record<string, Shape>> = {
  type: (value) =>
    Array.isArray(value) ? value.length > 0 && value.every((one) => TYPES.has(one)) : TYPES.has(value as string),
  enum: Array.isArray,
  const: () => true,
  default: () => true,
  format: (value) => typeof value === "string",
  required: isStrings,
  minProperties: isNumber,
  maxProperties: isNumber,
  dependentRequired: (value) => isObject(value) && Object.values(value).every(isStrings),
  minContains: isNumber,
  maxContains: isNumber,
  minItems: isNumber,
  maxItems: isNumber,
  uniqueItems: (value) => typeof value === "boolean",
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  multipleOf: isNumber,
  minLength: isNumber,
  maxLength: isNumber,
  pattern: (value) => typeof value === "string" && compiles(value),
}
const ONE = new Set(["not", "if", "then", "else", "additionalProperties", "unevaluatedProperties", "propertyNames"])
const ONE_OF_ITEMS = new Set(["items", "unevaluatedItems", "contains"])
const LISTS = new Set(["allOf", "anyOf", "oneOf", "prefixItems"])
const NAMED = new Set(["properties", "patternProperties", "dependentSchemas"])

/** Most schemas that have a say on one value, one within the other counted each time. */
const MAX_WAYS = 5000

/** Texts for the validator, which wants pointers in a URI. */
const UNPAIRED = /\p{Surrogate}/u

/**
 * A tool's schema, ready to judge values by; made once for each schema object. The schema is copied and never changed.
 *
 * What cannot be judged by lets everything pass, for a tool that nobody can call helps nobody: keywords of the wrong
 * shape, patterns that are no regular expressions of ECMAScript, references to other documents, a reference that leads
 * back to itself without a step into the value, and schemas that have thousands within them for one value.
 */
export function compile(schema: JsonSchema): Compiled {
  return once(schema, "arguments", () => new Compiler(upgradeSchema(schema)).compiled())
}

class Compiler {
  readonly #source: JsonSchema
  readonly #nodes = new Map<object, { [keyword: string]: unknown }>()
  readonly #targets: Record<string, Node> = Object.create(null) as Record<string, Node>
  readonly #names = new Map<unknown, string>()

  constructor(source: JsonSchema) {
    this.#source = source
  }

  compiled(): Compiled {
    const root = this.#node(this.#source)
    this.#cutCircles()
    const targets = this.#targets
    const run = (node: Node, value: unknown, all: boolean): Finding[] => {
      const judge = (one: unknown): Finding[] =>
        validate(one, node as Schema, "2020-12", targets as Record<string, Schema>, !all).errors.map((error) => ({
          keyword: error.keyword,
          location: error.instanceLocation,
        }))
      try {
        return judge(value)
      } catch (error) {
        // The validator writes names into a URI, which half a surrogate pair cannot be.
        if (error instanceof URIError) return judge(withPairedNames(value))
        throw error
      }
    }
    return {
      root,
      target: (ref) => targets[ref as string] ?? true,
      accepts: (node, value) => node === true || (node !== false && run(node, value, false).length === 0),
      findings: run,
    }
  }

  #node(source: unknown): Node {
    if (!isSchema(source)) return source !== false
    const known = this.#nodes.get(source)
    if (known) return known
    const node: { [keyword: string]: unknown } = {}
    this.#nodes.set(source, node)
    for (const [keyword, value] of Object.entries(source)) {
      if (Object.hasOwn(VALUES, keyword)) {
        if (VALUES[keyword]?.(value)) node[keyword] = value
      } else if (ONE.has(keyword) || ONE_OF_ITEMS.has(keyword)) {
        if (isSchema(value) || typeof value === "boolean") node[keyword] = this.#node(value)
      } else if (LISTS.has(keyword)) {
        if (Array.isArray(value) && value.length > 0) node[keyword] = value.map((inner) => this.#node(inner))
      } else if (NAMED.has(keyword)) {
        if (isSchema(value)) node[keyword] = this.#named(value, keyword === "patternProperties")
      }
    }
    const ref = this.#reference(source)
    if (ref !== undefined) node["$ref"] = ref
    this.#constantsFirst(node)
    return node
  }

  #named(schemas: JsonSchema, patterns: boolean): Record<string, Node> {
    const entries = Object.entries(schemas).map(([name, inner]): [string, Node] =>
      // Names that nobody can match may be any.
      patterns && !compiles(name) ? ["", true] : [name.toWellFormed(), this.#node(inner)],
    )
    return Object.fromEntries(entries)
  }

  /** The name under which the validator finds what a reference stands for. */
  #reference(source: JsonSchema): string | undefined {
    const ref = source["$ref"] ?? source["$dynamicRef"] ?? source["$recursiveRef"]
    if (typeof ref !== "string") return undefined
    const target = resolveRef(this.#source, ref) ?? this.#identified(ref)
    if (target === undefined) return undefined
    let name = this.#names.get(target)
    if (name === undefined) {
      name = `target-${this.#names.size}`
      this.#names.set(target, name)
      this.#targets[name] = this.#node(target)
    }
    return name
  }

  /** The schema that has the anchor or the id. */
  #identified(ref: string): unknown {
    const seen = new Set<unknown>()
    const find = (at: unknown): unknown => {
      if (typeof at !== "object" || at === null || seen.has(at)) return undefined
      seen.add(at)
      if (isSchema(at)) {
        const anchors = [at["$anchor"], at["$dynamicAnchor"]].map((anchor) => `#${String(anchor)}`)
        if (anchors.includes(ref) || at["$id"] === ref) return at
      }
      for (const inner of Object.values(at)) {
        const found = find(inner)
        if (found !== undefined) return found
      }
      return undefined
    }
    return find(this.#source)
  }

  /** Constants are looked at first: they tell at once which form of a union is not meant. */
  #constantsFirst(node: { [keyword: string]: unknown }): void {
    const { properties } = node
    if (!isSchema(properties)) return
    const isConstant = ([, inner]: [string, unknown]): boolean =>
      isSchema(inner) && (Object.hasOwn(inner, "const") || Object.hasOwn(inner, "enum"))
    const entries = Object.entries(properties)
    if (!entries.some(isConstant)) return
    node["properties"] = Object.fromEntries([
      ...entries.filter(isConstant),
      ...entries.filter((entry) => !isConstant(entry)),
    ])
  }

  /**
   * Removes what leads back to itself while the value stays the same, which would be followed for ever, and what there
   * are too many ways through for one value: definitions that name the next one twice double them each time.
   */
  #cutCircles(): void {
    const waysOf = new Map<Node, number>()
    const path = new Set<Node>()
    const follow = (node: Node): number => {
      if (typeof node === "boolean") return 1
      if (path.has(node)) return Infinity
      const known = waysOf.get(node)
      if (known !== undefined) return known
      path.add(node)
      let ways = 1
      const takes = (inner: Node): boolean => {
        const more = follow(inner)
        if (ways + more > MAX_WAYS) return false
        ways += more
        return true
      }
      if (typeof node["$ref"] === "string" && !takes(this.#targets[node["$ref"]] ?? true)) delete node["$ref"]
      for (const keyword of ["not", "if", "then", "else"]) {
        if (node[keyword] !== undefined && !takes(node[keyword] as Node)) delete node[keyword]
      }
      for (const keyword of ["allOf", "anyOf", "oneOf"]) {
        const branches = node[keyword] as Node[] | undefined
        const taken = branches?.filter(takes)
        if (!branches || taken?.length === branches.length) continue
        // A value may be any form that nobody looks at.
        if (keyword === "allOf" && taken?.length) node[keyword] = taken
        else delete node[keyword]
      }
      const dependent = node["dependentSchemas"] as Record<string, Node> | undefined
      for (const name of Object.keys(dependent ?? {})) {
        if (dependent && !takes(dependent[name] as Node)) dependent[name] = true
      }
      path.delete(node)
      waysOf.set(node, ways)
      return ways
    }
    for (const node of this.#nodes.values()) follow(node)
  }
}

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, "u"))
  } catch {
    return false
  }
}

function withPairedNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPairedNames)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      UNPAIRED.test(name) ? name.toWellFormed() : name,
      withPairedNames(inner),
    ]),
  )
}
