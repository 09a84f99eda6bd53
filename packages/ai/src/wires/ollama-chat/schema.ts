import { isObject, type Obj } from "./types.ts"

/** Every kind of value, for a schema that allows anything. */
const ANYTHING = ["string", "number", "boolean", "object", "array", "null"] as const

/** Keywords whose value is a schema. */
const ONE = ["items", "contains", "propertyNames", "not", "if", "then", "else", "additionalProperties"] as const
/** Keywords whose value is a list of schemas. */
const SEVERAL = ["anyOf", "oneOf", "allOf", "prefixItems"] as const
/** Keywords whose value holds schemas by name. */
const NAMED = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"] as const

/**
 * A tool's schema in the words that hosts read: they refuse a request with `true` or `false` in the place of a schema
 * and with several types in one. A schema that allows anything becomes the union of all kinds, a list of types the
 * union of its types; a property that is never allowed is left out, and whether further ones are is not said.
 */
export function readableSchema(schema: Obj): { schema: Obj; changed: boolean } {
  const rewriting = new Rewriting()
  const value = rewriting.object(schema)
  return { schema: value, changed: rewriting.changed }
}

class Rewriting {
  changed = false
  /** Schemas that are being rewritten: one that contains itself is cut there. */
  readonly #open = new Set<Obj>()

  object(schema: Obj): Obj {
    if (this.#open.has(schema)) return this.#anything()
    this.#open.add(schema)
    let out: Obj = { ...schema }
    for (const name of ONE) if (Object.hasOwn(out, name)) this.#set(out, name, this.#schema(out[name], name))
    for (const name of SEVERAL) {
      const list = out[name]
      if (Array.isArray(list)) out[name] = list.map((one) => this.#schema(one, name)).filter((one) => one !== undefined)
    }
    for (const name of NAMED) if (isObject(out[name])) out[name] = this.#named(out[name])
    if (Array.isArray(out["type"])) out = this.#types(out, out["type"])
    this.#open.delete(schema)
    return out
  }

  #named(schemas: Obj): Obj {
    const out: Obj = {}
    for (const [name, value] of Object.entries(schemas)) this.#set(out, name, this.#schema(value, "properties"))
    return out
  }

  #schema(value: unknown, place: string): unknown {
    if (isObject(value)) return this.object(value)
    if (typeof value !== "boolean") return value
    this.changed = true
    return value && place !== "additionalProperties" ? this.#anything() : undefined
  }

  #anything(): Obj {
    this.changed = true
    return { anyOf: ANYTHING.map((type) => ({ type })) }
  }

  #types({ type: _type, ...rest }: Obj, types: readonly unknown[]): Obj {
    this.changed = true
    if (types.length === 1) return { ...rest, type: types[0] }
    const union = types.map((type) => ({ type }))
    return rest["anyOf"] === undefined
      ? { ...rest, anyOf: union }
      : { ...rest, allOf: [...(Array.isArray(rest["allOf"]) ? (rest["allOf"] as unknown[]) : []), { anyOf: union }] }
  }

  #set(out: Obj, name: string, value: unknown): void {
    if (value === undefined) delete out[name]
    else Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true })
  }
}
