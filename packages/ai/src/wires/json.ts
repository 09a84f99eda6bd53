/** Any JSON object. */
export type Obj = Record<string, unknown>

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
