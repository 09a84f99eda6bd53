import type { JsonSchema } from "../../model/tool.ts"
import { isItem, type Item } from "./types.ts"

/**
 * Which form a schema is written in: `json` for the fields that take JSON Schema, `openapi` for those of the host's own
 * form, `flat` for models behind them that take neither unions nor null.
 */
export type SchemaForm = "json" | "openapi" | "flat"

/** A schema as the host takes it. */
export interface WireSchema {
  schema: Item
  /** It is not what was given. */
  changed: boolean
  /** Nothing of it could be kept: any object is taken. */
  lost: boolean
}

/** Most nodes that inlining may make of a schema. */
const MAX_NODES = 4000
const ANY_OBJECT: Readonly<Item> = { type: "object", properties: {} }

/** Keywords that are also written with underscores. */
const SPELLINGS: ReadonlyMap<string, string> = new Map(
  [
    "anyOf",
    "oneOf",
    "allOf",
    "prefixItems",
    "additionalProperties",
    "propertyOrdering",
    "patternProperties",
    "propertyNames",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
  ].map((name) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), name]),
)
/** Keywords that go without a word: they tell the model nothing. */
const SILENT: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$anchor",
  "$comment",
  "$defs",
  "definitions",
  "$dynamicRef",
  "$dynamicAnchor",
  "$vocabulary",
  "unevaluatedProperties",
  "unevaluatedItems",
  "readOnly",
  "writeOnly",
  "deprecated",
  "strict",
])
/** Keywords that belong to one type alone. */
const OF_TYPE: Readonly<Record<string, string>> = {
  properties: "object",
  required: "object",
  propertyOrdering: "object",
  items: "array",
  enum: "string",
}

/**
 * Writes a schema as the host takes it. References are put in place; keywords that it refuses go into the description of
 * their node, where the model still reads them; a type beside null becomes `nullable`; what is no list of texts is no
 * `enum`. Names of properties are no keywords, whatever they are. Where that fails, any object is taken.
 *
 * @param root the root has to be an object, as the parameters of a tool do
 */
export function googleSchema(schema: JsonSchema, form: SchemaForm = "json", root = true): WireSchema {
  try {
    const run = new Run(schema, form)
    const written = run.node(schema, [])
    const result = root ? asObject(written) : written
    if (!result) return { schema: { ...ANY_OBJECT }, changed: true, lost: true }
    if (form === "flat") withoutNull(result)
    if (form === "flat" && !isFlat(result)) return { schema: { ...ANY_OBJECT }, changed: true, lost: true }
    return { schema: result, changed: !same(result, schema), lost: false }
  } catch {
    return { schema: { ...ANY_OBJECT }, changed: true, lost: true }
  }
}

class Run {
  readonly #root: JsonSchema
  readonly #form: SchemaForm
  #nodes = 0

  constructor(root: JsonSchema, form: SchemaForm) {
    this.#root = root
    this.#form = form
  }

