import type { JsonSchema } from "../model/tool.ts"
import { DESCRIBING, hasType, isNumberBound, roleOf, typeOfValues, valuesOf } from "./keywords.ts"
import { once } from "./memo.ts"
import { merged } from "./merge.ts"
import { isSchema, MAX_NODES, nameOf, Pass, refsIn, resolveRef, stepOf } from "./subschemas.ts"
import { isStrictSchema, isStrictValidator } from "./strict-check.ts"
import { upgradeSchema } from "./upgrade.ts"
import { described, shown, strings } from "./words.ts"

/** A schema as strict mode takes it. */
export interface StrictSchema {
  schema: JsonSchema
  /** Limits that the model now only reads of: it is not held to them. */
  loosened: readonly string[]
  /** Properties that may be left out are required now, and null stands for their absence. */
  nulls: boolean
}

/** How references to definitions begin. */
const DEFINITIONS = "#/$defs/"
/**
 * Most steps that a schema may take: properties put together, references followed, values listed, branches compared.
 * The vendor takes a twentieth of what can be done in them (5000 properties, 1000 values); a schema that somebody
 * made to be slow is not written at all.
 */
const MAX_STEPS = 100_000
const TYPES: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean", "null", "object", "array"])

/** Keywords that are written, or ruled out, elsewhere. */
const HANDLED: ReadonlySet<string> = new Set([
  "type",
  "enum",
  "const",
  "anyOf",
  "oneOf",
  "allOf",
  "$ref",
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "items",
  "prefixItems",
  "title",
  "description",
  "default",
])

/** Ends the writing of a schema that strict mode has no words for. */
function refuse(): never {
  throw NOT_STRICT
}

const NOT_STRICT = new RangeError("Strict mode has no words for this schema.")

