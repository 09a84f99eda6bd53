import { isObject } from "../../model/json.ts"
import type { Compiled, Node } from "./compile.ts"
import { childrenOf, declares, KIND, kindsOf, reachOf } from "./nodes.ts"
import type { ArgumentChange } from "./types.ts"
import { isContent, isOneLine, looksLikeJson, put, unquoted, withoutLineBreaks } from "./values.ts"

/** A place in the arguments. */
interface Place {
  path: readonly (string | number)[]
  /** Name of the property that the place is in; that of the list for its items. */
  key?: string
  /** A name further out was encoded twice, so that all names in here are suspect. */
  encoded?: boolean
}

/**
 * Puts right what no schema can see, because the wrong value is often a valid one too: names that are JSON strings
 * once more, line breaks behind paths and titles, and lists written as JSON where a string is allowed as well.
 * Returns the very value where there is nothing to do.
 */
export function tidy(
  schema: Compiled,
  nodes: readonly Node[],
  value: unknown,
  changes: ArgumentChange[],
  place: Place = { path: [] },
): unknown {
  if (typeof value === "string") return tidyString(schema, nodes, value, changes, place)
  const views = reachOf(schema, nodes)
  if (Array.isArray(value)) {
    const items = value.map((item, i) =>
      tidy(schema, childrenOf(views, i), item, changes, { ...place, path: [...place.path, i] }),
    )
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  if (!isObject(value)) return value
  const knows = (name: string): boolean => views.some((view) => declares(view, name))
  const members: Record<string, unknown> = {}
  let changed = false
  for (const [name, inner] of Object.entries(value)) {
    const bare = unquoted(name)
    const renamed = bare !== name && !Object.hasOwn(value, bare) && !Object.hasOwn(members, bare)
    const encoded = renamed && !knows(name) && (place.encoded === true || knows(bare))
    const own = encoded ? bare : name
    const path = [...place.path, own]
    if (encoded) changes.push({ path, repair: "encoded-twice" })
    const within = { path, key: own, ...(encoded || place.encoded ? { encoded: true } : {}) }
    const tidied = tidy(schema, childrenOf(views, own), inner, changes, within)
    changed ||= encoded || tidied !== inner
    put(members, own, tidied)
  }
  return changed ? members : value
}

function tidyString(
  schema: Compiled,
  nodes: readonly Node[],
  text: string,
  changes: ArgumentChange[],
  { path, key }: Place,
): unknown {
  if (nodes.length === 0 || isContent(key)) return text
  const accepts = (value: unknown): boolean => nodes.every((node) => schema.accepts(node, value))
  if (isOneLine(key)) {
    const line = withoutLineBreaks(text)
    // A text of several lines is no path, whatever it is called.
    if (line !== text && !/[\r\n]/.test(line) && (accepts(line) || !accepts(text))) {
      changes.push({ path, repair: "line-break" })
      return line
    }
  }
  if (!looksLikeJson(text) || !nodes.every((node) => takesBoth(schema, node))) return text
  try {
    const items: unknown = JSON.parse(text)
    if (Array.isArray(items) && accepts(items)) {
      changes.push({ path, repair: "json-in-string" })
      return items
    }
  } catch {
    // A text like any other.
  }
  return text
}

/** Whether a node takes strings and lists, by a rule for lists and not because it takes everything. */
function takesBoth(schema: Compiled, node: Node): boolean {
  const kinds = kindsOf(schema, node)
  const both = KIND.string | KIND.array
  return (kinds & both) === both && (kinds & (KIND.object | KIND.number | KIND.boolean)) === 0
}
