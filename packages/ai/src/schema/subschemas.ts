import { isObject } from "../model/json.ts"
import type { JsonSchema } from "../model/tool.ts"

/** How a keyword holds schemas: one, a list of them, or several by name. */
type Holding = "one" | "list" | "named"

/**
 * Where schemas stand inside of a schema, by keyword; of draft 2020-12 and of the drafts before it. All else, such as
 * `enum`, `default` and `examples`, holds values, whatever they look like.
 *
 * @see https://json-schema.org/draft/2020-12/json-schema-core#section-10
 */
const HOLDING: ReadonlyMap<string, Holding> = new Map<string, Holding>([
  ["items", "one"],
  ["additionalItems", "one"],
  ["unevaluatedItems", "one"],
  ["contains", "one"],
  ["additionalProperties", "one"],
  ["unevaluatedProperties", "one"],
  ["propertyNames", "one"],
  ["not", "one"],
  ["if", "one"],
  ["then", "one"],
  ["else", "one"],
  ["contentSchema", "one"],
  ["allOf", "list"],
  ["anyOf", "list"],
  ["oneOf", "list"],
  ["prefixItems", "list"],
  ["properties", "named"],
  ["patternProperties", "named"],
  ["dependentSchemas", "named"],
  ["dependencies", "named"],
  ["$defs", "named"],
  ["definitions", "named"],
])

/** Whether a value is a schema with keywords, and not `true`, `false` or something else. */
export function isSchema(value: unknown): value is JsonSchema {
  return isObject(value)
}

/** Whether a keyword holds schemas by names, which are never keywords themselves. */
export function holdsNames(keyword: string): boolean {
  return HOLDING.get(keyword) === "named"
}

/**
 * A schema with the schemas right inside of it written anew. The same object where nothing changed; the given one is
 * never changed.
 *
 * @param write gets what stands there (a schema with keywords, `true` or `false`, or what is no schema at all), the
 *   keyword that holds it, and the way to it from the schema around it (`/items`, `/properties/a`); `undefined` leaves
 *   it out
 * @param within the keywords whose schemas are meant; absent: all
 */
export function mapSchemas(
  schema: JsonSchema,
  write: (inner: unknown, keyword: string, path: string) => unknown,
  within?: ReadonlySet<string>,
): JsonSchema {
  let changed = false
  const entries: [string, unknown][] = []
  for (const [keyword, value] of Object.entries(schema)) {
    const holding = within && !within.has(keyword) ? undefined : HOLDING.get(keyword)
    const written = holding
      ? mapHeld(value, holding, (inner, step) => write(inner, keyword, `/${keyword}${step}`))
      : value
    changed ||= written !== value
    if (written !== undefined || value === undefined) entries.push([keyword, written])
  }
  return changed ? Object.fromEntries(entries) : schema
}

function mapHeld(value: unknown, holding: Holding, write: (inner: unknown, step: string) => unknown): unknown {
  // Before 2020-12 a list of schemas stood in `items`, and names in `dependencies`.
  if (Array.isArray(value)) {
    const list = value.map((inner, i) => write(inner, `/${i}`)).filter((inner) => inner !== undefined)
    return list.length === value.length && list.every((inner, i) => inner === value[i]) ? value : list
  }
  if (holding === "one") return write(value, "")
  if (holding !== "named" || !isSchema(value)) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, write(inner, `/${name}`)] as const)
  if (entries.every(([name, inner]) => inner === value[name])) return value
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined))
}

/** A schema and all that are inside of it, each object once. */
function* schemasIn(schema: JsonSchema, seen: Set<JsonSchema> = new Set()): Generator<JsonSchema> {
  if (seen.has(schema)) return
  seen.add(schema)
  yield schema
  const inside: JsonSchema[] = []
  mapSchemas(schema, (inner) => {
    if (isSchema(inner)) inside.push(inner)
    return inner
  })
  for (const inner of inside) yield* schemasIn(inner, seen)
}

/** Whether a schema, or one inside of it, has one of the keywords. Values and names of properties do not count. */
export function usesKeyword(schema: JsonSchema, keywords: ReadonlySet<string>): boolean {
  for (const node of schemasIn(schema)) if (Object.keys(node).some((keyword) => keywords.has(keyword))) return true
  return false
}

/** The references of a schema and of those inside of it. `each` is called for every schema that is looked at. */
export function refsIn(schema: JsonSchema, each: () => void = () => {}): Set<string> {
  const refs = new Set<string>()
  for (const { $ref } of schemasIn(schema)) {
    each()
    if (typeof $ref === "string") refs.add($ref)
  }
  return refs
}

/** One pass over a schema: each of its objects is written once, however often it stands there. */
export class Pass {
  /** The objects on the way to where the pass is: one that is met again contains itself. */
  readonly #path = new Set<object>()
  readonly #written = new Map<object, unknown>()

  /** What `write` makes of an object, or made of it before; where it stands inside of itself, what `cut` makes. */
  node<T>(source: object, write: () => T, cut: () => T): T {
    if (this.#path.has(source)) return cut()
    if (this.#written.has(source)) return this.#written.get(source) as T
    this.#path.add(source)
    const written = write()
    this.#path.delete(source)
    this.#written.set(source, written)
    return written
  }
}

/** A schema that ends somewhere: one that contains itself as an object is cut off there. The same object if it ended. */
export function finiteSchema(schema: JsonSchema): JsonSchema {
  const pass = new Pass()
  const node = (source: JsonSchema): JsonSchema =>
    pass.node(
      source,
      () => mapSchemas(source, (inner) => (isSchema(inner) ? node(inner) : inner)),
      () => ({}),
    )
  return node(schema)
}

/** The step of a JSON pointer as the name that it stands for. @throws URIError */
export function nameOf(step: string): string {
  return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")
}

/** The name as the step of a JSON pointer, in a reference. */
export function stepOf(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))
}

/** Most nodes that putting references in place may make of a schema: each may multiply what it points at. */
export const MAX_NODES = 4000

/** What a reference within the same document points at; `undefined` for others, and where there is nothing. */
export function resolveRef(root: JsonSchema, ref: string): unknown {
  if (ref === "#") return root
  if (!ref.startsWith("#/")) return undefined
  let at: unknown = root
  try {
    for (const step of ref.slice(2).split("/")) {
      const name = nameOf(step)
      at = typeof at === "object" && at !== null && Object.hasOwn(at, name) ? (at as JsonSchema)[name] : undefined
    }
  } catch {
    return undefined
  }
  return at
}
