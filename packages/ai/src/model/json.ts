/** Any JSON object. */
export type Obj = Record<string, unknown>

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The JSON object that a text is; `undefined` for any other text. */
export function parseObject(text: string): Obj | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