/**
 * A schema as OpenAI's strict mode takes it: objects are closed and require all of their properties, those that were
 * optional may be null; constants are enums, lists of types and `oneOf` are `anyOf`; references with something beside
 * them are put in place; keywords that strict mode does not take stand in the description of their node.
 *
 * Whatever fits the result fits the schema that was given, once null is taken from properties that were optional, and
 * but for `loosened`. `undefined` where strict mode has no words for it: objects that are open, parts without a type,
 * `true` and `false`, lists of values of several types, lists by place, and schemas that contain themselves as objects.
 *
 * @param validators the host takes limits on values (`pattern`, ranges, counts of items)
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function strictSchema(schema: JsonSchema, validators = false): StrictSchema | undefined {
  return once(schema, `strict ${validators}`, () => {
    try {
      if (isStrictSchema(schema, validators)) return { schema, loosened: [], nulls: false }
      return new Run(upgradeSchema(schema), validators).whole()
    } catch (error) {
      // Also where the schema goes too deep to be read.
      if (error instanceof RangeError) return undefined
      throw error
    }
  })
}

class Run {
  readonly #root: JsonSchema
  readonly #validators: boolean
  readonly #pass = new Pass()
  /** Definitions that are referred to, as they are written. */
  readonly #defs = new Map<string, JsonSchema | undefined>()
  /** Unions of which only one branch may fit; whether that is so by itself is seen at the end. */
  readonly #oneOfs: (readonly JsonSchema[])[] = []
  readonly #loosened = new Set<string>()
  #nulls = false
  readonly #refs = new Map<string, ReadonlySet<string>>()
  #nodes = 0
  #steps = 0

  constructor(root: JsonSchema, validators: boolean) {
    this.#root = root
    this.#validators = validators
  }

  whole(): StrictSchema {
    const { $ref } = this.#root
    const given = typeof $ref === "string" ? this.#placed(this.#root, $ref) : this.#root
    const root = this.#rootObject(this.#flat(given))
    for (const name of this.#defs.keys()) {
      this.#defs.set(name, this.#node(resolveRef(this.#root, DEFINITIONS + stepOf(name))))
    }
    const all = isSchema(this.#root["$defs"]) ? Object.keys(this.#root["$defs"]) : []
    const defs = all.filter((name) => this.#defs.has(name)).map((name) => [name, this.#defs.get(name)] as const)
    const schema = defs.length === 0 ? root : { ...root, $defs: Object.fromEntries(defs) }
    if (!this.#oneOfs.every((branches) => this.#areApart(branches))) this.#loosened.add("oneOf")
    return { schema, loosened: [...this.#loosened], nulls: this.#nulls }
  }

  #node(source: unknown): JsonSchema {
    if (!isSchema(source)) refuse()
    return this.#pass.node(
      source,
      () => this.#fresh(source),
      () => refuse(),
    )
  }

  #fresh(source: JsonSchema): JsonSchema {
    if (++this.#nodes > MAX_NODES) refuse()
    const { $ref } = source
    if (typeof $ref === "string") return this.#reference(source, $ref)
    const node = this.#flat(source)
    if (node !== source && typeof node["$ref"] === "string") return this.#reference(node, node["$ref"])
    const branches = node["anyOf"] ?? node["oneOf"]
    if (branches !== undefined) return this.#union(node, branches)
    const { type } = node
    if (Array.isArray(type)) return this.#types(node, strings(type))
    return this.#typed(node)
  }

  /** A reference alone stays, where it is to a definition; one with something beside it is put in place. */
  #reference(source: JsonSchema, ref: string): JsonSchema {
    const beside = Object.keys(source).filter((one) => one !== "$ref" && roleOf(one, undefined) !== "idle")
    const name = definitionOf(ref)
    const isDefinition = ref === "#" || (name !== undefined && isSchema(resolveRef(this.#root, ref)))
    if (isDefinition && beside.length === 0) return this.#kept(ref, name)
    if (this.#isRecursive(ref)) {
      // It would be put in place without end. What describes it can stand around it.
      if (!isDefinition || !beside.every((one) => DESCRIBING.has(one))) refuse()
      const words = this.#words(source, undefined)
      return words["description"] === undefined ? this.#kept(ref, name) : { ...words, anyOf: [this.#kept(ref, name)] }
    }
    const target = resolveRef(this.#root, ref)
    if (!isSchema(target) || target["unevaluatedProperties"] !== undefined) refuse()
    const { $ref: _ref, ...rest } = source
    return this.#fresh(this.#merged(rest, target))
  }

  #spend(steps: number): void {
    if ((this.#steps += steps) > MAX_STEPS) refuse()
  }

  #merged(first: JsonSchema, second: JsonSchema): JsonSchema {
    for (const { properties } of [first, second]) if (isSchema(properties)) this.#spend(Object.keys(properties).length)
    return merged(first, second) ?? refuse()
  }

  /** Whether what a reference points at refers to itself, by whichever way. */
  #isRecursive(ref: string): boolean {
    const seen = new Set<string>()
    const waiting = [ref]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const one of this.#refsBehind(next)) {
        this.#spend(1)
        if (!seen.has(one)) waiting.push(one)
        seen.add(one)
      }
    }
    return seen.has(ref)
  }

  /** The references within what a reference points at. */
  #refsBehind(ref: string): ReadonlySet<string> {
    let refs = this.#refs.get(ref)
    if (!refs) {
      const target = resolveRef(this.#root, ref)
      refs = isSchema(target) ? refsIn(target, () => this.#spend(1)) : new Set()
      this.#refs.set(ref, refs)
    }
    return refs
  }

  #kept(ref: string, name: string | undefined): JsonSchema {
    if (name !== undefined && !this.#defs.has(name)) this.#defs.set(name, undefined)
    return { $ref: ref }
  }

  /** A schema with those of its `allOf` in it. */
  #flat(source: JsonSchema): JsonSchema {
    const { allOf, ...rest } = source
    if (allOf === undefined) return source
    if (!Array.isArray(allOf)) refuse()
    let node: JsonSchema = rest
    for (const branch of allOf as unknown[]) {
      if (!isSchema(branch) || branch["unevaluatedProperties"] !== undefined) refuse()
      const part =
        typeof branch["$ref"] === "string" && allOf.length > 1 ? this.#placed(branch, branch["$ref"]) : branch
      node = this.#merged(node, this.#flat(part))
    }
    return node
  }

  /** What a reference within `allOf` points at, with what stands beside it. */
  #placed(branch: JsonSchema, ref: string): JsonSchema {
    const target = resolveRef(this.#root, ref)
    if (++this.#nodes > MAX_NODES || !isSchema(target)) refuse()
    const { $ref: _ref, ...rest } = branch
    const node = this.#merged(rest, target)
    return typeof node["$ref"] === "string" ? this.#placed(node, node["$ref"]) : node
  }

  #union(node: JsonSchema, branches: unknown): JsonSchema {
    const { anyOf, oneOf, ...rest } = node
    if (!Array.isArray(branches) || branches.length === 0) refuse()
    if (anyOf !== undefined && oneOf !== undefined) refuse()
    const outer = limitsIn(rest)
    const isBare = Object.keys(outer).length === 0
    const written = (branches as unknown[]).map((branch) => {
      if (isBare) return this.#node(branch)
      if (!isSchema(branch)) refuse()
      return this.#fresh(this.#merged(branch, outer))
    })
    if (oneOf !== undefined) this.#oneOfs.push(written)
    return joined(written, this.#words(node, undefined))
  }

  /** A list of types as a union, each with what of the schema is about it. */
  #types(node: JsonSchema, types: readonly string[]): JsonSchema {
    const values = valuesOf(node)
    const { enum: _enum, const: _const, ...rest } = node
    const own = limitsIn(rest)
    const branches = types.flatMap((type) => {
      const some = values?.filter((value) => hasType(value, type) && !(type === "number" && isCovered(value, types)))
      if (some?.length === 0) return []
      return [this.#typed({ ...own, type, ...(some && type !== "null" ? { enum: some } : {}) })]
    })
    if (branches.length === 0) refuse()
    return joined(branches, this.#words(node, undefined))
  }

  #typed(node: JsonSchema): JsonSchema {
    const values = valuesOf(node)
    const type = node["type"] ?? typeWithout(node, values)
    if (type === undefined && values?.includes(null)) {
      const others = typeOfValues(values.filter((value) => value !== null))
      if (others !== undefined) return this.#types(node, [others, "null"])
    }
    if (typeof type !== "string" || !TYPES.has(type)) refuse()
    if (type === "object" || type === "array") {
      if (values) refuse()
      return type === "object" ? this.#object(node, false) : this.#array(node)
    }
    this.#spend(values?.length ?? 0)
    const own = values?.filter((value) => hasType(value, type))
    if (own?.length === 0) refuse()
    const list = own && type !== "null" ? { enum: own } : {}
    return { type, ...this.#words(node, type), ...list, ...this.#limits(node, type) }
  }

  #array(node: JsonSchema): JsonSchema {
    if (node["prefixItems"] !== undefined) refuse()
    const items = this.#node(node["items"])
    return { type: "array", ...this.#words(node, "array"), items, ...this.#limits(node, "array") }
  }

  #rootObject(node: JsonSchema): JsonSchema {
    const type = node["type"] ?? typeWithout(node, undefined)
    if (type !== "object" || ["anyOf", "oneOf", "$ref", "enum", "const"].some((word) => node[word] !== undefined)) {
      refuse()
    }
    return this.#object(node, true)
  }

  #object(node: JsonSchema, isRoot: boolean): JsonSchema {
    const { properties, additionalProperties, unevaluatedProperties } = node
    const more = additionalProperties ?? unevaluatedProperties
    const given = isSchema(properties) ? Object.entries(properties) : []
    // Without a name, an object is one of any names. As the root it is that of a tool that takes nothing.
    const isMap = more === undefined && given.length === 0 && !(isRoot && isSchema(properties))
    if (isMap || (more !== undefined && more !== false) || node["patternProperties"] !== undefined) refuse()
    const required = new Set(strings(node["required"]))
    const written = given.map(([name, inner]) => {
      const own = this.#node(inner)
      if (required.delete(name) || admitsNull(own)) return [name, own] as const
      this.#nulls = true
      return [name, orNull(own)] as const
    })
    if (required.size > 0) refuse()
    return {
      type: "object",
      ...this.#words(node, "object"),
      properties: Object.fromEntries(written),
      required: written.map(([name]) => name),
      additionalProperties: false,
    }
  }

  /** The limits on values that the host takes. */
  #limits(node: JsonSchema, type: string): JsonSchema {
    return Object.fromEntries(
      Object.entries(node).filter(
        ([name, value]) => roleOf(name, type) === "limit" && isStrictValidator(name, value, this.#validators),
      ),
    )
  }

  /** The description of a node of a type: what it was, the default, and what strict mode has no place for. */
  #words(node: JsonSchema, type: string | undefined): JsonSchema {
    const spilled: JsonSchema = {}
    for (const [name, value] of Object.entries(node)) {
      if (HANDLED.has(name) || value === undefined) continue
      const role = roleOf(name, type)
      if (role === "idle" || isNumberBound(name, value)) continue
      if (role === "limit" && (type === undefined || isStrictValidator(name, value, this.#validators))) continue
      if (name === "unevaluatedProperties" || name === "unevaluatedItems") continue
      spilled[name] = value
      if (role === "limit") this.#loosened.add(name)
    }
    const { description, title, default: preset } = node
    const about = [description, title].find((text) => typeof text === "string" && text !== "")
    const told =
      preset === undefined ? about : [about, `(default: ${JSON.stringify(preset)})`].filter(Boolean).join(" ")
    const words = Object.keys(spilled).length === 0 ? told : described(told, spilled)
    return words === undefined ? {} : { description: words }
  }

  /** Whether no value fits two of several schemas, as they are written. */
  #areApart(branches: readonly JsonSchema[]): boolean {
    const seen = branches.map((branch) => this.#target(branch))
    return seen.every((a, i) => {
      this.#spend(seen.length - i)
      return seen.slice(i + 1).every((b) => areApart(a, b))
    })
  }

  #target(schema: JsonSchema): JsonSchema {
    const { $ref } = schema
    const name = typeof $ref === "string" ? definitionOf($ref) : undefined
    return (name === undefined ? undefined : this.#defs.get(name)) ?? schema
  }
}

/** What of a schema limits values, without what describes them. */
function limitsIn(node: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(node).filter(
      ([name]) => !DESCRIBING.has(name) && (HANDLED.has(name) || roleOf(name, undefined) === "limit"),
    ),
  )
}

function typeWithout(node: JsonSchema, values: readonly unknown[] | undefined): string | undefined {
  if (values) return typeOfValues(values)
  if (isSchema(node["properties"])) return "object"
  return node["items"] === undefined ? undefined : "array"
}

/** Whether a number of a list of values is one that stands as an integer already. */
function isCovered(value: unknown, types: readonly string[]): boolean {
  return types.includes("integer") && Number.isInteger(value)
}

/** Several schemas as one: those that are nothing but unions are spliced in, and null stands there once. */
function joined(branches: readonly JsonSchema[], words: JsonSchema): JsonSchema {
  const spliced = branches.flatMap((branch) => (isPureUnion(branch) ? (branch["anyOf"] as JsonSchema[]) : [branch]))
  const list = [...new Map(spliced.map((branch) => [shown(branch), branch])).values()]
  const [only] = list
  return list.length === 1 && only && only["$ref"] === undefined ? { ...only, ...words } : { ...words, anyOf: list }
}

function isPureUnion(schema: JsonSchema): boolean {
  return Array.isArray(schema["anyOf"]) && Object.keys(schema).length === 1
}

function admitsNull({ type, anyOf }: JsonSchema): boolean {
  return type === "null" || (Array.isArray(anyOf) && (anyOf as JsonSchema[]).some(admitsNull))
}

/** A schema that takes null as well. */
function orNull(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = schema
  const words = description === undefined ? {} : { description }
  const branches = isPureUnion(rest) ? (rest["anyOf"] as JsonSchema[]) : [rest]
  return { ...words, anyOf: [...branches, { type: "null" }] }
}

/** Whether no value fits both of two schemas of strict mode. When in doubt, one may. */
function areApart(a: JsonSchema, b: JsonSchema): boolean {
  if (Array.isArray(a["anyOf"])) return (a["anyOf"] as JsonSchema[]).every((branch) => areApart(branch, b))
  if (Array.isArray(b["anyOf"])) return areApart(b, a)
  const { type, enum: values } = a
  if (type === undefined || b["type"] === undefined) return false
  const numbers = ["number", "integer"]
  if (type !== b["type"] && !(numbers.includes(type as string) && numbers.includes(b["type"] as string))) return true
  if (Array.isArray(values) && Array.isArray(b["enum"])) {
    const others = new Set(b["enum"] as unknown[])
    return !values.some((value) => others.has(value))
  }
  const { properties } = a
  const others = b["properties"]
  if (!isSchema(properties) || !isSchema(others)) return false
  // All of them are required, and there are no others.
  const shared = Object.keys(properties).filter((name) => Object.hasOwn(others, name))
  return shared.some((name) => areApart(properties[name] as JsonSchema, others[name] as JsonSchema))
}

/** The name of the definition that a reference points at; `undefined` where it points at something else. */
function definitionOf(ref: string): string | undefined {
  if (!ref.startsWith(DEFINITIONS) || ref.includes("/", DEFINITIONS.length)) return undefined
  try {
    return nameOf(ref.slice(DEFINITIONS.length))
  } catch {
    return undefined
  }
}
