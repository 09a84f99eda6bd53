/** A JSON object, or nothing. */
export function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Text of a field, if it holds any. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}

/** A moment in ISO form, or with the `UTC` of older tools behind it, in milliseconds since 1970. */
export function momentOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value.replace(/UTC$/, "Z")) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
