import { isObject } from "../../model/json.ts"
import { isSchema } from "../../schema/subschemas.ts"
import type { Compiled, Finding, Node } from "./compile.ts"
import { meantForms } from "./coerce.ts"
import {
  childrenOf,
  formsOf,
  isClosed,
  type Keywords,
  kindName,
  kindNames,
  kindsOf,
  list,
  namedNodes,
  takesKind,
  viewsOf,
} from "./nodes.ts"
import type { ArgumentIssue, ArgumentPath } from "./types.ts"

/** Issues that are told at most: a model that got this much wrong needs no longer list. */
export const MAX_ISSUES = 20
const MAX_STEPS = 1000
/** Characters of a value in an issue. */
const MAX_VALUE = 256

/** Keywords that are about a value itself, whatever is in it. */
const OWN = [
  "type",
  "const",
  "enum",
  "format",
  "required",
  "dependentRequired",
  "minProperties",
  "maxProperties",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "pattern",
]

/** What a schema has against a value, each thing at its own place and in plain words. */
export class Explanation {
  readonly issues: ArgumentIssue[] = []
  readonly #schema: Compiled
  #steps = 0

  constructor(schema: Compiled) {
    this.#schema = schema
  }

  explain(node: Node, value: unknown, path: ArgumentPath = []): void {
    if (this.issues.length >= MAX_ISSUES || this.#schema.accepts(node, value) || ++this.#steps > MAX_STEPS) return
    if (node === false) return this.#add(path, "is not allowed")
    const before = this.issues.length
    const kinds = kindsOf(this.#schema, node)
    if (!takesKind(kinds, value)) {
      return this.#add(path, `expected ${expected(this.#schema, node)}, received ${kindName(value)}`)
    }
    const views = viewsOf(this.#schema, node, value)
    for (const view of views) this.#own(view, value, path)
    if (this.issues.length > before && !isObject(value) && !Array.isArray(value)) return
    this.#members(views, value, path)
    for (const view of views) for (const { keyword, forms } of formsOf(view)) this.#union(keyword, forms, value, path)
    if (this.issues.length > before) return
    const last = this.#schema.findings(node, value, false).at(-1)
    if (last) this.#add(locate(last, path), otherwise(last))
  }

  #add(path: ArgumentPath, message: string): void {
    const known = this.issues.some((issue) => issue.message === message && issue.path.join("\0") === path.join("\0"))
    if (!known && this.issues.length < MAX_ISSUES) this.issues.push({ path, message })
  }

  /** What one node has against the value itself. */
  #own(view: Keywords, value: unknown, path: ArgumentPath): void {
    const node = Object.fromEntries(
      OWN.flatMap((keyword) => (Object.hasOwn(view, keyword) ? [[keyword, view[keyword]]] : [])),
    )
    const keywords = new Set(this.#schema.findings(node, value, true).map(({ keyword }) => keyword))
    if (keywords.has("type")) {
      return this.#add(path, `expected ${expected(this.#schema, view as Node)}, received ${kindName(value)}`)
    }
    for (const keyword of keywords) {
      if (keyword === "required" || keyword === "dependentRequired") continue
      this.#add(path, said(keyword, view[keyword]))
    }
    if (!isObject(value)) return
    if (keywords.has("required")) {
      for (const name of list<string>(view["required"])) {
        if (!Object.hasOwn(value, name)) this.#add([...path, name], "is required, and missing")
      }
    }
    if (!keywords.has("dependentRequired")) return
    for (const [name, others] of Object.entries(view["dependentRequired"] as Record<string, string[]>)) {
      if (!Object.hasOwn(value, name)) continue
      for (const other of others) {
        if (!Object.hasOwn(value, other)) this.#add([...path, other], `is required beside ${name}, and missing`)
      }
    }
  }

  #members(views: readonly Keywords[], value: unknown, path: ArgumentPath): void {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        for (const node of childrenOf(views, i)) this.explain(node, item, [...path, i])
      }
    }
    if (!isObject(value)) return
    for (const [name, inner] of Object.entries(value)) {
      for (const node of childrenOf(views, name)) this.explain(node, inner, [...path, name])
      for (const view of views) {
        if (isClosed(view) && view["additionalProperties"] === false && namedNodes(view, name).length === 0) {
          this.#add([...path, name], "is not a known property")
        }
      }
    }
  }

  #union(keyword: "anyOf" | "oneOf", forms: Node[], value: unknown, path: ArgumentPath): void {
    const union: Node = { [keyword]: forms }
    if (this.#schema.accepts(union, value)) return
    if (forms.some((form) => this.#schema.accepts(form, value))) {
      return this.#add(path, "fits more than one of the forms that it may have, and must fit one only")
    }
    const kinds = kindsOf(this.#schema, union)
    if (!takesKind(kinds, value)) {
      return this.#add(path, `expected ${expected(this.#schema, union)}, received ${kindName(value)}`)
    }
    let fewest: ArgumentIssue[] | undefined
    const ofKind = forms.filter((form) => takesKind(kindsOf(this.#schema, form), value))
    for (const form of meantForms(this.#schema, ofKind, value)) {
      const inner = new Explanation(this.#schema)
      inner.#steps = this.#steps
      inner.explain(form, value, path)
      this.#steps = inner.#steps
      if (!fewest || inner.issues.length < fewest.length) fewest = inner.issues
    }
    for (const issue of fewest ?? []) this.#add(issue.path, issue.message)
  }
}

/** The kinds that a node takes, or the values where it lists them. */
function expected(schema: Compiled, node: Node): string {
  if (isSchema(node) && node["type"] === "integer") return "integer"
  const names = kindNames(kindsOf(schema, node))
  return names.length === 0 ? "nothing" : names.join(" or ")
}

/** What a keyword asks for. */
function said(keyword: string, wanted: unknown): string {
  switch (keyword) {
    case "enum":
      return `must be one of ${list(wanted).map(shown).join(", ").slice(0, MAX_VALUE)}`
    case "const":
      return `must be ${shown(wanted)}`
    case "format":
      return `must be a valid ${String(wanted)}`
    case "pattern":
      return `must match the pattern ${shown(wanted)}`
    case "minLength":
      return `must have ${String(wanted)} characters or more`
    case "maxLength":
      return `must have ${String(wanted)} characters or less`
    case "minItems":
      return `must have ${String(wanted)} items or more`
    case "maxItems":
      return `must have ${String(wanted)} items or less`
    case "uniqueItems":
      return "must not have an item twice"
    case "minProperties":
      return `must have ${String(wanted)} properties or more`
    case "maxProperties":
      return `must have ${String(wanted)} properties or less`
    case "minimum":
      return `must be ${String(wanted)} or more`
    case "maximum":
      return `must be ${String(wanted)} or less`
    case "exclusiveMinimum":
      return `must be more than ${String(wanted)}`
    case "exclusiveMaximum":
      return `must be less than ${String(wanted)}`
    default:
      return `must be a multiple of ${String(wanted)}`
  }
}

/** What remains to be said about a value in which every part is in order. */
function otherwise({ keyword }: Finding): string {
  switch (keyword) {
    case "not":
      return "has a form that is ruled out"
    case "contains":
    case "minContains":
    case "maxContains":
      return "does not have the items that it must contain"
    case "propertyNames":
      return "has a property with a name that is not allowed"
    case "false":
      return "is not allowed"
    default:
      return `does not fit the schema (${keyword})`
  }
}

/** The place of a finding, seen from the arguments. */
function locate({ location }: Finding, path: ArgumentPath): ArgumentPath {
  const steps = location.split("/").slice(1)
  return [...path, ...steps.map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))]
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
