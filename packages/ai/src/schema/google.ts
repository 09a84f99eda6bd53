import type { JsonSchema } from "../model/tool.ts"
import { OF_DOCUMENT } from "./keywords.ts"
import { once } from "./memo.ts"
import { isSchema, mapSchemas, MAX_NODES, resolveRef } from "./subschemas.ts"
import { upgradeSchema } from "./upgrade.ts"
import { described, same, strings } from "./words.ts"

/**
 * Which form a schema is written in: `json` for the fields that take JSON Schema, `openapi` for those of the host's own
 * form, `flat` for models behind them that take neither unions nor null.
 */
export type GoogleForm = "json" | "openapi" | "flat"

/** A schema as the host takes it. */
export interface GoogleSchema {
  schema: JsonSchema
  /** It is not what was given. */
  changed: boolean
  /** Nothing of it could be kept: any object is taken. */
  lost: boolean
}

/** Keywords whose schemas are written as well; what stands in others is told in words, as it is. */
const HELD: ReadonlySet<string> = new Set(["properties", "items", "anyOf", "oneOf", "allOf"])
const ANY_OBJECT: Readonly<JsonSchema> = { type: "object", properties: {} }

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
  ...OF_DOCUMENT,
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
export function googleSchema(schema: JsonSchema, form: GoogleForm = "json", root = true): GoogleSchema {
  return once(schema, `google ${form} ${root}`, () => writeRoot(schema, form, root))
}

