/** A JSON value with the keys of its objects in one order, to be compared or made a key of. */
export function canonical(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(canonical)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { of: entries.map(([name, inner]) => [name, canonical(inner)]) }
}
