import type { JsonSchema } from "../../model/tool.ts"
import { isItem, type Item } from "./types.ts"

/** Keywords that the API's grammars take on every node. */
const COMMON = new Set([
  "$ref",
  "$defs",
  "$schema",
  "definitions",
  "type",
  "anyOf",
  "allOf",
  "enum",
  "const",
  "description",
  "title",
  "default",
  "nullable",
])
const OF_OBJECTS = new Set(["properties", "required", "additionalProperties"])
const OF_ARRAYS = new Set(["items", "prefixItems", "minItems"])
const FORMATS = new Set(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"])

/** A schema as the API takes it. */
export interface NormalisedSchema {
  schema: Item
  /** Something was moved into a description. */
  changed: boolean
  /** Some object takes properties that are not named: it cannot be held to strictly. */
  open: boolean
  /** Properties that may be left out. */
  optional: number
  /** Nodes that are one of several types. */
  unions: number
}

/**
 * Makes a JSON Schema fit for `input_schema` or an output format: the root is an object, and keywords that the API
 * refuses are appended to the description of their node, so that the model still reads them.
 *
 * `close`: objects that do not say otherwise take no further properties, as strict mode wants it. `anyRoot`: the root
 * may be something else than an object, as in an output format.
 */
export function normaliseSchema(
  schema: JsonSchema,
  options: { close?: boolean; anyRoot?: boolean } = {},
): NormalisedSchema {
  const run = new Run(options.close ?? false)
  const root = options.anyRoot ? run.node(schema) : run.root(schema)
  return { schema: root, changed: run.changed, open: run.open, optional: run.optional, unions: run.unions }
}

class Run {
  changed = false
  open = false
  optional = 0
  unions = 0
  readonly #close: boolean
  readonly #seen = new Map<object, Item>()
  /** Nodes that are being read: one that is met again inside itself cannot be written as JSON and is cut off. */
  readonly #active = new Set<object>()

  constructor(close: boolean) {
    this.#close = close
  }

  root(schema: JsonSchema): Item {
    const node = { ...schema }
    const spilled: Item = {}
    for (const keyword of ["anyOf", "allOf"]) {
      if (node[keyword] === undefined) continue
      spilled[keyword] = node[keyword]
      delete node[keyword]
    }
    node["type"] = "object"
    if (!isItem(node["properties"])) node["properties"] = {}
    if (node["required"] !== undefined) node["required"] = strings(node["required"])
    return this.#node(node, spilled)
  }

  node(schema: JsonSchema): Item {
    return this.#node(schema, {})
  }

  #value(value: unknown): unknown {
    if (!isItem(value)) return value
    return this.#node(value, {})
  }

  #node(source: Item, spilled: Item): Item {
    const known = this.#seen.get(source)
    if (known) return known
    if (this.#active.has(source)) {
      this.changed = true
      return {}
    }
    this.#active.add(source)
    const node = this.#fresh(source, spilled)
    this.#active.delete(source)
    this.#seen.set(source, node)
    return node
  }

  #fresh(source: Item, spilled: Item): Item {
    const node: Item = {}
    const types = typesOf(source)
    if (types.length > 1 || Array.isArray(source["anyOf"])) this.unions++
    for (const [keyword, value] of Object.entries(source)) {
      if (this.#takes(keyword, value, types)) node[keyword] = this.#keyword(keyword, value)
      else if (value !== undefined) spilled[keyword] = value
    }
    if (types.includes("object")) this.#object(source, node)
    if (Object.keys(spilled).length > 0) {
      this.changed = true
      node["description"] = described(node["description"], spilled)
    }
    return node
  }

  #takes(keyword: string, value: unknown, types: readonly string[]): boolean {
    if (COMMON.has(keyword)) return true
    if (OF_OBJECTS.has(keyword)) return types.includes("object")
    if (keyword === "minItems") return types.includes("array") && (value === 0 || value === 1)
    if (OF_ARRAYS.has(keyword)) return types.includes("array")
    return keyword === "format" && types.includes("string") && FORMATS.has(value as string)
  }

  #keyword(keyword: string, value: unknown): unknown {
    switch (keyword) {
      case "properties":
      case "$defs":
      case "definitions":
        return isItem(value) ? mapValues(value, (child) => this.#value(child)) : value
      case "items":
      case "additionalProperties":
        return Array.isArray(value) ? value.map((child) => this.#value(child)) : this.#value(value)
      case "prefixItems":
      case "anyOf":
      case "allOf":
        return Array.isArray(value) ? value.map((child) => this.#value(child)) : value
      default:
        return value
    }
  }

  #object(source: Item, node: Item): void {
    const more = source["additionalProperties"]
    if (more === undefined) {
      if (this.#close) node["additionalProperties"] = false
    } else if (isItem(more) && Object.keys(more).length === 0) {
      node["additionalProperties"] = true
    }
    if (more !== undefined && more !== false) this.open = true
    const names = isItem(source["properties"]) ? Object.keys(source["properties"]) : []
    const required = strings(source["required"])
    this.optional += names.filter((name) => !required.includes(name)).length
  }
}

function typesOf(node: Item): readonly string[] {
  const { type } = node
  if (typeof type === "string") return [type]
  if (Array.isArray(type)) return type.filter((one): one is string => typeof one === "string")
  if (isItem(node["properties"]) || node["required"] !== undefined) return ["object"]
  if (node["items"] !== undefined || node["prefixItems"] !== undefined) return ["array"]
  return []
}

function described(before: unknown, spilled: Item): string {
  const pairs = Object.entries(spilled).map(([keyword, value]) => `${keyword}: ${shown(value)}`)
  const text = `{${pairs.join(", ")}}`
  return typeof before === "string" && before !== "" ? `${before}\n\n${text}` : text
}

/** JSON of a keyword's value; a schema that contains itself is cut off there. */
function shown(value: unknown): string {
  const path: object[] = []
  return JSON.stringify(value, function (this: object, _key: string, child: unknown) {
    if (typeof child !== "object" || child === null) return child
    while (path.length > 0 && path.at(-1) !== this) path.pop()
    if (path.includes(child)) return "…"
    path.push(child)
    return child
  })
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []
}

function mapValues(object: Item, map: (value: unknown) => unknown): Item {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
}
