import { isObject } from "../../model/json.ts"
import { isSchema } from "../../schema/subschemas.ts"
import type { Compiled, Node } from "./compile.ts"

/** A node with keywords. */
export type Keywords = { readonly [keyword: string]: unknown }

/** Kinds of values as bits, so that what a schema takes is one number. */
export const KIND = { null: 1, boolean: 2, number: 4, string: 8, array: 16, object: 32 } as const
/** Some strings only: those of an enum or a constant. */
export const LISTED_STRING = 64
const ANY = 63
/** Kinds that hold other values. */
export const CONTAINER: number = KIND.array | KIND.object

/** The kind of a value, as a bit of `KIND`; 0 for what JSON has no word for. */
export function kindOf(value: unknown): number {
  if (value === null) return KIND.null
  if (Array.isArray(value)) return KIND.array
  return KIND[typeof value as "boolean" | "number" | "string" | "object"] ?? 0
}

/** Whether a value of this kind can be among those that a node takes. */
export function takesKind(kinds: number, value: unknown): boolean {
  const kind = kindOf(value)
  return (kind & kinds) !== 0 || (kind === KIND.string && (kinds & LISTED_STRING) !== 0)
}

/** A value's kind in words of JSON Schema. */
export function kindName(value: unknown): string {
  return kindNames(kindOf(value))[0] ?? typeof value
}

/** The names of kinds. */
export function kindNames(kinds: number): string[] {
  const all = kinds & LISTED_STRING ? kinds | KIND.string : kinds
  return Object.entries(KIND).flatMap(([name, bit]) => (all & bit ? [name] : []))
}

/**
 * What has a say on one value: a node, what it refers to and the parts of its `allOf`, and with the value given also
 * what its conditions lead to. Forms that a union offers are not among them.
 */
export function viewsOf(schema: Compiled, node: Node, value?: unknown): Keywords[] {
  const views = new Set<Keywords>()
  const add = (one: unknown): void => {
    if (!isSchema(one) || views.has(one)) return
    views.add(one)
    if (one["$ref"] !== undefined) add(schema.target(one["$ref"]))
    for (const part of list(one["allOf"])) add(part)
    if (value === undefined) return
    if (one["if"] !== undefined) add(one[schema.accepts(one["if"] as Node, value) ? "then" : "else"])
    if (isSchema(one["dependentSchemas"]) && isObject(value)) {
      for (const [name, inner] of Object.entries(one["dependentSchemas"])) if (Object.hasOwn(value, name)) add(inner)
    }
  }
  add(node)
  return [...views]
}

/** Like `viewsOf`, with all that may have a say: every form of a union and every outcome of a condition. */
export function reachOf(schema: Compiled, nodes: readonly Node[]): Keywords[] {
  const views = new Set<Keywords>()
  const add = (one: unknown): void => {
    if (!isSchema(one) || views.has(one)) return
    views.add(one)
    if (one["$ref"] !== undefined) add(schema.target(one["$ref"]))
    for (const keyword of ["allOf", "anyOf", "oneOf"]) for (const part of list(one[keyword])) add(part)
    for (const keyword of ["if", "then", "else"]) add(one[keyword])
    if (isSchema(one["dependentSchemas"])) for (const inner of Object.values(one["dependentSchemas"])) add(inner)
  }
  for (const node of nodes) add(node)
  return [...views]
}

/** The forms that a union offers; `undefined` where it is none. */
export function formsOf(view: Keywords): { keyword: "anyOf" | "oneOf"; forms: Node[] }[] {
  return (["anyOf", "oneOf"] as const).flatMap((keyword) =>
    view[keyword] === undefined ? [] : [{ keyword, forms: list(view[keyword]) }],
  )
}

/** The nodes for a member of an object or an array. Empty: nothing is known of it. */
export function childrenOf(views: readonly Keywords[], key: string | number): Node[] {
  return views.flatMap((view) => (typeof key === "number" ? itemNode(view, key) : memberNodes(view, key)))
}

function itemNode(view: Keywords, index: number): Node[] {
  const prefix = list(view["prefixItems"])
  const node = index < prefix.length ? prefix[index] : view["items"]
  return node === undefined ? [] : [node as Node]
}

function memberNodes(view: Keywords, name: string): Node[] {
  const nodes = namedNodes(view, name)
  const others = view["additionalProperties"]
  return nodes.length === 0 && isSchema(others) ? [others] : nodes
}

/** The nodes that an object's schema has for a name, by itself or by a pattern. */
export function namedNodes(view: Keywords, name: string): Node[] {
  const { properties, patternProperties } = view
  const nodes: Node[] = []
  if (isSchema(properties) && Object.hasOwn(properties, name)) nodes.push(properties[name] as Node)
  if (isSchema(patternProperties)) {
    for (const [pattern, node] of Object.entries(patternProperties)) {
      if (new RegExp(pattern, "u").test(name)) nodes.push(node as Node)
    }
  }
  return nodes
}

/** Whether an object's schema names a property. */
export function declares({ properties }: Keywords, name: string): boolean {
  return isSchema(properties) && Object.hasOwn(properties, name)
}

/** Whether names that the schema does not know are refused. */
export function isClosed(view: Keywords): boolean {
  return view["additionalProperties"] === false || view["unevaluatedProperties"] === false
}

/** Whether an object has to have a property. */
export function requires({ required }: Keywords, name: string): boolean {
  return list(required).includes(name)
}

/** The kinds that a node takes, as far as its keywords tell. */
export function kindsOf(schema: Compiled, node: Node): number {
  return kinds(schema, node, new Set())
}

function kinds(schema: Compiled, node: unknown, path: Set<unknown>): number {
  if (node === false) return 0
  if (!isSchema(node) || path.has(node)) return ANY
  path.add(node)
  let bits = ANY
  const { type } = node
  if (type !== undefined)
    bits = union([type].flat().map((name) => KIND[name === "integer" ? "number" : (name as "null")]))
  const listed = node["enum"] ?? (Object.hasOwn(node, "const") ? [node["const"]] : undefined)
  if (listed !== undefined)
    bits = both(bits, union(list(listed).map((value) => (typeof value === "string" ? LISTED_STRING : kindOf(value)))))
  if (node["$ref"] !== undefined) bits = both(bits, kinds(schema, schema.target(node["$ref"]), path))
  for (const part of list(node["allOf"])) bits = both(bits, kinds(schema, part, path))
  for (const { forms } of formsOf(node)) bits = both(bits, union(forms.map((form) => kinds(schema, form, path))))
  path.delete(node)
  return bits
}

function union(all: readonly number[]): number {
  return all.reduce((bits, one) => bits | one, 0)
}

/** The kinds that both take. Of listed strings and any strings that is the listed ones. */
function both(a: number, b: number): number {
  const strings = KIND.string | LISTED_STRING
  const common = a & b & ~LISTED_STRING
  const someStrings = (a & strings) !== 0 && (b & strings) !== 0 && (common & KIND.string) === 0
  return someStrings ? common | LISTED_STRING : common
}

/** A list, or an empty one in place of what is none. */
export function list<T = unknown>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : []
}