function writeRoot(schema: JsonSchema, form: GoogleForm, root: boolean): GoogleSchema {
  try {
    const given = upgradeSchema(schema, "kept")
    const run = new Run(given, form)
    const written = run.node(given, [])
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
  readonly #form: GoogleForm
  #nodes = 0

  constructor(root: JsonSchema, form: GoogleForm) {
    this.#root = root
    this.#form = form
  }

  /** @param path the nodes that are being written: one that holds itself is cut off, one that is shared is not */
  node(source: unknown, path: readonly unknown[]): JsonSchema {
    if (source === true) return {}
    // Only JSON Schema has a word for what nothing fits.
    if (source === false) return this.#form === "json" ? { not: {} } : {}
    if (!isSchema(source) || path.includes(source)) return {}
    if (++this.#nodes > MAX_NODES) throw new RangeError("The schema is too large.")
    const inner = [...path, source]
    const { $ref, $dynamicRef: _ref, ...beside } = renamed(source)
    const target = typeof $ref === "string" ? (resolveRef(this.#root, $ref) ?? {}) : undefined
    if (target !== undefined) {
      const written = this.node(target, inner)
      return Object.keys(beside).length > 0 ? this.#write({ ...written, ...beside }, inner) : written
    }
    return this.#write(beside, inner)
  }

  #write(source: JsonSchema, path: readonly unknown[]): JsonSchema {
    const node: JsonSchema = {}
    const spilled: JsonSchema = {}
    const inside = mapSchemas(source, (inner) => this.node(inner, path), HELD)
    for (const [name, value] of Object.entries(inside)) {
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
          node["properties"] = isSchema(value) ? { ...value } : {}
          break
        case "required":
          node["required"] = strings(value)
          break
        case "items":
          if (isSchema(value)) node["items"] = this.#element(value)
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
            node["anyOf"] = [...(Array.isArray(node["anyOf"]) ? (node["anyOf"] as JsonSchema[]) : []), ...value]
          }
          break
        case "allOf":
          if (Array.isArray(value)) for (const branch of value) merge(node, branch as JsonSchema)
          break
        case "not":
          if (this.#form === "json" && isSchema(value) && Object.keys(value).length === 0) node["not"] = {}
          else spilled["not"] = value
          break
        case "propertyOrdering":
          if (Array.isArray(value)) node["propertyOrdering"] = value
          break
        case "additionalProperties":
          if (typeof value !== "boolean" && !(isSchema(value) && Object.keys(value).length === 0)) spilled[name] = value
          break
        default:
          spilled[name] = value
      }
    }
    return this.#finished(node, spilled)
  }

  #element(node: JsonSchema): JsonSchema {
    if (this.#form === "flat") withoutNull(node)
    return node
  }

  #type(value: unknown, node: JsonSchema): void {
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
        ...(Array.isArray(node["anyOf"]) ? (node["anyOf"] as JsonSchema[]) : []),
        ...others.map((type) => (type === "array" && this.#form !== "json" ? { type, items: {} } : { type })),
      ]
    }
  }

  /** Lists of texts are kept; of others the model reads in the description. */
  #values(value: unknown, node: JsonSchema, spilled: JsonSchema, name = "enum"): void {
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

  #finished(node: JsonSchema, spilled: JsonSchema): JsonSchema {
    let written = this.#union(node)
    const { type } = written
    if (type === undefined && isSchema(written["properties"]) && !written["anyOf"])
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

  #object(node: JsonSchema): void {
    const properties = isSchema(node["properties"]) ? node["properties"] : (node["properties"] = {} as JsonSchema)
    const names = Object.keys(properties)
    const optional = new Set(this.#form === "flat" ? names.filter((name) => withoutNull(properties[name])) : [])
    if (Array.isArray(node["required"])) {
      const known = new Set<unknown>(names)
      const required = (node["required"] as string[]).filter((name) => known.has(name) && !optional.has(name))
      if (required.length > 0) node["required"] = required
      else delete node["required"]
    }
    if (this.#form === "openapi" && names.length > 1) node["propertyOrdering"] ??= names
  }

  /** Null among several forms is no form of its own; a single form is none of several. */
  #union(node: JsonSchema): JsonSchema {
    const branches = node["anyOf"]
    if (!Array.isArray(branches)) return node
    const { anyOf: _anyOf, ...rest } = node
    const forms = (branches as JsonSchema[]).filter((branch) => !isNull(branch))
    const nullable = forms.length < branches.length || forms.some((form) => form["nullable"] === true)
    const base: JsonSchema = nullable ? { ...rest, nullable: true } : rest
    if (forms.length === 0) return base
    if (forms.length === 1) return joined(base, forms[0] as JsonSchema)
    if (base["type"] === undefined) this.#distribute(base, forms)
    if (this.#form === "flat") return collapsed(base, forms)
    return { ...base, anyOf: forms.map(({ nullable: _nullable, ...form }) => form) }
  }

  /** What stands beside several forms and belongs to one type goes into the form of that type. */
  #distribute(base: JsonSchema, forms: readonly JsonSchema[]): void {
    for (const [name, type] of Object.entries(OF_TYPE)) {
      if (base[name] === undefined) continue
      const form = forms.find((one) => one["type"] === type)
      if (!form) continue
      form[name] ??= base[name]
      delete base[name]
    }
    for (const form of forms) if (form["type"] === "object") this.#object(form)
  }
}

/** Takes the mark of null from a node that was written here. Gives whether there was one. */
function withoutNull(node: unknown): boolean {
  if (!isSchema(node) || node["nullable"] === undefined) return false
  delete node["nullable"]
  return true
}

function renamed(source: JsonSchema): JsonSchema {
  if (!Object.keys(source).some((name) => SPELLINGS.has(name))) return source
  return Object.fromEntries(Object.entries(source).map(([name, value]) => [SPELLINGS.get(name) ?? name, value]))
}

function isNull(branch: JsonSchema): boolean {
  return branch["nullable"] === true && Object.keys(branch).length === 1
}

/** One form in the place of its union: what stands beside the union wins. */
function joined(base: JsonSchema, form: JsonSchema): JsonSchema {
  return { ...form, ...base, ...(form["properties"] && base["properties"] ? mergedProperties(base, form) : {}) }
}

function mergedProperties(a: JsonSchema, b: JsonSchema): JsonSchema {
  return { properties: { ...(b["properties"] as JsonSchema), ...(a["properties"] as JsonSchema) } }
}

/** Several forms as one: objects are merged, of others the first counts that is no object and no list, with its own keys. */
function collapsed(base: JsonSchema, forms: readonly JsonSchema[]): JsonSchema {
  if (forms.every((form) => form["type"] === "object")) {
    const requiredBy = forms.map(
      (form) => new Set(Array.isArray(form["required"]) ? (form["required"] as string[]) : []),
    )
    const required = [...(requiredBy[0] ?? [])].filter((name) => requiredBy.every((own) => own.has(name)))
    const all = new Map<string, JsonSchema>()
    for (const form of forms) {
      for (const [name, value] of Object.entries((form["properties"] ?? {}) as Record<string, JsonSchema>)) {
        const before = all.get(name)
        all.set(name, before ? either(before, value) : value)
      }
    }
    const properties = Object.fromEntries(all)
    return { ...base, type: "object", properties, ...(required.length > 0 ? { required } : {}) }
  }
  const scalar = forms.find((form) => form["type"] !== "object" && form["type"] !== "array") ?? (forms[0] as JsonSchema)
  const type = scalar["type"]
  const own = Object.entries({ ...scalar, ...base }).filter(
    ([name]) => OF_TYPE[name] === undefined || OF_TYPE[name] === type,
  )
  return { ...Object.fromEntries(own), ...(type === undefined ? {} : { type }) }
}

/** A property that several forms of an object have: what is true of it in each. Of two types the first counts. */
function either(one: JsonSchema, other: JsonSchema): JsonSchema {
  if (one["type"] !== other["type"]) return one
  if (one["type"] === "object" && !one["anyOf"] && !other["anyOf"]) return collapsed(one, [one, other])
  const [values, others] = [one["enum"], other["enum"]]
  if (!Array.isArray(values)) return one
  const { enum: _enum, ...open } = one
  return Array.isArray(others)
    ? { ...one, enum: [...new Set([...(values as unknown[]), ...(others as unknown[])])] }
    : open
}

function merge(node: JsonSchema, branch: JsonSchema): void {
  for (const [name, value] of Object.entries(branch)) {
    const before = node[name]
    if (name === "properties" && isSchema(before) && isSchema(value)) node[name] = { ...before, ...value }
    else if (name === "required" && Array.isArray(before) && Array.isArray(value)) {
      node[name] = [...new Set([...(before as unknown[]), ...(value as unknown[])])]
    } else if (name === "description" && typeof before === "string") node[name] = `${before}\n\n${String(value)}`
    else node[name] = value
  }
}

/** The root as an object; `undefined` for what is none. Several forms of one are merged, since a root has one form. */
function asObject(written: JsonSchema): JsonSchema | undefined {
  const { type, anyOf, ...base } = written
  if (type === "object") return written
  if (Array.isArray(anyOf) && anyOf.every((form) => isSchema(form) && form["type"] === "object")) {
    return collapsed(base, anyOf as JsonSchema[])
  }
  const { description } = base
  if (type !== undefined || anyOf !== undefined) return undefined
  return { ...ANY_OBJECT, ...(description === undefined ? {} : { description }) }
}

/** Whether nothing is left that such a model refuses. */
function isFlat(value: unknown): boolean {
  if (!isSchema(value)) return true
  if (value["anyOf"] !== undefined || value["not"] !== undefined || value["nullable"] !== undefined) return false
  const { properties, items } = value
  return isFlat(items) && (!isSchema(properties) || Object.values(properties).every(isFlat))
}

function typeOfAll(values: readonly unknown[]): string | undefined {
  const types = new Set(values.map((value) => (Number.isInteger(value) ? "integer" : typeof value)))
  if (types.size !== 1) return undefined
  const [type] = types
  return type === "integer" || type === "number" || type === "boolean" ? type : undefined
}