  /** @param path the nodes that are being written: one that holds itself is cut off, one that is shared is not */
  node(source: unknown, path: readonly unknown[]): Item {
    if (source === true) return {}
    // Only JSON Schema has a word for what nothing fits.
    if (source === false) return this.#form === "json" ? { not: {} } : {}
    if (!isItem(source) || path.includes(source)) return {}
    if (++this.#nodes > MAX_NODES) throw new RangeError("The schema is too large.")
    const inner = [...path, source]
    const { $ref, $dynamicRef: _ref, ...beside } = renamed(source)
    const target = typeof $ref === "string" ? this.#resolve($ref) : undefined
    if (target !== undefined) {
      const written = this.node(target, inner)
      return Object.keys(beside).length > 0 ? this.#write({ ...written, ...beside }, inner) : written
    }
    return this.#write(beside, inner)
  }

  #write(source: Item, path: readonly unknown[]): Item {
    const node: Item = {}
    const spilled: Item = {}
    for (const [name, value] of Object.entries(source)) {
      if (value === undefined || SILENT.has(name)) continue
      switch (name) {
        case "type":
          this.#type(value, node)
          break
        case "description":
        case "title":
          if (typeof value === "string") node[name] = value
          break
        case "nullable":
          if (value === true) node["nullable"] = true
          break
        case "properties":
          node["properties"] = isItem(value)
            ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, this.node(child, path)]))
            : {}
          break
        case "required":
          node["required"] = Array.isArray(value) ? value.filter((key) => typeof key === "string") : []
          break
        case "items":
          if (!Array.isArray(value)) node["items"] = this.#element(this.node(value, path))
          else spilled["items"] = value
          break
        case "enum":
          this.#values(value, node, spilled)
          break
        case "const":
          this.#values([value], node, value === null ? {} : spilled, "const")
          break
        case "anyOf":
        case "oneOf":
          if (Array.isArray(value)) {
            const branches = value.map((branch) => this.node(branch, path))
            node["anyOf"] = [...(Array.isArray(node["anyOf"]) ? (node["anyOf"] as Item[]) : []), ...branches]
          }
          break
        case "allOf":
          if (Array.isArray(value)) for (const branch of value) merge(node, this.node(branch, path))
          break
        case "not":
          if (this.#form === "json" && isItem(value) && Object.keys(value).length === 0) node["not"] = {}
          else spilled["not"] = value
          break
        case "propertyOrdering":
          if (Array.isArray(value)) node["propertyOrdering"] = value
          break
        case "additionalProperties":
          if (typeof value !== "boolean" && !(isItem(value) && Object.keys(value).length === 0)) spilled[name] = value
          break
        default:
          spilled[name] = value
      }
    }
    return this.#finished(node, spilled)
  }

  #element(node: Item): Item {
    if (this.#form === "flat") withoutNull(node)
    return node
  }

  #type(value: unknown, node: Item): void {
    const types = (Array.isArray(value) ? value : [value])
      .filter((type): type is string => typeof type === "string")
      .map((type) => type.toLowerCase())
    if (types.includes("null")) node["nullable"] = true
    const others = types.filter((type) => type !== "null")
    if (others.length === 1) node["type"] = others[0]
    else if (others.length > 1) {
      // A list of values that came before has put in the type of these.
      delete node["type"]
      node["anyOf"] = [
        ...(Array.isArray(node["anyOf"]) ? (node["anyOf"] as Item[]) : []),
        ...others.map((type) => (type === "array" && this.#form !== "json" ? { type, items: {} } : { type })),
      ]
    }
  }

  /** Lists of texts are kept; of others the model reads in the description. */
  #values(value: unknown, node: Item, spilled: Item, name = "enum"): void {
    if (!Array.isArray(value)) return
    const others = value.filter((one) => one !== null)
    if (others.length < value.length) node["nullable"] = true
    // An empty text among the values is refused outside of JSON Schema.
    if (others.length > 0 && others.every((one) => typeof one === "string" && (one !== "" || this.#form === "json"))) {
      node["enum"] = others
      if (!node["anyOf"]) node["type"] ??= "string"
    } else if (others.length > 0) {
      spilled[name] = name === "const" ? others[0] : others
      node["type"] ??= typeOfAll(others)
      if (node["type"] === undefined) delete node["type"]
    }
  }

  #finished(node: Item, spilled: Item): Item {
    let written = this.#union(node)
    const { type } = written
    if (type === undefined && isItem(written["properties"]) && !written["anyOf"])
      written = { type: "object", ...written }
    else if (type === undefined && written["items"] !== undefined && !written["anyOf"])
      written = { type: "array", ...written }
    if (written["enum"] !== undefined && written["type"] !== "string") delete written["enum"]
    if (written["type"] === "object") this.#object(written)
    // The other forms take names only of properties that stand beside them.
    else if (this.#form !== "json") delete written["required"]
    if (written["type"] === "array" && written["items"] === undefined && this.#form !== "json") written["items"] = {}
    if (Object.keys(spilled).length > 0) written["description"] = described(written["description"], spilled)
    return written
  }

  #object(node: Item): void {
    const properties = isItem(node["properties"]) ? node["properties"] : (node["properties"] = {} as Item)
    const names = Object.keys(properties)
    const optional = this.#form === "flat" ? names.filter((name) => withoutNull(properties[name])) : []
    if (Array.isArray(node["required"])) {
      const required = node["required"].filter(
        (name) => names.includes(name as string) && !optional.includes(name as string),
      )
      if (required.length > 0) node["required"] = required
      else delete node["required"]
    }
    if (this.#form === "openapi" && names.length > 1) node["propertyOrdering"] ??= names
  }

  /** Null among several forms is no form of its own; a single form is none of several. */
  #union(node: Item): Item {
    const branches = node["anyOf"]
    if (!Array.isArray(branches)) return node
    const { anyOf: _anyOf, ...rest } = node
    const forms = (branches as Item[]).filter((branch) => !isNull(branch))
    const nullable = forms.length < branches.length || forms.some((form) => form["nullable"] === true)
    const base: Item = nullable ? { ...rest, nullable: true } : rest
    if (forms.length === 0) return base
    if (forms.length === 1) return joined(base, forms[0] as Item)
    if (base["type"] === undefined) this.#distribute(base, forms)
    if (this.#form === "flat") return collapsed(base, forms)
    return { ...base, anyOf: forms.map(({ nullable: _nullable, ...form }) => form) }
  }

  /** What stands beside several forms and belongs to one type goes into the form of that type. */
  #distribute(base: Item, forms: readonly Item[]): void {
    for (const [name, type] of Object.entries(OF_TYPE)) {
      if (base[name] === undefined) continue
      const form = forms.find((one) => one["type"] === type)
      if (!form) continue
      form[name] ??= base[name]
      delete base[name]
    }
    for (const form of forms) if (form["type"] === "object") this.#object(form)
  }

  #resolve(ref: string): unknown {
    if (!ref.startsWith("#")) return {}
    let at: unknown = this.#root
    for (const step of ref
      .slice(1)
      .split("/")
      .filter((one) => one !== "")) {
      const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")
      at = isItem(at) && Object.hasOwn(at, name) ? at[name] : Array.isArray(at) ? at[Number(name)] : undefined
    }
    return at ?? {}
  }
}

