/** Stands in a projection for a value that a loss says was replaced by something else. */
export const ANY: unique symbol = Symbol("any")

/** Stands in a projection for a list of which a loss says that some entries are gone: what is left keeps its order. */
export class SomeOf {
  readonly list: readonly unknown[]

  constructor(list: readonly unknown[]) {
    this.list = list
  }
}

/** Stands in a projection for one of several values. */
export class OneOf {
  readonly values: readonly unknown[]

  constructor(...values: unknown[]) {
    this.values = values
  }
}

/** Stands in a projection for a text of which a loss says that something was put to it: the pieces stand in it in order. */
export class TextWith {
  readonly pieces: readonly string[]

  constructor(pieces: readonly string[]) {
    this.pieces = pieces
  }

  isIn(value: unknown): boolean {
    if (typeof value !== "string") return false
    let from = 0
    return this.pieces.every((piece) => {
      const at = value.indexOf(piece, from)
      from = at + piece.length
      return at >= 0
    })
  }
}

/** Stands in a list for any number of entries that a loss speaks of. */
export const REST: unique symbol = Symbol("rest")

/** Stands in a list for an entry that may be missing. */
export class Maybe {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** Whether a value fits a projection. Fields that are undefined count as absent. */
export function fits(projection: unknown, value: unknown): boolean {
  if (projection === ANY) return true
  if (projection instanceof OneOf) return projection.values.some((one) => fits(one, value))
  if (projection instanceof TextWith) return projection.isIn(value)
  if (projection instanceof SomeOf) return isSubList(value, projection.list)
  if (Array.isArray(projection)) return Array.isArray(value) && listFits(projection, value)
  if (!isObject(projection)) return Object.is(projection, value)
  if (!isObject(value)) return false
  const names = new Set([...Object.keys(projection), ...Object.keys(value)])
  for (const name of names) if (!fits(projection[name], value[name])) return false
  return true
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isSubList(value: unknown, list: readonly unknown[]): boolean {
  if (value === undefined) return true
  if (!Array.isArray(value)) return false
  let next = 0
  for (const entry of value) {
    while (next < list.length && !fits(list[next], entry)) next++
    if (next++ >= list.length) return false
  }
  return true
}

/** Lists with `REST` and `Maybe` in them: row by row, which numbers of values the entries so far can stand for. */
function listFits(projection: readonly unknown[], values: readonly unknown[]): boolean {
  let reached = new Set([0])
  for (const entry of projection) {
    const next = new Set<number>()
    for (const at of reached) {
      if (entry === REST) for (let i = at; i <= values.length; i++) next.add(i)
      else {
        const inner = entry instanceof Maybe ? entry.value : entry
        if (entry instanceof Maybe) next.add(at)
        if (at < values.length && fits(inner, values[at])) next.add(at + 1)
      }
    }
    if (next.size === 0) return false
    reached = next
  }
  return reached.has(values.length)
}

/** A projection as text, for the report of a failed run. */
export function shown(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (inner === ANY) return "‹any›"
      if (inner === REST) return "‹rest›"
      if (inner instanceof Maybe) return { "‹maybe›": inner.value }
      if (inner instanceof SomeOf) return { "‹some of›": inner.list }
      if (inner instanceof TextWith) return { "‹text with›": inner.pieces }
      if (inner instanceof OneOf) return { "‹one of›": inner.values }
      return inner
    },
    1,
  )
}
