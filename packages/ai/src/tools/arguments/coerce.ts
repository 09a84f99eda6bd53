import { isObject } from "../../model/json.ts"
import { isSchema } from "../../schema/subschemas.ts"
import type { Compiled, Node } from "./compile.ts"
import {
  childrenOf,
  CONTAINER,
  formsOf,
  isClosed,
  KIND,
  type Keywords,
  kindOf,
  kindsOf,
  list,
  LISTED_STRING,
  namedNodes,
  requires,
  viewsOf,
} from "./nodes.ts"
import { tidy } from "./tidy.ts"
import type { ArgumentChange, ArgumentPath, ArgumentRepair } from "./types.ts"
import {
  containerIn,
  isContent,
  looksLikeJson,
  MAX_DEPTH,
  partsOf,
  put,
  scalarIn,
  unquoted,
  withoutLineBreaks,
} from "./values.ts"

/**
 * Steps after which a value is left as it is, for any value and for each part of it: where several schemas have a say
 * on the same part, and forms stand in forms, the ways multiply.
 */
const STEPS = { any: 500, part: 20 } as const

interface Place {
  path: ArgumentPath
  key?: string
  /** The kinds that the union around takes: a value of one of these is not made into another. */
  union?: number
  /** The list here was made for the one item in it: the item is not made into a list again. */
  single?: boolean
}

/** How much each repair gives away, for choosing among the forms of a union. */
const COST: Readonly<Partial<Record<ArgumentRepair, number>>> = {
  "unknown-property": 20,
  absent: 8,
  stringified: 4,
  "single-value": 2,
}

/**
 * Makes a value that a node refuses into what the schema says that it was meant to be. A part that is accepted is
 * never touched, and neither is anything for which the schema shows no way: the result may still be refused.
 */
export class Coercion {
  changes: ArgumentChange[] = []
  readonly #schema: Compiled
  #steps: number

  /** @param whole the value that all this is about */
  constructor(schema: Compiled, whole: unknown) {
    this.#schema = schema
    this.#steps = STEPS.any + STEPS.part * partsOf(whole)
  }