/** Takes the mark of null from a node that was written here. Gives whether there was one. */
function withoutNull(node: unknown): boolean {
  if (!isItem(node) || node["nullable"] === undefined) return false
  delete node["nullable"]
  return true
}

function renamed(source: Item): Item {
  if (!Object.keys(source).some((name) => SPELLINGS.has(name))) return source
  return Object.fromEntries(Object.entries(source).map(([name, value]) => [SPELLINGS.get(name) ?? name, value]))
}

function isNull(branch: Item): boolean {
  return branch["nullable"] === true && Object.keys(branch).length === 1
}

/** One form in the place of its union: what stands beside the union wins. */
function joined(base: Item, form: Item): Item {
  return { ...form, ...base, ...(form["properties"] && base["properties"] ? mergedProperties(base, form) : {}) }
}

function mergedProperties(a: Item, b: Item): Item {
  return { properties: { ...(b["properties"] as Item), ...(a["properties"] as Item) } }
}

/** Several forms as one: objects are merged, of others the first counts that is no object and no list, with its own keys. */
function collapsed(base: Item, forms: readonly Item[]): Item {
  if (forms.every((form) => form["type"] === "object")) {
    const required = forms
      .map((form) => (Array.isArray(form["required"]) ? (form["required"] as string[]) : []))
      .reduce((all, own) => all.filter((name) => own.includes(name)))
    const all = new Map<string, Item>()
    for (const form of forms) {
      for (const [name, value] of Object.entries((form["properties"] ?? {}) as Record<string, Item>)) {
        const before = all.get(name)
        all.set(name, before ? either(before, value) : value)
      }
    }
    const properties = Object.fromEntries(all)
    return { ...base, type: "object", properties, ...(required.length > 0 ? { required } : {}) }
  }
  const scalar = forms.find((form) => form["type"] !== "object" && form["type"] !== "array") ?? (forms[0] as Item)
  const type = scalar["type"]
  const own = Object.entries({ ...scalar, ...base }).filter(
    ([name]) => OF_TYPE[name] === undefined || OF_TYPE[name] === type,
  )
  return { ...Object.fromEntries(own), ...(type === undefined ? {} : { type }) }
}

/** A property that several forms of an object have: what is true of it in each. Of two types the first counts. */
function either(one: Item, other: Item): Item {
  if (one["type"] !== other["type"]) return one
  if (one["type"] === "object" && !one["anyOf"] && !other["anyOf"]) return collapsed(one, [one, other])
  const [values, others] = [one["enum"], other["enum"]]
  if (!Array.isArray(values)) return one
  const { enum: _enum, ...open } = one
  return Array.isArray(others)
    ? { ...one, enum: [...new Set([...(values as unknown[]), ...(others as unknown[])])] }
    : open
}

function merge(node: Item, branch: Item): void {
  for (const [name, value] of Object.entries(branch)) {
    const before = node[name]
    if (name === "properties" && isItem(before) && isItem(value)) node[name] = { ...before, ...value }
    else if (name === "required" && Array.isArray(before) && Array.isArray(value)) {
      node[name] = [...new Set([...(before as unknown[]), ...(value as unknown[])])]
    } else if (name === "description" && typeof before === "string") node[name] = `${before}\n\n${String(value)}`
    else node[name] = value
  }
}

/** The root as an object; `undefined` for what is none. Several forms of one are merged, since a root has one form. */
function asObject(written: Item): Item | undefined {
  const { type, anyOf, ...base } = written
  if (type === "object") return written
  if (Array.isArray(anyOf) && anyOf.every((form) => isItem(form) && form["type"] === "object")) {
    return collapsed(base, anyOf as Item[])
  }
  const { description } = base
  if (type !== undefined || anyOf !== undefined) return undefined
  return { ...ANY_OBJECT, ...(description === undefined ? {} : { description }) }
}

/** Whether nothing is left that such a model refuses. */
function isFlat(value: unknown): boolean {
  if (!isItem(value)) return true
  if (value["anyOf"] !== undefined || value["not"] !== undefined || value["nullable"] !== undefined) return false
  const { properties, items } = value
  return isFlat(items) && (!isItem(properties) || Object.values(properties).every(isFlat))
}

function typeOfAll(values: readonly unknown[]): string | undefined {
  const types = new Set(values.map((value) => (Number.isInteger(value) ? "integer" : typeof value)))
  if (types.size !== 1) return undefined
  const [type] = types
  return type === "integer" || type === "number" || type === "boolean" ? type : undefined
}

function described(before: unknown, spilled: Item): string {
  const pairs = Object.entries(spilled).map(([name, value]) => `${name}: ${shown(value)}`)
  const text = `{${pairs.join(", ")}}`
  return typeof before === "string" && before !== "" ? `${before}\n\n${text}` : text
}

/** JSON of a value; one that holds itself is cut off there. */
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

function same(a: unknown, b: unknown): boolean {
  try {
    return JSON.stringify(a) === JSON.stringify(b)
  } catch {
    return false
  }
}
