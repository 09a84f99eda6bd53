import type { JsonSchema } from "../model/tool.ts"

/** Keywords with their values, behind what a description says already: a model still reads what a host refuses. */
export function described(before: unknown, spilled: JsonSchema): string {
  const pairs = Object.entries(spilled).map(([keyword, value]) => `${keyword}: ${shown(value)}`)
  const text = `{${pairs.join(", ")}}`
  return typeof before === "string" && before !== "" ? `${before}\n\n${text}` : text
}

/** JSON of a value; one that contains itself is cut off there. */
export function shown(value: unknown): string {
  const path: object[] = []
  return JSON.stringify(value, function (this: object, _key: string, child: unknown) {
    if (typeof child !== "object" || child === null) return child
    while (path.length > 0 && path.at(-1) !== this) path.pop()
    if (path.includes(child)) return "…"
    path.push(child)
    return child
  })
}

/** Whether two values are the same JSON. */
export function same(a: unknown, b: unknown): boolean {
  return a === b || shown(a) === shown(b)
}

/** The texts of a list. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : []
}