  /** The value as the node takes it, as far as that can be told. */
  value(node: Node, value: unknown, place: Place = { path: [] }): unknown {
    if (node === false || --this.#steps < 0 || place.path.length > MAX_DEPTH) return value
    if (this.#schema.accepts(node, value)) return value
    let made = this.#kind(node, value, place)
    const views = viewsOf(this.#schema, node, made)
    if (isObject(made)) made = this.#members(views, made, place)
    else if (Array.isArray(made)) made = this.#items(views, made, place)
    for (const view of views) {
      for (const { keyword, forms } of formsOf(view)) {
        const union: Node = { [keyword]: forms }
        if (!this.#schema.accepts(union, made)) made = this.#form(union, forms, made, place)
      }
    }
    return made
  }

  #change(path: ArgumentPath, repair: ArgumentRepair): void {
    this.changes.push({ path, repair })
  }

  /** Runs something whose changes count only where it leads to something. */
  #trial<T>(run: () => T): { result: T; changes: ArgumentChange[] } {
    const before = this.changes
    this.changes = []
    const result = run()
    const changes = this.changes
    this.changes = before
    return { result, changes }
  }

  #members(views: readonly Keywords[], value: Record<string, unknown>, { path }: Place): Record<string, unknown> {
    const members: Record<string, unknown> = {}
    let changed = false
    // What the outermost object does not know is kept: the tool may, and it was not asked to guess.
    const closed = path.length > 0 && views.some((view) => isClosed(view))
    for (const [name, inner] of Object.entries(value)) {
      const at = [...path, name]
      const nodes = childrenOf(views, name)
      if (nodes.length === 0 && closed && !this.#named(views, name)) {
        this.#change(at, "unknown-property")
        changed = true
        continue
      }
      if (nodes.every((node) => this.#schema.accepts(node, inner))) {
        put(members, name, inner)
        continue
      }
      const meant = this.#absent(views, nodes, name, inner)
      if (meant?.repair === "absent") {
        this.#change(at, "absent")
        changed = true
        continue
      }
      if (meant) this.#change(at, meant.repair)
      let made = meant ? meant.value : inner
      for (const node of nodes) made = this.value(node, made, { path: at, key: name })
      changed ||= made !== inner
      put(members, name, made)
    }
    return changed ? members : value
  }

  /** Whether a form of a union in here knows the name. */
  #named(views: readonly Keywords[], name: string): boolean {
    const forms = views.flatMap((view) => formsOf(view).flatMap((union) => union.forms))
    return forms.some((form) => viewsOf(this.#schema, form).some((view) => namedNodes(view, name).length > 0))
  }

  /** A refused value that stands for none. */
  #absent(
    views: readonly Keywords[],
    nodes: readonly Node[],
    name: string,
    value: unknown,
  ): { repair: "absent" | "default"; value?: unknown } | undefined {
    if (value !== null && value !== "null" && value !== "") return undefined
    const kinds = nodes.reduce<number>((bits, node) => bits & kindsOf(this.#schema, node), -1)
    if (value === "null" && kinds & KIND.null) return undefined
    if (typeof value === "string" && kinds & KIND.string && isContent(name)) return undefined
    if (!views.some((view) => requires(view, name))) return { repair: "absent" }
    if (value !== null) return undefined
    for (const node of nodes) {
      for (const view of viewsOf(this.#schema, node)) {
        if (Object.hasOwn(view, "default")) return { repair: "default", value: structuredClone(view["default"]) }
      }
    }
    return undefined
  }

  #items(views: readonly Keywords[], value: unknown[], { path, key, single }: Place): unknown[] {
    let changed = false
    const items = value.map((item, i) => {
      let made = item
      const place = { ...placeOf([...path, i], key), ...(single ? { single } : {}) }
      for (const node of childrenOf(views, i)) made = this.value(node, made, place)
      changed ||= made !== item
      return made
    })
    return changed ? items : value
  }

  /** The form of a union that a value comes to with the least change. */
  #form(union: Node, forms: readonly Node[], value: unknown, { path, key }: Place): unknown {
    const kinds = kindsOf(this.#schema, union)
    let best: { made: unknown; changes: ArgumentChange[]; cost: number } | undefined
    const meant = meantForms(this.#schema, forms, value)
    for (const form of meant) {
      const place = { ...placeOf(path, key), union: kinds }
      const { result: made, changes } = this.#trial(() => this.value(form, value, place))
      const fits = this.#schema.accepts(form, made) && this.#schema.accepts(union, made)
      // What comes of the only form that can be meant stays even if something is left to say about it.
      if (!fits && meant.length > 1) continue
      const cost = changes.reduce((sum, { repair }) => sum + (COST[repair] ?? 1), 0)
      if (!best || cost < best.cost) best = { made, changes, cost }
    }
    if (!best) return value
    this.changes.push(...best.changes)
    return best.made
  }

  /** A value of the kind that is wanted, where the value shows what it would be. */
  #kind(node: Node, value: unknown, { path, key, union, single }: Place): unknown {
    const kinds = kindsOf(this.#schema, node)
    if (typeof value === "string" && !(((union ?? 0) | kinds) & KIND.string)) {
      const made = this.#fromString(node, kinds, value, path, key)
      if (made !== value) return made
    }
    const kind = kindOf(value)
    if (kind & (kinds | (union ?? 0)) || kind === KIND.null) return value
    if (typeof value === "boolean" && kinds & KIND.number) return this.#made(path, "kind", value ? 1 : 0)
    if ((value === 0 || value === 1) && kinds & KIND.boolean) return this.#made(path, "kind", value === 1)
    if (kinds & KIND.string && typeof value !== "object") return this.#made(path, "kind", String(value))
    if (kinds & LISTED_STRING && typeof value !== "object" && this.#schema.accepts(node, String(value)))
      return this.#made(path, "kind", String(value))
    if (kinds & KIND.string && ((kinds | (union ?? 0)) & CONTAINER) === 0) {
      return this.#made(path, "stringified", JSON.stringify(value))
    }
    return single || (union ?? kinds) & ~(KIND.array | KIND.null) ? value : this.#single(node, kinds, value, path)
  }

  #made<T>(path: ArgumentPath, repair: ArgumentRepair, value: T): T {
    this.#change(path, repair)
    return value
  }

  #fromString(node: Node, kinds: number, text: string, path: ArgumentPath, key: string | undefined): unknown {
    if (kinds & LISTED_STRING && !isContent(key)) {
      const line = withoutLineBreaks(text)
      if (line !== text && this.#schema.accepts(node, line)) return this.#made(path, "line-break", line)
      const bare = unquoted(text)
      if (bare !== text && this.#schema.accepts(node, bare)) return this.#made(path, "encoded-twice", bare)
    }
    if (kinds & CONTAINER) {
      const container = containerIn(text)
      if (container && kindOf(container) & kinds) {
        this.#change(path, "json-in-string")
        return tidy(this.#schema, [node], container, this.changes, placeOf(path, key))
      }
      // One thing in JSON where a list of such is wanted.
      if (container && !(kinds & KIND.object)) {
        const { result, changes } = this.#trial(() => this.#single(node, kinds, container, path))
        if (result !== container) {
          this.changes.push({ path, repair: "json-in-string" }, ...changes)
          return result
        }
      }
    }
    const scalar = scalarIn(text, kinds)
    return scalar === undefined ? text : this.#made(path, "kind", scalar)
  }

  /** The list of one value; the value itself where the list would not do either. */
  #single(node: Node, kinds: number, value: unknown, path: ArgumentPath): unknown {
    if (!(kinds & KIND.array) || value === "") return value
    if (typeof value === "string" && looksLikeJson(value)) return value
    const { result: items, changes } = this.#trial(() =>
      this.value(node, tidy(this.#schema, [node], [value], this.changes, { path }), { path, single: true }),
    )
    // With an object in it, what is left to say is about that.
    if (!isObject(value) && !this.#schema.accepts(node, items)) return value
    this.changes.push({ path, repair: "single-value" }, ...changes)
    return items
  }
}

function placeOf(path: ArgumentPath, key: string | undefined): Place {
  return key === undefined ? { path } : { path, key }
}

/**
 * The forms of a union that a value can be meant to be: those whose constants it has, else those that it has no other
 * constants than; and of these the ones of its kind.
 */
export function meantForms(schema: Compiled, forms: readonly Node[], value: unknown): Node[] {
  let left = forms
  if (isObject(value)) {
    const fits = new Map(forms.map((form) => [form, constantsFit(schema, form, value)]))
    const named = forms.filter((form) => fits.get(form) === true)
    left = named.length > 0 ? named : forms.filter((form) => fits.get(form) !== false)
    if (left.length === 0) left = forms
  }
  const kind = kindOf(value)
  const ofKind = (kind & CONTAINER) === 0 ? [] : left.filter((form) => kindsOf(schema, form) & kind)
  return ofKind.length > 0 ? [...ofKind] : [...left]
}

/** Whether a value has the constants of a form; `undefined` where it has none of the properties that are constant. */
function constantsFit(schema: Compiled, form: Node, value: Record<string, unknown>): boolean | undefined {
  let fits: boolean | undefined
  for (const { properties } of viewsOf(schema, form)) {
    for (const [name, node] of Object.entries(isSchema(properties) ? properties : {})) {
      if (!isSchema(node) || !Object.hasOwn(value, name)) continue
      if (!Object.hasOwn(node, "const") && list(node["enum"]).length !== 1) continue
      if (!schema.accepts(node, value[name])) return false
      fits = true
    }
  }
  return fits
}
